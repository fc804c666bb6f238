package meterveil.embedded.aws;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.http.ContentStreamProvider;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.http.SdkHttpRequest;
import software.amazon.awssdk.http.auth.aws.signer.AwsV4HttpSigner;

/// Requests to a service of AWS, or of what speaks as AWS does, signed with its signer and sent as
/// they are, once.
public final class SignedRequests implements AutoCloseable {

  private static final AwsV4HttpSigner SIGNER = AwsV4HttpSigner.create();
  private static final Duration CONNECTION_MAX = Duration.ofSeconds(5);
  private static final Duration ANSWER_MAX = Duration.ofSeconds(60);

  /// What the client sets by itself and lets nobody else set.
  private static final Set<String> ITS_OWN = Set.of("host", "content-length");

  private final String region;
  private final AwsCredentialsProvider credentials;
  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(CONNECTION_MAX)
          .build();

  /// @param region for which requests are signed
  public SignedRequests(String region, AwsCredentialsProvider credentials) {
    this.region = region;
    this.credentials = credentials;
  }

  /// Sends a request and waits for the answer, whatever it says.
  ///
  /// @param signingName of the service
  /// @param method of HTTP
  /// @param url with path and query, encoded
  /// @throws IOException if there was no answer; the request may have been carried out or not
  public HttpResponse<byte[]> send(
      String signingName, String method, URI url, Map<String, String> headers, byte[] body)
      throws IOException {
    var unsigned = SdkHttpRequest.builder().uri(url).method(SdkHttpMethod.fromValue(method));
    headers.forEach(unsigned::putHeader);
    SdkHttpRequest signed =
        SIGNER
            .sign(sign ->
                sign.identity(credentials.resolveCredentials())
                    .request(unsigned.build())
                    .payload(ContentStreamProvider.fromByteArray(body))
                    .putProperty(AwsV4HttpSigner.SERVICE_SIGNING_NAME, signingName)
                    .putProperty(AwsV4HttpSigner.REGION_NAME, region))
            .request();
    var sent =
        HttpRequest.newBuilder(url)
            .timeout(ANSWER_MAX)
            .method(method, HttpRequest.BodyPublishers.ofByteArray(body));
    signed.forEachHeader((name, values) -> {
      if (!ITS_OWN.contains(name.toLowerCase(Locale.ROOT))) {
        values.forEach(value -> sent.header(name, value));
      }
    });
    try {
      return http.send(sent.build(), BodyHandlers.ofByteArray());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      var interrupted = new InterruptedIOException("interrupted while waiting for an answer");
      interrupted.initCause(e);
      throw interrupted;
    }
  }

  @Override
  public void close() {
    http.close();
  }
}

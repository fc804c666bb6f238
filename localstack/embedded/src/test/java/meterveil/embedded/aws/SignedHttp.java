package meterveil.embedded.aws;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import meterveil.embedded.aws.AwsStandIns.Access;
import software.amazon.awssdk.http.ContentStreamProvider;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.http.SdkHttpRequest;
import software.amazon.awssdk.http.auth.aws.signer.AwsV4HttpSigner;

/// Calls a stand-in as the SDK does, where the SDK has no client that is used here.
final class SignedHttp {

  /// Headers that the client sets by itself.
  private static final Set<String> OF_THE_CLIENT = Set.of("Host", "Content-Length");

  private SignedHttp() {}

  /// @param status of HTTP
  /// @param body as text
  record Answer(int status, String body) {}

  /// @param service the name that requests are signed for
  /// @param pathAndQuery as they are sent
  static Answer call(
      Access access,
      URI endpoint,
      String service,
      SdkHttpMethod method,
      String pathAndQuery,
      String payload,
      Map<String, String> headers)
      throws IOException, InterruptedException {
    ContentStreamProvider body =
        () -> new ByteArrayInputStream(payload.getBytes(StandardCharsets.UTF_8));
    SdkHttpRequest.Builder unsigned =
        SdkHttpRequest.builder().method(method).uri(URI.create(endpoint + pathAndQuery));
    headers.forEach(unsigned::putHeader);
    var signed =
        AwsV4HttpSigner.create()
            .sign(r ->
                r.identity(access.credentials().resolveIdentity().join())
                    .request(unsigned.build())
                    .payload(body)
                    .putProperty(AwsV4HttpSigner.SERVICE_SIGNING_NAME, service)
                    .putProperty(AwsV4HttpSigner.REGION_NAME, access.region()));
    var request =
        HttpRequest.newBuilder(signed.request().getUri())
            .method(method.name(), HttpRequest.BodyPublishers.ofString(payload));
    signed
        .request()
        .forEachHeader((name, values) -> {
          if (!OF_THE_CLIENT.contains(name)) {
            values.forEach(value -> request.header(name, value));
          }
        });
    try (var http = HttpClient.newHttpClient()) {
      HttpResponse<String> answer =
          http.send(request.build(), HttpResponse.BodyHandlers.ofString());
      return new Answer(answer.statusCode(), answer.body());
    }
  }
}

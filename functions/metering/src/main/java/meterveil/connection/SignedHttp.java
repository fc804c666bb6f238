package meterveil.connection;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.regex.Pattern;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.exception.SdkServiceException;
import software.amazon.awssdk.http.AbortableInputStream;
import software.amazon.awssdk.http.ContentStreamProvider;
import software.amazon.awssdk.http.HttpExecuteRequest;
import software.amazon.awssdk.http.HttpExecuteResponse;
import software.amazon.awssdk.http.HttpStatusFamily;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.http.SdkHttpRequest;
import software.amazon.awssdk.http.auth.aws.signer.AwsV4HttpSigner;
import software.amazon.awssdk.regions.Region;

/// An API of AWS, IoT Core's above all, without the SDK's module for it: signed with the SDK's own
/// signer, tried again when it is throttled, out of order or cannot be reached.
/// `docs/decisions/0002-iot-data-plane-without-its-sdk-module.md` says why.
///
/// Trying again may do a thing twice, so every request must bear it. What is thrown names neither
/// address nor content, as either names a meter.
///
/// Safe for use by many threads.
public final class SignedHttp {

  /// How often one request is tried.
  public static final int TRIES_MAX = 3;

  private static final AwsV4HttpSigner SIGNER = AwsV4HttpSigner.create();
  private static final int TOO_MANY_REQUESTS = 429;
  private static final String ERROR = "x-amzn-ErrorType";

  /// Where the query APIs, which answer with XML, have what others have in the header.
  private static final Pattern CODE = Pattern.compile("<Code>(\\w+)</Code>");

  /// By the header and by the query APIs.
  private static final Set<String> THROTTLED = Set.of("ThrottlingException", "Throttling");

  private final URI endpoint;
  private final Region region;
  private final String signingName;
  private final AwsCredentialsProvider credentials;
  private final SdkHttpClient http;

  /// What came back.
  ///
  /// @param status of HTTP: of the 2xx, or one that the caller said it can answer
  /// @param error the name of what went wrong, such as `ThrottlingException`; empty if nothing did,
  ///   or it is not said
  /// @param body as it came
  public record Answer(int status, String error, String body) {

    /// Whether it was done.
    public boolean isDone() {
      return HttpStatusFamily.of(status) == HttpStatusFamily.SUCCESSFUL;
    }
  }

  /// @param endpoint scheme, host and port
  /// @param region for which requests are signed
  /// @param signingName of the service, by its API reference
  /// @param credentials asked for each request
  /// @param http not closed here
  public SignedHttp(
      URI endpoint,
      Region region,
      String signingName,
      AwsCredentialsProvider credentials,
      SdkHttpClient http) {
    this.endpoint = endpoint;
    this.region = region;
    this.signingName = signingName;
    this.credentials = credentials;
    this.http = http;
  }

  /// A request to this service, without content.
  ///
  /// @param path with its segments encoded
  public SdkHttpRequest.Builder request(SdkHttpMethod method, String path) {
    return SdkHttpRequest.builder().uri(endpoint).method(method).encodedPath(path);
  }

  /// Sends it, with JSON as its content if there is any.
  ///
  /// @param what it is, such as `a publish`, for what is thrown
  /// @param answerable statuses that the caller has an answer to
  /// @throws SdkException if it was not done and the caller has no answer to why
  public Answer send(SdkHttpRequest.Builder request, byte[] json, String what, int... answerable) {
    if (json.length > 0) {
      request
          .putHeader("Content-Type", "application/json")
          .putHeader("Content-Length", Integer.toString(json.length));
    }
    var complete = request.build();
    for (int tried = 1; ; tried++) {
      SdkException failure;
      try {
        var answer = send(complete, json);
        if (answer.isDone() || (contains(answerable, answer.status()) && !isThrottled(answer))) {
          return answer;
        }
        failure =
            SdkServiceException.builder()
                .message("%s answered %s to %s".formatted(service(), said(answer), what))
                .statusCode(answer.status())
                .build();
        if (!isPassing(answer)) {
          throw failure;
        }
      } catch (IOException | UncheckedIOException e) {
        failure = unreachable(e);
      }
      if (tried == TRIES_MAX) {
        throw failure;
      }
      Pauses.after(tried);
    }
  }

  private static String said(Answer answer) {
    return answer.error().isEmpty()
        ? Integer.toString(answer.status())
        : "%d (%s)".formatted(answer.status(), answer.error());
  }

  private String service() {
    return signingName.startsWith("iot") ? "IoT Core" : signingName;
  }

  /// Signs anew for each try, as a signature is good for minutes only.
  private Answer send(SdkHttpRequest request, byte[] json) throws IOException {
    var content = json.length == 0 ? null : ContentStreamProvider.fromByteArray(json);
    var signed =
        SIGNER.sign(sign ->
            sign.identity(credentials.resolveCredentials())
                .request(request)
                .payload(content)
                .putProperty(AwsV4HttpSigner.SERVICE_SIGNING_NAME, signingName)
                .putProperty(AwsV4HttpSigner.REGION_NAME, region.id()));
    HttpExecuteResponse response =
        http.prepareRequest(
                HttpExecuteRequest.builder()
                    .request(signed.request())
                    .contentStreamProvider(content)
                    .build())
            .call();
    // Read to its end, so that the connection can be used again.
    try (var body =
        response
            .responseBody()
            .orElseGet(() -> AbortableInputStream.create(new ByteArrayInputStream(new byte[0])))) {
      var head = response.httpResponse();
      String text = new String(body.readAllBytes(), StandardCharsets.UTF_8);
      String error =
          head.firstMatchingHeader(ERROR)
              .map(name -> name.replaceFirst(":.*", ""))
              .orElseGet(() -> head.isSuccessful() ? "" : code(text));
      return new Answer(head.statusCode(), error, text);
    }
  }

  private static String code(String xml) {
    var code = CODE.matcher(xml);
    return code.find() ? code.group(1) : "";
  }

  private static boolean contains(int[] statuses, int status) {
    for (int each : statuses) {
      if (each == status) {
        return true;
      }
    }
    return false;
  }

  private static boolean isPassing(Answer answer) {
    return isThrottled(answer)
        || HttpStatusFamily.of(answer.status()) == HttpStatusFamily.SERVER_ERROR;
  }

  /// IoT Core's control plane and CloudFormation say with a 400 that they are asked too often.
  private static boolean isThrottled(Answer answer) {
    return answer.status() == TOO_MANY_REQUESTS || THROTTLED.contains(answer.error());
  }

  /// Without the cause itself, whose message may quote the address and with it a meter's name.
  private SdkException unreachable(Exception e) {
    Throwable cause = e.getCause() == null ? e : e.getCause();
    return SdkClientException.create(
        service() + " cannot be reached: " + cause.getClass().getSimpleName());
  }
}

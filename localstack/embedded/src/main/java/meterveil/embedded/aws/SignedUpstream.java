package meterveil.embedded.aws;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpResponse;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;

/// A service elsewhere, asked in somebody else's name than the one who came to the door: the
/// request is signed anew.
final class SignedUpstream implements Upstream {

  /// What of an answer does not hold for the answer that goes on.
  private static final Set<String> OF_THE_CONNECTION =
      Set.of("connection", "content-length", "transfer-encoding", "keep-alive");

  private final URI endpoint;
  private final String signingName;
  private final SignedRequests requests;

  /// @param signingName of the service
  SignedUpstream(
      URI endpoint, String signingName, String region, AwsCredentialsProvider credentials) {
    this.endpoint = endpoint;
    this.signingName = signingName;
    this.requests = new SignedRequests(region, credentials);
  }

  @Override
  public Message send(Message request) throws IOException {
    HttpResponse<byte[]> answer =
        requests.send(
            signingName,
            "POST",
            endpoint.resolve("/"),
            Map.of(
                "Content-Type", request.header("Content-Type"),
                "X-Amz-Target", request.header("X-Amz-Target")),
            request.body());
    var headers = new HashMap<String, String>();
    answer
        .headers()
        .map()
        .forEach((name, values) -> {
          if (!OF_THE_CONNECTION.contains(name.toLowerCase(Locale.ROOT)) && !values.isEmpty()) {
            headers.put(name, values.getFirst());
          }
        });
    return Message.answer(answer.statusCode(), headers, answer.body());
  }

  @Override
  public void close() {
    requests.close();
  }
}

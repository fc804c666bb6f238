package meterveil.embedded.aws;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/// DynamoDB behind the door, asked as the administrator.
final class Database {

  private static final JsonMapper MAPPER = new JsonMapper();
  private final Upstream upstream;

  Database(Upstream upstream) {
    this.upstream = upstream;
  }

  Upstream upstream() {
    return upstream;
  }

  /// Carries out an operation.
  ///
  /// @throws IOException if it was refused, or there was no answer
  JsonNode call(String operation, ObjectNode request) throws IOException {
    Message answer =
        upstream.send(
            Message.request(
                "POST",
                "/",
                Map.of(
                    "Host",
                    "127.0.0.1",
                    "Content-Type",
                    "application/x-amz-json-1.0",
                    "X-Amz-Target",
                    "DynamoDB_20120810." + operation,
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=embedded/20260101/us-west-2/dynamodb/"
                        + "aws4_request, SignedHeaders=host, Signature=0"),
                MAPPER.writeValueAsBytes(request)));
    if (answer.status() != 200) {
      throw new IOException(operation + ": " + new String(answer.body(), StandardCharsets.UTF_8));
    }
    return MAPPER.readTree(answer.body());
  }
}

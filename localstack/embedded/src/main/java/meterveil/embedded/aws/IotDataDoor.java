package meterveil.embedded.aws;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import meterveil.embedded.aws.Roles.Caller;

/// IoT Core's HTTP publish: how a function speaks to meters.
public final class IotDataDoor implements Door.Service {

  /// Takes messages for the broker.
  public interface Publisher {
    /// @param qos 0 or 1
    void publish(String topic, byte[] payload, int qos, boolean retain) throws IOException;
  }

  private static final String TOPICS = "/topics/";
  private static final int FORBIDDEN = 403;
  private static final int PAYLOAD_BYTES_MAX = 128 << 10;

  private final CloudAssembly assembly;
  private final Roles roles;
  private final Publisher publisher;

  IotDataDoor(CloudAssembly assembly, Roles roles, Publisher publisher) {
    this.assembly = assembly;
    this.roles = roles;
    this.publisher = publisher;
  }

  @Override
  public String operation(Message request) throws AwsError {
    if (!request.method().equals("POST") || !request.target().startsWith(TOPICS)) {
      throw new AwsError(404, "ResourceNotFoundException", request.target());
    }
    return "Publish";
  }

  @Override
  public String throttled() {
    return "ThrottlingException";
  }

  @Override
  public Message answer(Caller caller, String operation, Message request)
      throws AwsError, IOException {
    String[] target = request.target().substring(TOPICS.length()).split("\\?", 2);
    String topic = decoded(target[0]);
    Map<String, String> query = query(target.length > 1 ? target[1] : "");
    int qos =
        switch (query.getOrDefault("qos", "0")) {
          case "0" -> 0;
          case "1" -> 1;
          default -> throw AwsError.refused("InvalidRequestException", "qos");
        };
    boolean retain = query.getOrDefault("retain", "false").equals("true");
    String arn =
        "arn:aws:iot:%s:%s:topic/%s".formatted(assembly.region(), CloudAssembly.ACCOUNT, topic);
    try {
      roles.require(caller, "iot:Publish", arn, Map.of());
      if (retain) {
        roles.require(caller, "iot:RetainPublish", arn, Map.of());
      }
    } catch (AwsError denied) {
      throw new AwsError(FORBIDDEN, "ForbiddenException", String.valueOf(denied.getMessage()));
    }
    if (request.body().length > PAYLOAD_BYTES_MAX) {
      throw new AwsError(413, "RequestEntityTooLargeException", "");
    }
    publisher.publish(topic, request.body(), qos, retain);
    return Message.json(
        200,
        JsonNodeFactory.instance
            .objectNode()
            .put("message", "OK")
            .toString()
            .getBytes(StandardCharsets.UTF_8));
  }

  private static Map<String, String> query(String text) {
    var query = new HashMap<String, String>();
    for (String parameter : text.split("&", -1)) {
      String[] parts = parameter.split("=", 2);
      query.put(decoded(parts[0]), parts.length > 1 ? decoded(parts[1]) : "");
    }
    return query;
  }

  private static String decoded(String text) {
    return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
  }
}

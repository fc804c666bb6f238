package meterveil.embedded.aws;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import meterveil.embedded.aws.Roles.Caller;

/// IoT Core's data plane by HTTP: how a function speaks to meters, and cuts a meter's connection.
public final class IotDataDoor implements Door.Service {

  /// The broker.
  public interface Messages {
    /// Takes a message.
    ///
    /// @param qos 0 or 1
    void publish(String topic, byte[] payload, int qos, boolean retain) throws IOException;

    /// Cuts a client's connection.
    ///
    /// @return whether there was one
    boolean disconnect(String clientId, boolean cleanSession, boolean preventWill)
        throws IOException;
  }

  private static final String TOPICS = "/topics/";
  private static final String CONNECTIONS = "/connections/";
  private static final int FORBIDDEN = 403;
  private static final int PAYLOAD_BYTES_MAX = 128 << 10;

  private final CloudAssembly assembly;
  private final Roles roles;
  private final Messages messages;

  IotDataDoor(CloudAssembly assembly, Roles roles, Messages messages) {
    this.assembly = assembly;
    this.roles = roles;
    this.messages = messages;
  }

  @Override
  public String operation(Message request) throws AwsError {
    if (request.method().equals("POST") && request.target().startsWith(TOPICS)) {
      return "Publish";
    }
    if (request.method().equals("DELETE") && request.target().startsWith(CONNECTIONS)) {
      return "DeleteConnection";
    }
    throw new AwsError(404, "ResourceNotFoundException", request.target());
  }

  @Override
  public String throttled() {
    return "ThrottlingException";
  }

  @Override
  public Message answer(Caller caller, String operation, Message request)
      throws AwsError, IOException {
    int start = request.target().indexOf('/', 1) + 1;
    String[] target = request.target().substring(start).split("\\?", 2);
    String name = decoded(target[0]);
    Map<String, String> query = query(target.length > 1 ? target[1] : "");
    return operation.equals("Publish")
        ? publish(caller, name, query, request)
        : disconnect(caller, name, query);
  }

  private Message disconnect(Caller caller, String clientId, Map<String, String> query)
      throws AwsError, IOException {
    require(caller, "iot:DeleteConnection", "client/" + clientId);
    if (!messages.disconnect(
        clientId, isTrue(query, "cleanSession"), isTrue(query, "preventWillMessage"))) {
      throw new AwsError(404, "ResourceNotFoundException", "");
    }
    return Message.json(200, new byte[0]);
  }

  private static boolean isTrue(Map<String, String> query, String parameter) {
    return query.getOrDefault(parameter, "false").equalsIgnoreCase("true");
  }

  private Message publish(Caller caller, String topic, Map<String, String> query, Message request)
      throws AwsError, IOException {
    int qos =
        switch (query.getOrDefault("qos", "0")) {
          case "0" -> 0;
          case "1" -> 1;
          default -> throw AwsError.refused("InvalidRequestException", "qos");
        };
    boolean retain = isTrue(query, "retain");
    require(caller, "iot:Publish", "topic/" + topic);
    if (retain) {
      require(caller, "iot:RetainPublish", "topic/" + topic);
    }
    if (request.body().length > PAYLOAD_BYTES_MAX) {
      throw new AwsError(413, "RequestEntityTooLargeException", "");
    }
    messages.publish(topic, request.body(), qos, retain);
    return Message.json(
        200,
        JsonNodeFactory.instance
            .objectNode()
            .put("message", "OK")
            .toString()
            .getBytes(StandardCharsets.UTF_8));
  }

  private void require(Caller caller, String action, String resource) throws AwsError {
    String arn = "arn:aws:iot:%s:%s:%s".formatted(assembly.region(), assembly.account(), resource);
    try {
      roles.require(caller, action, arn, Map.of());
    } catch (AwsError denied) {
      throw new AwsError(FORBIDDEN, "ForbiddenException", String.valueOf(denied.getMessage()));
    }
  }

  static Map<String, String> query(String text) {
    var query = new HashMap<String, String>();
    for (String parameter : text.split("&", -1)) {
      String[] parts = parameter.split("=", 2);
      query.put(decoded(parts[0]), parts.length > 1 ? decoded(parts[1]) : "");
    }
    return query;
  }

  static String decoded(String text) {
    return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
  }
}

package meterveil.simulator;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import meterveil.simulator.TestBroker.Answers;
import meterveil.simulator.TestBroker.Received;

/// IoT Core's provisioning API as AWS documents it, and what it says instead when it is told to.
final class TestProvisioning implements Answers {

  static final String CREATE = "$aws/certificates/create-from-csr/json";

  private static final JsonMapper JSON = new JsonMapper();

  private final Certificates authority;
  private final Instant until;
  private final Queue<Rejection> rejections = new ConcurrentLinkedQueue<>();
  private final Set<String> tokens = new HashSet<>();
  private final List<String> provisioned = new ArrayList<>();

  private record Rejection(String topic, int status, String code) {}

  /// @param until when the certificates it issues are over
  TestProvisioning(Certificates authority, Instant until) {
    this.authority = authority;
    this.until = until;
  }

  static String provision(String template) {
    return "$aws/provisioning-templates/" + template + "/provision/json";
  }

  /// Says no to the next question on a topic that is not said no to already.
  void reject(String topic, int status, String code) {
    rejections.add(new Rejection(topic, status, code));
  }

  /// Whom it let in, as `template client SerialNumber`.
  synchronized List<String> provisioned() {
    return List.copyOf(provisioned);
  }

  @Override
  public synchronized List<Received> to(String client, String topic, String payload) {
    Rejection rejection = rejections.peek();
    if (rejection != null && rejection.topic.equals(topic)) {
      rejections.remove();
      return rejected(topic, rejection.status, rejection.code);
    }
    JsonNode request;
    try {
      request = JSON.readTree(payload);
    } catch (JsonProcessingException _) {
      return rejected(topic, 400, "InvalidPayload");
    }
    ObjectNode answer = JSON.createObjectNode();
    if (topic.equals(CREATE)) {
      String number = String.valueOf(tokens.size());
      tokens.add("token-" + number);
      answer
          .put("certificateId", "certificate-" + number)
          .put(
              "certificatePem",
              authority.sign(request.path("certificateSigningRequest").asText(), until))
          .put("certificateOwnershipToken", "token-" + number);
    } else if (tokens.contains(request.path("certificateOwnershipToken").asText())) {
      String thing = request.path("parameters").path("SerialNumber").asText();
      provisioned.add("%s %s %s".formatted(topic.split("/", -1)[2], client, thing));
      answer.put("thingName", thing).putObject("deviceConfiguration");
    } else {
      return rejected(topic, 400, "InvalidCertificateOwnershipToken");
    }
    return List.of(new Received(topic + "/accepted", answer.toString()));
  }

  private static List<Received> rejected(String topic, int status, String code) {
    return List.of(
        new Received(
            topic + "/rejected",
            JSON.createObjectNode()
                .put("statusCode", status)
                .put("errorCode", code)
                .put("errorMessage", "as the test wants it")
                .toString()));
  }
}

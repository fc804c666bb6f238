package meterveil.registry;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import meterveil.meter.ThingName;
import meterveil.registry.Certificate.Status;

/// What the control plane is asked and answers, as JSON.
final class RegistryJson {

  private static final JsonMapper MAPPER = new JsonMapper();

  private RegistryJson() {}

  /// The content that makes a thing.
  static byte[] create(String type, Map<String, String> attributes) {
    return bytes(
        new TreeMap<>(
            Map.of("thingTypeName", type, "attributePayload", Map.of("attributes", attributes))));
  }

  /// The content that sets some attributes and leaves the others.
  static byte[] merge(Map<String, String> attributes) {
    return bytes(
        Map.of("attributePayload", new TreeMap<>(Map.of("attributes", attributes, "merge", true))));
  }

  /// The content that attaches a policy.
  static byte[] target(String arn) {
    return bytes(Map.of("target", arn));
  }

  /// The content that puts a thing into a group.
  static byte[] member(String group, ThingName thing) {
    return bytes(new TreeMap<>(Map.of("thingGroupName", group, "thingName", thing.value())));
  }

  /// A thing as it is described.
  static Thing thing(String json) {
    JsonNode thing = tree(json);
    var attributes = new HashMap<String, String>();
    thing
        .path("attributes")
        .properties()
        .forEach(it -> {
          attributes.put(it.getKey(), it.getValue().asText());
        });
    return new Thing(
        new ThingName(thing.path("thingName").asText()),
        thing.path("thingTypeName").asText(),
        attributes);
  }

  /// A certificate as it is described.
  static Certificate certificate(String json) {
    JsonNode described = tree(json).path("certificateDescription");
    return new Certificate(
        described.path("certificateId").asText(),
        described.path("certificateArn").asText(),
        described.path("certificatePem").asText(),
        status(described.path("status").asText()));
  }

  private static Status status(String name) {
    for (Status status : Status.values()) {
      if (status.name().equals(name)) {
        return status;
      }
    }
    return Status.OTHER;
  }

  /// One page of principals.
  ///
  /// @param next what to ask the next page with
  record Page(List<String> principals, Optional<String> next) {}

  /// One page of principals.
  static Page principals(String json) {
    JsonNode page = tree(json);
    var principals = new ArrayList<String>();
    page.path("principals").forEach(principal -> principals.add(principal.asText()));
    return new Page(principals, Optional.ofNullable(page.path("nextToken").textValue()));
  }

  private static JsonNode tree(String json) {
    try {
      return MAPPER.readTree(json);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("IoT Core answered something else than JSON", e);
    }
  }

  private static byte[] bytes(Map<String, Object> json) {
    try {
      return MAPPER.writeValueAsBytes(json);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a map of plain values is always JSON", e);
    }
  }
}

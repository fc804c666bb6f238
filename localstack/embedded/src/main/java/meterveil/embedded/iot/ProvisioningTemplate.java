package meterveil.embedded.iot;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import meterveil.embedded.iot.ThingRegistry.Status;
import org.jspecify.annotations.Nullable;

/// A template of fleet provisioning: what becomes of a device that brings a certificate and some
/// parameters. It is read when the platform starts, and refused if it holds anything that is not
/// implemented.
///
/// A text of the body is plain, a `Ref` to a parameter, or an `Fn::Join` of such.
final class ProvisioningTemplate {

  /// What to do about something of a thing that is there already and differs.
  enum IfThere {
    DO_NOTHING,
    REPLACE,
    /// Adds to what is there: for attributes and groups.
    MERGE,
    FAIL
  }

  /// What a template makes of parameters.
  ///
  /// @param attributes of the thing
  /// @param type of the thing, null for none
  /// @param groups of the thing
  /// @param policies of the certificate
  /// @param deviceConfiguration handed to the device
  record Made(
      String thing,
      Map<String, String> attributes,
      @Nullable String type,
      List<String> groups,
      List<String> policies,
      Map<String, String> deviceConfiguration) {

    Made {
      attributes = Map.copyOf(attributes);
      groups = List.copyOf(groups);
      policies = List.copyOf(policies);
      deviceConfiguration = Map.copyOf(deviceConfiguration);
    }
  }

  /// A parameter that is declared, has no default and was not given.
  static final class MissingParameter extends Exception {
    private static final long serialVersionUID = 1L;

    MissingParameter(String name) {
      super("Parameter " + name + " is missing");
    }
  }

  private static final JsonMapper JSON = new JsonMapper();
  private static final String CERTIFICATE_ID = "AWS::IoT::Certificate::Id";
  private static final String THING = "AWS::IoT::Thing";
  private static final String CERTIFICATE = "AWS::IoT::Certificate";
  private static final String POLICY = "AWS::IoT::Policy";
  private static final Map<String, Set<String>> PROPERTIES =
      Map.of(
          THING,
          Set.of("ThingName", "AttributePayload", "ThingTypeName", "ThingGroups"),
          CERTIFICATE,
          Set.of("CertificateId", "Status"),
          POLICY,
          Set.of("PolicyName"));

  final String name;
  final String arn;
  final boolean enabled;
  final String roleArn;
  final Optional<String> hookArn;
  final Status status;
  private final Map<String, Optional<String>> defaults = new HashMap<>();
  private final Map<String, IfThere> overrides = new HashMap<>();
  private final JsonNode thing;
  private final List<JsonNode> policies = new ArrayList<>();
  private final JsonNode deviceConfiguration;

  /// @param properties of the `AWS::IoT::ProvisioningTemplate`, references resolved
  /// @throws IllegalArgumentException if it holds anything not implemented
  ProvisioningTemplate(String name, String arn, JsonNode properties) {
    this.name = name;
    this.arn = arn;
    if (!properties
        .path("TemplateType")
        .asText("FLEET_PROVISIONING")
        .equals("FLEET_PROVISIONING")) {
      throw new IllegalArgumentException("is not for fleet provisioning");
    }
    enabled = properties.path("Enabled").asBoolean();
    roleArn = properties.path("ProvisioningRoleArn").asText();
    JsonNode hook = properties.path("PreProvisioningHook");
    only(hook, Set.of("TargetArn", "PayloadVersion"));
    hookArn = Optional.ofNullable(hook.path("TargetArn").textValue());
    JsonNode body = parsed(properties.path("TemplateBody").asText());
    only(body, Set.of("Parameters", "Resources", "DeviceConfiguration"));
    for (Map.Entry<String, JsonNode> parameter : body.path("Parameters").properties()) {
      only(parameter.getValue(), Set.of("Type", "Default"));
      defaults.put(
          parameter.getKey(),
          Optional.ofNullable(parameter.getValue().path("Default").textValue()));
    }
    deviceConfiguration = body.path("DeviceConfiguration");
    deviceConfiguration.forEach(this::check);
    Map<String, JsonNode> single = resources(body.path("Resources"));
    thing = single.getOrDefault(THING, JSON.createObjectNode());
    check(thing.path("ThingName"));
    check(thing.path("ThingTypeName"));
    thing.path("AttributePayload").forEach(this::check);
    thing.path("ThingGroups").forEach(this::check);
    JsonNode certificate = single.getOrDefault(CERTIFICATE, JSON.createObjectNode());
    if (!certificate.path("CertificateId").path("Ref").asText().equals(CERTIFICATE_ID)) {
      throw new IllegalArgumentException("has a certificate that is not the device's");
    }
    status =
        switch (certificate.path("Status").asText("ACTIVE").toUpperCase(Locale.ROOT)) {
          case "ACTIVE" -> Status.ACTIVE;
          case "INACTIVE" -> Status.INACTIVE;
          default -> throw new IllegalArgumentException("has a status that is none");
        };
  }

  private static JsonNode parsed(String body) {
    try {
      return JSON.readTree(body);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("has a body that is not JSON", e);
    }
  }

  /// The properties of the thing and of the certificate; keeps the policies.
  private Map<String, JsonNode> resources(JsonNode resources) {
    var single = new LinkedHashMap<String, JsonNode>();
    for (JsonNode resource : resources) {
      only(resource, Set.of("Type", "Properties", "OverrideSettings"));
      String type = resource.path("Type").asText();
      Set<String> known = PROPERTIES.get(type);
      if (known == null) {
        throw new IllegalArgumentException("has a resource not implemented: " + type);
      }
      only(resource.path("Properties"), known);
      if (type.equals(POLICY)) {
        check(resource.path("Properties").path("PolicyName"));
        policies.add(resource.path("Properties").path("PolicyName"));
      } else if (single.put(type, resource.path("Properties")) != null) {
        throw new IllegalArgumentException("has more than one " + type);
      }
      if (type.equals(THING)) {
        only(
            resource.path("OverrideSettings"),
            Set.of("AttributePayload", "ThingTypeName", "ThingGroups"));
        for (Map.Entry<String, JsonNode> override :
            resource.path("OverrideSettings").properties()) {
          overrides.put(override.getKey(), IfThere.valueOf(override.getValue().asText()));
        }
      }
    }
    return single;
  }

  private static void only(JsonNode node, Set<String> known) {
    for (Map.Entry<String, JsonNode> member : node.properties()) {
      if (!known.contains(member.getKey())) {
        throw new IllegalArgumentException("has something not implemented: " + member.getKey());
      }
    }
  }

  private void check(JsonNode text) {
    if (text.isMissingNode() || text.isTextual()) {
      return;
    }
    JsonNode join = text.path("Fn::Join");
    if (text.path("Ref").isTextual()) {
      if (!defaults.containsKey(text.path("Ref").asText())) {
        throw new IllegalArgumentException(
            "refers to a parameter not declared: " + text.path("Ref").asText());
      }
    } else if (join.path(0).isTextual() && join.path(1).isArray()) {
      join.path(1).forEach(this::check);
    } else {
      throw new IllegalArgumentException("has a text that is not implemented: " + text);
    }
  }

  /// What to do about a property of a thing that is there already and differs.
  ///
  /// @param property as the template names it
  IfThere ifThere(String property) {
    return overrides.getOrDefault(property, IfThere.FAIL);
  }

  /// What it makes of parameters.
  Made make(Map<String, String> given) throws MissingParameter {
    var attributes = new HashMap<String, String>();
    for (Map.Entry<String, JsonNode> attribute : thing.path("AttributePayload").properties()) {
      attributes.put(attribute.getKey(), text(attribute.getValue(), given));
    }
    var groups = new ArrayList<String>();
    for (JsonNode group : thing.path("ThingGroups")) {
      groups.add(text(group, given));
    }
    var names = new ArrayList<String>();
    for (JsonNode policy : policies) {
      names.add(text(policy, given));
    }
    var configuration = new HashMap<String, String>();
    for (Map.Entry<String, JsonNode> member : deviceConfiguration.properties()) {
      configuration.put(member.getKey(), text(member.getValue(), given));
    }
    JsonNode type = thing.path("ThingTypeName");
    return new Made(
        text(thing.path("ThingName"), given),
        attributes,
        type.isMissingNode() ? null : text(type, given),
        groups,
        names,
        configuration);
  }

  private String text(JsonNode text, Map<String, String> given) throws MissingParameter {
    if (text.has("Ref")) {
      String parameter = text.path("Ref").asText();
      String value =
          given.getOrDefault(
              parameter, defaults.getOrDefault(parameter, Optional.empty()).orElse(null));
      if (value == null) {
        throw new MissingParameter(parameter);
      }
      return value;
    }
    if (text.has("Fn::Join")) {
      var parts = new ArrayList<String>();
      for (JsonNode part : text.path("Fn::Join").path(1)) {
        parts.add(text(part, given));
      }
      return String.join(text.path("Fn::Join").path(0).asText(), parts);
    }
    return text.asText();
  }
}

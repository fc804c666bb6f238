package meterveil.embedded.iot;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/// Provisioning templates as the stage's are, and a hook that answers as a test wants.
final class TestTemplates {

  private static final JsonMapper JSON = new JsonMapper();

  private TestTemplates() {}

  /// The hook and the role of both templates.
  static final class Hook implements FleetProvisioning.Account {

    final List<JsonNode> asked = new CopyOnWriteArrayList<>();
    final Set<String> denied = ConcurrentHashMap.newKeySet();
    volatile String answer = "";

    @Override
    public byte[] ask(String functionArn, byte[] event, Duration atMost) throws ActionFailed {
      try {
        asked.add(JSON.readTree(new String(event, StandardCharsets.UTF_8)));
      } catch (JsonProcessingException e) {
        throw new ActionFailed("not JSON");
      }
      if (answer.isEmpty()) {
        throw new ActionFailed("no answer");
      }
      return answer.getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public boolean roleMay(String roleArn, String action, String resource) {
      return !denied.contains(action);
    }
  }

  static Map<String, JsonNode> all() {
    return Map.of("meter", template("DO_NOTHING", true), "off", template("FAIL", false));
  }

  static JsonNode template(String attributes, boolean enabled) {
    return JSON.valueToTree(
        Map.of(
            "TemplateName",
            "meter",
            "TemplateType",
            "FLEET_PROVISIONING",
            "Enabled",
            enabled,
            "ProvisioningRoleArn",
            "arn:aws:iam::000000000000:role/provisioning",
            "PreProvisioningHook",
            Map.of("TargetArn", TestCore.function("admit"), "PayloadVersion", "2020-04-01"),
            "TemplateBody",
            """
            {"Parameters": {
               "SerialNumber": {"Type": "String"}, "Tenant": {"Type": "String"},
               "AWS::IoT::Certificate::Id": {"Type": "String"}},
             "Resources": {
               "thing": {"Type": "AWS::IoT::Thing",
                 "Properties": {"ThingName": {"Ref": "SerialNumber"}, "ThingTypeName": "meter",
                   "AttributePayload": {"tenant": {"Ref": "Tenant"},
                     "cohortA": "none", "cohortB": {"Fn::Join": ["", ["no", "ne"]]}}},
                 "OverrideSettings": {"AttributePayload": "%s"}},
               "certificate": {"Type": "AWS::IoT::Certificate",
                 "Properties": {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"},
                   "Status": "Active"}},
               "policy": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyName": "Meter"}}},
             "DeviceConfiguration": {"tenant": {"Ref": "Tenant"}}}
            """
                .formatted(attributes)));
  }
}

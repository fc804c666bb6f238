package meterveil.embedded.cloud;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.Map;
import meterveil.embedded.cloud.Assembly.Stack;

/// A stack's template without its functions, which run outside of LocalStack, and without what only
/// functions could make. Who refers to one of them finds the name or ARN that it would have.
///
/// LocalStack takes no function without the image of its runtime, and cannot move its clock.
final class WithoutLambda {

  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  private final Stack stack;
  private final String arnPrefix;

  /// Types of what is left out, by logical id.
  private final Map<String, String> leftOut = new LinkedHashMap<>();

  WithoutLambda(Stack stack, String region, String account) {
    this.stack = stack;
    this.arnPrefix = "arn:aws:lambda:%s:%s:function:".formatted(region, account);
    for (Map.Entry<String, JsonNode> resource : resources().properties()) {
      String type = resource.getValue().path("Type").asText();
      if (type.startsWith("AWS::Lambda::") || type.startsWith("Custom::")) {
        leftOut.put(resource.getKey(), type);
      }
    }
  }

  private JsonNode resources() {
    return stack.template().path("Resources");
  }

  /// Types of what is left out, by logical id.
  Map<String, String> leftOut() {
    return Map.copyOf(leftOut);
  }

  /// What is deployed.
  JsonNode template() {
    JsonNode template = without(stack.template());
    template.withObject("/Resources").remove(leftOut.keySet());
    return template;
  }

  private JsonNode without(JsonNode node) {
    if (node instanceof ArrayNode array) {
      var kept = NODES.arrayNode();
      array.forEach(item -> kept.add(without(item)));
      return kept;
    }
    if (!(node instanceof ObjectNode object)) {
      return node;
    }
    if (object.size() == 1) {
      String id = object.path("Ref").asText(object.path("Fn::GetAtt").path(0).asText());
      if (leftOut.containsKey(id)) {
        return NODES.textNode(object.has("Ref") ? reference(id) : arn(id));
      }
    }
    var kept = NODES.objectNode();
    for (Map.Entry<String, JsonNode> member : object.properties()) {
      if (member.getKey().equals("DependsOn")) {
        kept.set("DependsOn", dependencies(member.getValue()));
      } else {
        kept.set(member.getKey(), without(member.getValue()));
      }
    }
    return kept;
  }

  private ArrayNode dependencies(JsonNode dependsOn) {
    var kept = NODES.arrayNode();
    for (JsonNode id : dependsOn.isArray() ? dependsOn : NODES.arrayNode().add(dependsOn)) {
      if (!leftOut.containsKey(id.asText())) {
        kept.add(id);
      }
    }
    return kept;
  }

  /// What `Ref` gives.
  private String reference(String id) {
    return "AWS::Lambda::Function".equals(leftOut.get(id)) ? stack.name() + "-" + id : arn(id);
  }

  private String arn(String id) {
    JsonNode properties = resources().path(id).path("Properties");
    String function = properties.path("FunctionName").path("Ref").asText(id);
    String qualifier = properties.path("Name").asText();
    return arnPrefix + stack.name() + "-" + function + (qualifier.isEmpty() ? "" : ":" + qualifier);
  }
}

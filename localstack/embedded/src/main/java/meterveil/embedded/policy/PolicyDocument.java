package meterveil.embedded.policy;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// A policy document of a template, whose references are resolved already.
///
/// @param resourceName the resource it belongs to, for messages
/// @param statements in the order of the document
public record PolicyDocument(String resourceName, List<Statement> statements) {

  private static final Set<String> ELEMENTS = Set.of("Version", "Id", "Statement");
  private static final Set<String> STATEMENT_ELEMENTS =
      Set.of("Sid", "Effect", "Action", "Resource", "Principal", "Condition");
  private static final Set<String> PRINCIPAL_KINDS = Set.of("AWS", "Service", "Federated");

  public PolicyDocument {
    statements = List.copyOf(statements);
  }

  /// @param document the document with all its references resolved
  /// @param resourceName the resource it belongs to
  /// @throws IllegalArgumentException naming the resource, if the document holds an element,
  ///   operator or form that is not implemented (`NotAction`, `NotResource`, `NotPrincipal`,
  ///   numbers, dates, addresses, defaults of variables, incomplete ARNs)
  public static PolicyDocument parse(JsonNode document, String resourceName) {
    try {
      refuseUnknown(document, ELEMENTS);
      if (!document.path("Version").asText().equals("2012-10-17")) {
        throw new IllegalArgumentException("is not of version 2012-10-17");
      }
      var statements = new ArrayList<Statement>();
      JsonNode written = document.path("Statement");
      for (JsonNode statement : written.isArray() ? written : List.of(written)) {
        statements.add(statement(statement));
      }
      return new PolicyDocument(resourceName, statements);
    } catch (IllegalArgumentException refused) {
      throw new IllegalArgumentException(
          resourceName + ": its policy " + refused.getMessage(), refused);
    }
  }

  /// What the document says to a request: an explicit denial wins over any permission.
  public Decision evaluate(Request request) {
    boolean allowed = false;
    for (Statement statement : statements) {
      if (statement.allows()
          ? !allowed && statement.matches(request)
          : statement.matches(request)) {
        if (!statement.allows()) {
          return Decision.DENIED;
        }
        allowed = true;
      }
    }
    return allowed ? Decision.ALLOWED : Decision.NOT_ALLOWED;
  }

  /// Every condition key and policy variable it asks about, so that a service can refuse a document
  /// with one it never gives.
  public Set<String> keys() {
    var keys = new LinkedHashSet<String>();
    statements.forEach(statement -> keys.addAll(statement.keys()));
    return keys;
  }

  private static Statement statement(JsonNode node) {
    if (!node.isObject()) {
      throw new IllegalArgumentException("has a statement that is not an object");
    }
    refuseUnknown(node, STATEMENT_ELEMENTS);
    String effect = node.path("Effect").asText();
    if (!effect.equals("Allow") && !effect.equals("Deny")) {
      throw new IllegalArgumentException("has an effect that is neither Allow nor Deny");
    }
    List<Principal> principals = principals(node);
    List<String> resources = texts(node.path("Resource"), "Resource");
    if (resources.isEmpty() && principals.isEmpty()) {
      throw new IllegalArgumentException("has a statement without Resource and Principal");
    }
    List<String> actions = texts(node.path("Action"), "Action");
    if (actions.isEmpty()) {
      throw new IllegalArgumentException("has a statement without Action");
    }
    return new Statement(
        effect.equals("Allow"),
        actions.stream().map(PolicyDocument::action).toList(),
        resources.stream().map(Glob::arn).toList(),
        principals,
        conditions(node.path("Condition")));
  }

  private static Glob action(String text) {
    if ((!text.equals("*") && text.indexOf(':') <= 0) || text.contains("${")) {
      throw new IllegalArgumentException("has an action that is none: " + text);
    }
    return Glob.wild(text);
  }

  private static List<Principal> principals(JsonNode node) {
    JsonNode written = node.path("Principal");
    if (written.isMissingNode()) {
      return List.of();
    }
    if (written.asText().equals("*")) {
      return PRINCIPAL_KINDS.stream().map(kind -> new Principal(kind, "*")).toList();
    }
    refuseUnknown(written, PRINCIPAL_KINDS);
    var principals = new ArrayList<Principal>();
    for (Map.Entry<String, JsonNode> kind : written.properties()) {
      for (String id : texts(kind.getValue(), "Principal")) {
        if (!id.equals("*") && (id.contains("*") || id.contains("${"))) {
          throw new IllegalArgumentException("has a principal of a form not implemented: " + id);
        }
        principals.add(new Principal(kind.getKey(), id));
      }
    }
    if (principals.isEmpty()) {
      throw new IllegalArgumentException("has an empty Principal");
    }
    return principals;
  }

  private static List<Condition> conditions(JsonNode written) {
    var conditions = new ArrayList<Condition>();
    for (Map.Entry<String, JsonNode> operator : written.properties()) {
      for (Map.Entry<String, JsonNode> key : operator.getValue().properties()) {
        conditions.add(
            Condition.parse(
                operator.getKey(), key.getKey(), texts(key.getValue(), operator.getKey())));
      }
    }
    return conditions;
  }

  private static List<String> texts(JsonNode node, String element) {
    var texts = new ArrayList<String>();
    for (JsonNode item : node.isArray() ? node : List.of(node)) {
      if (item.isTextual() || item.isBoolean()) {
        texts.add(item.asText());
      } else if (!item.isMissingNode()) {
        throw new IllegalArgumentException("has a value in " + element + " that is not a text");
      }
    }
    return texts;
  }

  private static void refuseUnknown(JsonNode node, Set<String> known) {
    if (!node.isObject()) {
      throw new IllegalArgumentException("has a text where an object belongs");
    }
    for (Map.Entry<String, JsonNode> element : node.properties()) {
      if (!known.contains(element.getKey())) {
        throw new IllegalArgumentException("has an element not implemented: " + element.getKey());
      }
    }
  }
}

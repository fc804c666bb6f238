package meterveil.embedded.iot;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A topic rule's SQL, as far as our rules use it.
///
/// A select list of `encode(*, 'base64')`, `topic(n)`, `timestamp()` and `clientid()`, each with a
/// name, and of members of a JSON payload, with another name or their own; and an optional `FROM
/// 'filter'`. Anything else is refused, for to evaluate it differently than IoT Core would be worse
/// than not to.
final class TopicRule {

  private static final Pattern STATEMENT =
      Pattern.compile(
          "\\s*SELECT\\s+(?<list>.+?)(\\s+FROM\\s+'(?<filter>[^']+)')?\\s*",
          Pattern.CASE_INSENSITIVE | Pattern.DOTALL);
  private static final Pattern ITEM =
      Pattern.compile(
          "\\s*(?<call>encode\\(\\s*\\*\\s*,\\s*'base64'\\s*\\)|topic\\(\\s*(?<level>[1-9])\\s*\\)"
              + "|timestamp\\(\\s*\\)|clientid\\(\\s*\\)|(?<member>[A-Za-z_][A-Za-z0-9_]*))"
              + "(\\s+[aA][sS]\\s+(?<name>[A-Za-z_][A-Za-z0-9_]*))?\\s*(?<more>,|$)");
  private static final Set<String> LITERALS = Set.of("true", "false", "null", "undefined");
  private static final JsonMapper JSON = new JsonMapper();

  private sealed interface Item {}

  private record Payload() implements Item {}

  private record Level(int number) implements Item {}

  private record Timestamp() implements Item {}

  private record ClientId() implements Item {}

  private record Member(String name) implements Item {}

  private final Map<String, Item> items;
  private final Optional<List<String>> filter;

  private TopicRule(Map<String, Item> items, Optional<List<String>> filter) {
    this.items = items;
    this.filter = filter;
  }

  /// @param sql the statement
  /// @throws IllegalArgumentException if the statement holds anything that is not implemented
  static TopicRule parse(String sql) {
    Matcher statement = STATEMENT.matcher(sql);
    if (!statement.matches()) {
      throw notImplemented(sql);
    }
    var items = new LinkedHashMap<String, Item>();
    Matcher item = ITEM.matcher(statement.group("list"));
    int end = 0;
    boolean more = true;
    while (more) {
      if (!item.region(end, item.regionEnd()).lookingAt()) {
        throw notImplemented(sql);
      }
      String member = item.group("member");
      String name = item.group("name") == null ? member : item.group("name");
      if (name == null
          || (member != null && LITERALS.contains(member))
          || items.put(name, item(item)) != null) {
        throw notImplemented(sql);
      }
      end = item.end();
      more = !item.group("more").isEmpty();
    }
    return new TopicRule(
        items, Optional.ofNullable(statement.group("filter")).map(TopicRule::levels));
  }

  private static Item item(Matcher item) {
    String call = item.group("call");
    if (item.group("member") != null) {
      return new Member(call);
    }
    return switch (call.substring(0, call.indexOf('('))) {
      case "encode" -> new Payload();
      case "topic" -> new Level(Integer.parseInt(item.group("level")));
      case "timestamp" -> new Timestamp();
      case "clientid" -> new ClientId();
      default -> throw new IllegalStateException("the pattern knows another function: " + call);
    };
  }

  private static IllegalArgumentException notImplemented(String sql) {
    return new IllegalArgumentException("has SQL that is not implemented: " + sql);
  }

  /// Whether the `FROM` clause takes in a topic; without one, no topic is.
  boolean takes(String topic) {
    return filter.isPresent() && matches(filter.get(), levels(topic));
  }

  private static boolean matches(List<String> filter, List<String> topic) {
    for (int i = 0; i < filter.size(); i++) {
      if (filter.get(i).equals("#")) {
        return true;
      }
      if (i >= topic.size() || !(filter.get(i).equals("+") || filter.get(i).equals(topic.get(i)))) {
        return false;
      }
    }
    return filter.size() == topic.size();
  }

  /// What the action gets, as UTF-8 JSON; nothing if the rule asks for members of a payload that is
  /// not JSON.
  ///
  /// @param topic the topic, without the prefix of Basic Ingest; a level it does not have leaves
  ///   its member out, as does a member that the payload does not have
  Optional<byte[]> evaluate(String topic, Message message, Clock clock) {
    List<String> levels = levels(topic);
    JsonNode payload = MissingNode.getInstance();
    if (items.values().stream().anyMatch(Member.class::isInstance)) {
      try {
        payload = JSON.readTree(message.payload());
      } catch (IOException notJson) {
        return Optional.empty();
      }
    }
    var bytes = new ByteArrayOutputStream();
    try (JsonGenerator json = JSON.createGenerator(bytes)) {
      json.writeStartObject();
      for (Map.Entry<String, Item> item : items.entrySet()) {
        switch (item.getValue()) {
          case Payload() -> json.writeBinaryField(item.getKey(), message.payload());
          case Level(int number) -> {
            if (number <= levels.size()) {
              json.writeStringField(item.getKey(), levels.get(number - 1));
            }
          }
          case Timestamp() -> json.writeNumberField(item.getKey(), clock.millis());
          case ClientId() -> json.writeStringField(item.getKey(), message.clientId());
          case Member(String name) -> {
            if (payload.has(name)) {
              json.writeFieldName(item.getKey());
              json.writeTree(payload.get(name));
            }
          }
        }
      }
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return Optional.of(bytes.toByteArray());
  }

  private static List<String> levels(String topic) {
    var levels = new ArrayList<String>();
    int start = 0;
    for (int slash = topic.indexOf('/'); slash >= 0; slash = topic.indexOf('/', start)) {
      levels.add(topic.substring(start, slash));
      start = slash + 1;
    }
    levels.add(topic.substring(start));
    return levels;
  }
}

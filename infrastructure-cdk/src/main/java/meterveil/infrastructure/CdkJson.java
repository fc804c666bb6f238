package meterveil.infrastructure;

import static java.util.stream.Collectors.joining;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import meterveil.infrastructure.StageSettings.Removal;

/// Reads what CDK keeps in JSON: `cdk.json` before a synthesis, the templates after it.
///
/// Only CDK's command line reads `cdk.json`; a synthesis without it must do so itself.
final class CdkJson {

  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private static final Set<String> SETTINGS =
      Set.of(
          "account",
          "region",
          "otherRegionAllowed",
          "metersMax",
          "recoveryDays",
          "alarmAddress",
          "budgetUsdPerMonth",
          "removal",
          "deletionProtection",
          "authorityPem");

  private CdkJson() {}

  /// Any JSON object as maps in the file's order.
  static Map<String, Object> read(Path file) throws IOException {
    return MAPPER.readValue(file.toFile(), new TypeReference<>() {});
  }

  /// A text that is a JSON object, as maps in its order.
  ///
  /// @throws IllegalArgumentException if it is not
  static Map<String, Object> parse(String json) {
    try {
      return MAPPER.readValue(json, new TypeReference<>() {});
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("not a JSON object: " + json, e);
    }
  }

  /// A value as JSON without white space.
  static String text(Object value) {
    return MAPPER.valueToTree(value).toString();
  }

  /// The context `cdk.json` gives to every construct: CDK's own switches.
  static Map<String, Object> context(Path file) throws IOException {
    var context = MAPPER.readTree(file.toFile()).path("context");
    return MAPPER.convertValue(context, new TypeReference<>() {});
  }

  /// One stage of `cdk.json`. The others may be unfinished, but not claim what this one has: rule
  /// names and IoT Core's encryption belong to an account and region as a whole.
  ///
  /// @throws IllegalArgumentException naming the setting that is missing, unknown or wrong
  static StageSettings stage(Path file, String name) throws IOException {
    var stages = MAPPER.readTree(file.toFile()).path("stages");
    var node = stages.get(name);
    if (node == null) {
      throw new IllegalArgumentException(
          "stages.%s is missing; there are: %s"
              .formatted(
                  name,
                  stages.properties().stream().map(Map.Entry::getKey).collect(joining(", "))));
    }
    for (var setting : node.properties()) {
      if (!SETTINGS.contains(setting.getKey())) {
        throw wrong(name, setting.getKey(), "is not a setting");
      }
    }
    for (var other : stages.properties()) {
      if (!other.getKey().equals(name)
          && node.has("account")
          && node.get("account").equals(other.getValue().get("account"))
          && node.path("region").equals(other.getValue().path("region"))) {
        throw wrong(name, "account", "and region are those of stages." + other.getKey());
      }
    }
    var mayBeAnywhere = name.equals(StageSettings.DEV);
    return new StageSettings(
        name,
        mayBeAnywhere && !node.has("account")
            ? Optional.empty()
            : Optional.of(text(name, node, "account")),
        text(name, node, "region"),
        node.has("otherRegionAllowed") && flag(name, node, "otherRegionAllowed"),
        number(name, node, "metersMax"),
        number(name, node, "recoveryDays"),
        mayBeAnywhere && !node.has("alarmAddress")
            ? Optional.empty()
            : Optional.of(text(name, node, "alarmAddress")),
        number(name, node, "budgetUsdPerMonth"),
        removal(name, node),
        flag(name, node, "deletionProtection"),
        node.has("authorityPem")
            ? Optional.of(text(name, node, "authorityPem"))
            : Optional.empty());
  }

  private static Removal removal(String stage, JsonNode node) {
    return switch (text(stage, node, "removal")) {
      case "retain" -> Removal.RETAIN;
      case "destroy" -> Removal.DESTROY;
      default -> throw wrong(stage, "removal", "must be retain or destroy");
    };
  }

  private static String text(String stage, JsonNode node, String setting) {
    var value = present(stage, node, setting);
    if (!value.isTextual()) {
      throw wrong(stage, setting, "must be a string");
    }
    return value.textValue();
  }

  private static boolean flag(String stage, JsonNode node, String setting) {
    var value = present(stage, node, setting);
    if (!value.isBoolean()) {
      throw wrong(stage, setting, "must be true or false");
    }
    return value.booleanValue();
  }

  private static int number(String stage, JsonNode node, String setting) {
    var value = present(stage, node, setting);
    if (!value.isInt()) {
      throw wrong(stage, setting, "must be a whole number");
    }
    return value.intValue();
  }

  private static JsonNode present(String stage, JsonNode node, String setting) {
    var value = node.get(setting);
    if (value == null) {
      throw wrong(stage, setting, "is missing");
    }
    return value;
  }

  private static IllegalArgumentException wrong(String stage, String setting, String what) {
    return new IllegalArgumentException("stages.%s.%s %s".formatted(stage, setting, what));
  }
}

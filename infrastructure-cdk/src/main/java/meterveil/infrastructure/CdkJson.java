package meterveil.infrastructure;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

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
      Set.of("account", "region", "otherRegionAllowed", "metersMax");

  private CdkJson() {}

  /// Any JSON object as maps in the file's order.
  static Map<String, Object> read(Path file) throws IOException {
    return MAPPER.readValue(file.toFile(), new TypeReference<>() {});
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

  /// The stages of `cdk.json`, in its order.
  ///
  /// @throws IllegalArgumentException naming the setting that is missing, unknown or wrong
  static List<StageSettings> stages(Path file) throws IOException {
    var stages = new ArrayList<StageSettings>();
    for (var stage : MAPPER.readTree(file.toFile()).path("stages").properties()) {
      stages.add(stage(stage.getKey(), stage.getValue()));
    }
    if (stages.isEmpty()) {
      throw new IllegalArgumentException("stages is missing or empty");
    }
    return List.copyOf(stages);
  }

  private static StageSettings stage(String name, JsonNode node) {
    for (var setting : node.properties()) {
      if (!SETTINGS.contains(setting.getKey())) {
        throw wrong(name, setting.getKey(), "is not a setting");
      }
    }
    return new StageSettings(
        name,
        node.has("account") ? Optional.of(text(name, node, "account")) : Optional.empty(),
        text(name, node, "region"),
        node.has("otherRegionAllowed") && flag(name, node, "otherRegionAllowed"),
        number(name, node, "metersMax"));
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

package meterveil.operations;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Path;

/// What of a stage's settings an operator's command needs.
final class StageJson {

  private StageJson() {}

  /// The region of a stage.
  ///
  /// @param cdkJson `infrastructure-cdk/cdk.json`
  /// @throws IllegalArgumentException if there is no such stage
  static String region(Path cdkJson, String stage) throws IOException {
    JsonNode region =
        new JsonMapper().readTree(cdkJson.toFile()).path("stages").path(stage).path("region");
    if (!region.isTextual()) {
      throw new IllegalArgumentException(
          "There is no stage %s with a region in %s.".formatted(stage, cdkJson));
    }
    return region.asText();
  }
}

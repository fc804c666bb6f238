package meterveil.infrastructure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What `cdk.json` may say of a stage.
class StageSettingsTest {

  @TempDir Path folder;

  @Test
  @DisplayName("T26 the only stage lies in Oregon")
  void knowsTheStageOfTheProject() throws IOException {
    assertThat(CdkJson.stages(Synthesis.MODULE.resolve("cdk.json")))
        .containsExactly(new StageSettings("dev", Optional.empty(), "us-west-2", false, 10_000));
  }

  @Test
  @DisplayName("T26 another region needs a setting of its own")
  void allowsAnotherRegionExplicitly() throws IOException {
    var settings = "{'region': 'eu-central-1', 'metersMax': 5, 'otherRegionAllowed': true}";

    assertThat(stages("{'stages': {'eu': %s}}".formatted(settings)))
        .containsExactly(new StageSettings("eu", Optional.empty(), "eu-central-1", true, 5));
  }

  @Test
  @DisplayName("T26 another region alone is refused")
  void refusesAnotherRegion() {
    assertThatThrownBy(
            () -> stages("{'stages': {'dev': {'region': 'eu-central-1', 'metersMax': 5}}}"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("stages.dev.region must be us-west-2")
        .hasMessageContaining("otherRegionAllowed");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      textBlock =
          """
          {}                                                          | stages is missing
          {'stages': {}}                                              | stages is missing
          {'stages': {'dev': {'metersMax': 5}}}                       | stages.dev.region is missing
          {'stages': {'dev': {'region': 'us-west-2'}}}                | stages.dev.metersMax is missing
          {'stages': {'dev': {'region': 7, 'metersMax': 5}}}          | stages.dev.region must be a string
          {'stages': {'dev': {'region': 'Oregon', 'metersMax': 5}}}   | stages.dev.region must be an AWS region
          {'stages': {'dev': {'region': 'us-west-2', 'metersMax': 0}}}      | stages.dev.metersMax must be from 1
          {'stages': {'dev': {'region': 'us-west-2', 'metersMax': 1000001}}}| stages.dev.metersMax must be from 1
          {'stages': {'dev': {'region': 'us-west-2', 'metersMax': 0.5}}}    | stages.dev.metersMax must be a whole
          {'stages': {'dev': {'region': 'us-west-2', 'metersMax': 5, 'account': '12'}}}    | stages.dev.account must be
          {'stages': {'dev': {'region': 'us-west-2', 'metersMax': 5, 'otherRegionAllowed': 1}}} | stages.dev.otherRegionAllowed must
          {'stages': {'dev': {'region': 'us-west-2', 'metersMax': 5, 'regoin': 'x'}}}      | stages.dev.regoin is not a setting
          {'stages': {'Dev': {'region': 'us-west-2', 'metersMax': 5}}}                     | stages.Dev must be
          """)
  void namesTheSettingThatIsWrong(String json, String message) {
    assertThatThrownBy(() -> stages(json))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }

  @Test
  void refusesTheSameSettingTwice() {
    assertThatThrownBy(
            () -> stages("{'stages': {'dev': {'region': 'us-west-2', 'region': 'us-west-2'}}}"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("region");
  }

  @Test
  void refusesASecondStageInAnAccountAndRegion() {
    var dev = new StageSettings("dev", Optional.of("123456789012"), "us-west-2", false, 5);
    var test = new StageSettings("test", Optional.of("123456789012"), "us-west-2", false, 5);

    assertThatThrownBy(() -> App.of(Synthesis.MODULE, List.of(dev, test), folder))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("stages.test shares its account and region");
  }

  private List<StageSettings> stages(String json) throws IOException {
    return CdkJson.stages(Files.writeString(folder.resolve("cdk.json"), json.replace('\'', '"')));
  }
}

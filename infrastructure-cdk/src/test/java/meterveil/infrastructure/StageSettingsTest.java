package meterveil.infrastructure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import meterveil.infrastructure.StageSettings.Removal;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What `cdk.json` may say of a stage.
class StageSettingsTest {

  private static final Map<String, Object> COMPLETE =
      Map.of(
          "account",
          "123456789012",
          "region",
          "us-west-2",
          "metersMax",
          5,
          "recoveryDays",
          7,
          "alarmAddress",
          "operator@example.com",
          "budgetUsdPerMonth",
          100,
          "removal",
          "retain",
          "deletionProtection",
          true);

  @TempDir Path folder;

  @Test
  @DisplayName("T26 a stage lies in Oregon")
  void knowsAStage() throws IOException {
    assertThat(stage("prod", Map.of()))
        .isEqualTo(
            new StageSettings(
                "prod",
                Optional.of("123456789012"),
                "us-west-2",
                false,
                5,
                7,
                Optional.of("operator@example.com"),
                100,
                Removal.RETAIN,
                true,
                Optional.empty()));
  }

  @ParameterizedTest
  @ValueSource(strings = {"dev", "staging", "prod"})
  @DisplayName("T26 the project's stages lie in Oregon")
  void knowsTheStagesOfTheProject(String stage) {
    assertThat(Synthesis.settings(stage).region()).isEqualTo("us-west-2");
    assertThat(Synthesis.settings(stage).otherRegionAllowed()).isFalse();
  }

  @Test
  @DisplayName("T26 another region needs a setting of its own")
  void allowsAnotherRegionExplicitly() throws IOException {
    var settings = stage("eu", Map.of("region", "eu-central-1", "otherRegionAllowed", true));

    assertThat(settings.region()).isEqualTo("eu-central-1");
  }

  @Test
  @DisplayName("T26 another region alone is refused")
  void refusesAnotherRegion() {
    assertThatThrownBy(() -> stage("eu", Map.of("region", "eu-central-1")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("stages.eu.region must be us-west-2")
        .hasMessageContaining("otherRegionAllowed");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          region             | 7            | stages.prod.region must be a string
          region             | "Oregon"     | stages.prod.region must be an AWS region
          metersMax          | 0            | stages.prod.metersMax must be from 1
          metersMax          | 1000001      | stages.prod.metersMax must be from 1
          metersMax          | 0.5          | stages.prod.metersMax must be a whole
          account            | "12"         | stages.prod.account must be twelve digits
          otherRegionAllowed | 1            | stages.prod.otherRegionAllowed must be true or false
          recoveryDays       | 0            | stages.prod.recoveryDays must be from 1
          recoveryDays       | 36           | stages.prod.recoveryDays must be from 1
          alarmAddress       | "nobody"     | stages.prod.alarmAddress must be an e-mail address
          budgetUsdPerMonth  | 0            | stages.prod.budgetUsdPerMonth must be from 1
          removal            | "keep"       | stages.prod.removal must be retain or destroy
          removal            | "destroy"    | stages.prod.removal must be retain in this stage
          deletionProtection | "yes"        | stages.prod.deletionProtection must be true or false
          deletionProtection | false        | stages.prod.deletionProtection must be true in this
          regoin             | "us-west-2"  | stages.prod.regoin is not a setting
          """)
  void namesTheSettingThatIsWrong(String setting, String json, String message) throws IOException {
    var value = CdkJson.read(Files.writeString(folder.resolve("value"), "{\"v\":" + json + "}"));

    assertThatThrownBy(() -> stage("prod", Map.of(setting, value.values().iterator().next())))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(message);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "account",
        "region",
        "metersMax",
        "recoveryDays",
        "alarmAddress",
        "budgetUsdPerMonth",
        "removal",
        "deletionProtection"
      })
  void namesTheSettingThatIsMissing(String setting) {
    assertThatThrownBy(() -> stageWithout("staging", setting))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("stages.staging.%s is missing", setting);
  }

  @ParameterizedTest
  @ValueSource(strings = {"account", "alarmAddress"})
  @DisplayName("U12 the project names no account and no address of its own")
  void leavesTheOperatorsOwnToTheOperator(String setting) throws IOException {
    var stages = Templates.mapOf(CdkJson.read(Synthesis.MODULE.resolve("cdk.json")).get("stages"));

    assertThat(stages.values())
        .isNotEmpty()
        .allSatisfy(stage -> assertThat(Templates.mapOf(stage)).doesNotContainKey(setting));
  }

  @ParameterizedTest
  @ValueSource(strings = {"account", "alarmAddress"})
  void letsDevGoWithout(String setting) throws IOException {
    assertThat(stageWithout("dev", setting)).hasFieldOrPropertyWithValue(setting, Optional.empty());
  }

  @Test
  void refusesToDestroyWhatIsProtected() {
    assertThatThrownBy(() -> stage("staging", Map.of("removal", "destroy")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("stages.staging.removal must be retain as long as");
  }

  @Test
  void namesTheStageThatIsMissing() {
    assertThatThrownBy(() -> CdkJson.stage(Synthesis.MODULE.resolve("cdk.json"), "test"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("stages.test is missing; there are: dev, staging, prod");
  }

  @Test
  void refusesANameThatStacksCannotHave() {
    assertThatThrownBy(() -> stage("Dev", Map.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("stages.Dev must be a name");
  }

  @Test
  void refusesTheSameSettingTwice() throws IOException {
    var file =
        Files.writeString(
            folder.resolve("cdk.json"),
            "{\"stages\": {\"dev\": {\"region\": \"us-west-2\", \"region\": \"us-west-2\"}}}");

    assertThatThrownBy(() -> CdkJson.stage(file, "dev"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("region");
  }

  @Test
  void refusesASecondStageInAnAccountAndRegion() throws IOException {
    var stages = Map.of("staging", COMPLETE, "prod", COMPLETE);
    var file =
        Files.writeString(folder.resolve("cdk.json"), CdkJson.text(Map.of("stages", stages)));

    assertThatThrownBy(() -> CdkJson.stage(file, "prod"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("stages.prod.account and region are those of stages.staging");
  }

  /// A stage with all it needs and these settings besides or instead.
  private StageSettings stage(String name, Map<String, Object> settings) throws IOException {
    var changed = new LinkedHashMap<>(COMPLETE);
    changed.putAll(settings);
    return read(name, changed);
  }

  private StageSettings stageWithout(String name, String setting) throws IOException {
    var changed = new LinkedHashMap<>(COMPLETE);
    changed.remove(setting);
    return read(name, changed);
  }

  private StageSettings read(String name, Map<String, Object> settings) throws IOException {
    var json = CdkJson.text(Map.of("stages", Map.of(name, settings)));
    return CdkJson.stage(Files.writeString(folder.resolve("cdk.json"), json), name);
  }
}

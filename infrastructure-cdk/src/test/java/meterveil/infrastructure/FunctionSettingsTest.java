package meterveil.infrastructure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Stream;
import meterveil.admit.AdmitSettings;
import meterveil.collect.CollectSettings;
import meterveil.plan.PlanSettings;
import meterveil.presence.PresenceSettings;
import meterveil.register.RegisterSettings;
import meterveil.release.ReleaseSettings;
import meterveil.status.StatusSettings;
import meterveil.survey.SurveySettings;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// What a template tells a function is what the function asks for, and no more.
class FunctionSettingsTest {

  @ParameterizedTest
  @MethodSource("functions")
  void tellsAllThatTheFunctionAsksFor(
      String function, Function<Map<String, String>, Record> settings) {
    assertThat(settings.apply(environment(Synthesis.dev(), function)))
        .hasNoNullFieldsOrProperties();
  }

  @ParameterizedTest
  @MethodSource("functions")
  void tellsNothingThatTheFunctionDoesNotAskFor(
      String function, Function<Map<String, String>, Record> settings) {
    for (var variable : environment(Synthesis.dev(), function).keySet()) {
      if (!variable.startsWith("POWERTOOLS_")) {
        var forgetful =
            Changes.remove(
                Synthesis.dev(),
                function + "Function",
                "Properties",
                "Environment",
                "Variables",
                variable);
        assertThatThrownBy(() -> settings.apply(environment(forgetful, function)))
            .hasMessageContaining(variable);
      }
    }
  }

  static Stream<Arguments> functions() {
    Function<Map<String, String>, Record> collect = CollectSettings::from;
    Function<Map<String, String>, Record> release = ReleaseSettings::from;
    Function<Map<String, String>, Record> status = StatusSettings::from;
    Function<Map<String, String>, Record> admit = AdmitSettings::from;
    Function<Map<String, String>, Record> register = RegisterSettings::from;
    Function<Map<String, String>, Record> presence = PresenceSettings::from;
    Function<Map<String, String>, Record> survey = SurveySettings::from;
    Function<Map<String, String>, Record> plan = PlanSettings::from;
    return Stream.of(
        Arguments.of("Presence", presence),
        Arguments.of("Survey", survey),
        Arguments.of("Plan", plan),
        Arguments.of("Admit", admit),
        Arguments.of("Register", register),
        Arguments.of("Collect", collect),
        Arguments.of("Release", release),
        Arguments.of("Status", status));
  }

  private static Map<String, String> environment(Templates templates, String function) {
    var environment = new TreeMap<String, String>();
    var variables =
        Changes.resource(templates, function + "Function").at("Environment", "Variables");
    Templates.mapOf(variables.orElseThrow())
        .forEach((name, value) -> environment.put(name, Templates.text(value)));
    return environment;
  }
}

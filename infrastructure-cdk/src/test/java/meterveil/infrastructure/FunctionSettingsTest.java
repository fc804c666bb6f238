package meterveil.infrastructure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Stream;
import meterveil.admit.AdmitSettings;
import meterveil.collect.CollectSettings;
import meterveil.infrastructure.Templates.Resource;
import meterveil.plan.PlanSettings;
import meterveil.presence.PresenceSettings;
import meterveil.register.RegisterSettings;
import meterveil.release.ReleaseSettings;
import meterveil.status.StatusSettings;
import meterveil.survey.SurveySettings;
import org.junit.jupiter.api.Test;
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
      var forgetful =
          Changes.remove(
              Synthesis.dev(), function, "Properties", "Environment", "Variables", variable);
      assertThatThrownBy(() -> settings.apply(environment(forgetful, function)))
          .hasMessageContaining(variable);
    }
  }

  /// Resend and CDK's own function are told nothing.
  @Test
  void leavesOutNoFunctionThatIsToldSomething() {
    var told =
        Synthesis.dev().ofType("AWS::Lambda::Function").stream()
            .map(Resource::construct)
            .filter(function -> !environment(Synthesis.dev(), function).isEmpty());

    assertThat(functions().map(function -> function.get()[0]))
        .containsExactlyInAnyOrderElementsOf(told.toList());
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
        Arguments.of("PresenceFunction", presence),
        Arguments.of("SurveyFunction", survey),
        Arguments.of("PlanFunction", plan),
        Arguments.of("AdmitFunction", admit),
        Arguments.of("RegisterFunction", register),
        Arguments.of("CollectFunction", collect),
        Arguments.of("ReleaseFunction", release),
        Arguments.of("StatusFunction", status));
  }

  /// What a function is told, apart from what Powertools and its JVM read.
  private static Map<String, String> environment(Templates templates, String function) {
    var environment = new TreeMap<String, String>();
    var variables =
        Changes.resource(templates, function).at("Environment", "Variables").orElse(null);
    Templates.mapOf(variables)
        .forEach((name, value) -> environment.put(name, Templates.text(value)));
    environment
        .keySet()
        .removeIf(name -> name.startsWith("POWERTOOLS_") || name.equals("JAVA_TOOL_OPTIONS"));
    return environment;
  }
}

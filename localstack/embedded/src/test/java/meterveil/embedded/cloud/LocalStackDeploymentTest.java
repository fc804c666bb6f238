package meterveil.embedded.cloud;

import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import meterveil.embedded.aws.CloudAssembly;
import meterveil.embedded.cloud.Assembly.Stack;
import meterveil.embedded.cloud.Effects.Effect;
import meterveil.embedded.cloud.LocalStackDeployment.Deployed;
import meterveil.emulator.Place;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// All stacks in LocalStack, as `scripts/run-localstack` deploys them. They lie in an account of
/// their own, which the other suites do not see.
///
/// The sets of what is not there are of LocalStack 4.14.0, to the last one. A later version may
/// leave out less, but never anything else.
@Tag("place")
@Tag("localstack")
class LocalStackDeploymentTest {

  private static final Path CLOUD_ASSEMBLY = Path.of("../../infrastructure-cdk/target/cdk.out");
  private static final String VERSION = "4.14.0";

  private static final Set<String> FALLBACKS =
      Set.of(
          "AWS::Budgets::Budget",
          "AWS::CloudTrail::Trail",
          "AWS::CloudWatch::Dashboard",
          "AWS::IoT::DomainConfiguration",
          "AWS::IoT::EncryptionConfiguration",
          "AWS::IoT::Logging",
          "AWS::IoT::Policy",
          "AWS::IoT::ProvisioningTemplate",
          "AWS::IoT::ThingGroup",
          "AWS::IoT::ThingType",
          "AWS::IoT::TopicRule",
          "AWS::Logs::MetricFilter");

  private static final Set<String> LEFT_OUT =
      Set.of(
          "AWS::DynamoDB::Table point-in-time recovery",
          "AWS::Logs::LogGroup days kept",
          "AWS::Logs::LogGroup key of encryption");

  private static final Set<String> LOOKED_AT =
      Set.of(
          "AWS::DynamoDB::Table",
          "AWS::KMS::Key",
          "AWS::Logs::LogGroup",
          "AWS::Scheduler::Schedule");

  private static Cloud cloud;
  private static Assembly assembly;
  private static LocalStackDeployment deployment;
  private static List<Effect> effects;
  private static boolean asPinned;

  @BeforeAll
  static void deploy() throws Exception {
    URI endpoint =
        Place.ofThisRun()
            .endpoint()
            .orElseThrow(
                () -> new IllegalStateException("LocalStack is not here: scripts/test-localstack"));
    cloud = Cloud.localStack(endpoint, Place.REGION);
    assembly = Assembly.read(CLOUD_ASSEMBLY);
    deployment = LocalStackDeployment.deploy(cloud, assembly, Clock.systemUTC());
    effects =
        Effects.of(
            cloud, CloudAssembly.read(CLOUD_ASSEMBLY, deployment.tablesAndKeys()), deployment);
    asPinned = version().equals(VERSION);
  }

  @AfterAll
  static void close() {
    cloud.close();
  }

  private static String version() throws IOException {
    byte[] health = cloud.send("sts", "GET", "/_localstack/health", Map.of(), new byte[0]);
    return new JsonMapper().readTree(health).path("version").asText();
  }

  @Test
  void makesEachResourceOrSaysThatItDoesNot() {
    var told = new HashMap<String, Map<String, String>>();
    for (Deployed stack : deployment.stacks()) {
      var types = new HashMap<>(stack.made());
      types.putAll(stack.fallbacks());
      types.putAll(stack.leftOut());
      told.put(stack.name(), types);
    }
    var asked = new HashMap<String, Map<String, String>>();
    for (Stack stack : assembly.stacks()) {
      var types = new HashMap<String, String>();
      for (var resource : stack.template().path("Resources").properties()) {
        types.put(resource.getKey(), resource.getValue().path("Type").asText());
      }
      asked.put(stack.name(), types);
    }
    assertThat(told).isEqualTo(asked).hasSizeGreaterThan(1);
  }

  @Test
  void fallsBackOnWhatLocalStackHasNot() {
    assertThat(deployment.stacks()).allSatisfy(stack -> assertThat(stack.missing()).isEmpty());
    if (asPinned) {
      assertThat(types(Deployed::fallbacks))
          .isEqualTo(FALLBACKS)
          .doesNotContainAnyElementsOf(types(Deployed::made));
    }
  }

  private static Set<String> types(Function<Deployed, Map<String, String>> of) {
    return deployment.stacks().stream()
        .flatMap(stack -> of.apply(stack).values().stream())
        .collect(toSet());
  }

  @Test
  void isAsTheTemplatesSayButForWhatLocalStackLeavesOut() {
    assertThat(effects).filteredOn(effect -> !effect.holds() && !effect.isLimit()).isEmpty();
    if (asPinned) {
      assertThat(
              effects.stream()
                  .filter(effect -> !effect.holds())
                  .map(effect -> effect.resource().split(" ", 2)[0] + " " + effect.what())
                  .collect(toSet()))
          .isEqualTo(LEFT_OUT);
    }
  }

  @Test
  void isLookedAtWhereItCanBe() {
    assertThat(effects.stream().map(Effect::resource).collect(toSet()))
        .isEqualTo(
            deployment.stacks().stream()
                .flatMap(stack -> stack.made().entrySet().stream())
                .filter(made -> LOOKED_AT.contains(made.getValue()))
                .map(made -> made.getValue() + " " + made.getKey())
                .collect(toSet()));
  }
}

package meterveil.embedded.iot;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RuleEngineTest {

  private static final Clock CLOCK =
      Clock.fixed(Instant.ofEpochMilli(1_700_000_000_000L), ZoneOffset.UTC);
  private static final String PAYLOAD = "SELECT encode(*, 'base64') AS payload";

  private final List<String> events = new ArrayList<>();
  private final LambdaAction lambda =
      (function, event) -> events.add(function + " " + new String(event, UTF_8));

  private RuleEngine engine(JsonNode... rules) {
    return engine(lambda, rules);
  }

  private static RuleEngine engine(LambdaAction lambda, JsonNode... rules) {
    var resources = new HashMap<String, JsonNode>();
    for (int i = 0; i < rules.length; i++) {
      resources.put("Rule" + i, rules[i]);
    }
    return new RuleEngine(resources, lambda, CLOCK);
  }

  private static boolean publish(RuleEngine engine, String topic, String payload) {
    return engine.take(new Message(topic, payload.getBytes(UTF_8), "m1", "127.0.0.1"));
  }

  private static JsonNode rule(String sql) {
    return TestCore.rule("r", sql, "f", null);
  }

  @Test
  void makesTheEventTheSqlAsksFor() {
    RuleEngine engine =
        engine(
            rule(
                "select encode( * , 'base64' ) as payload ,\n topic(1) AS one, topic(3) AS three,"
                    + " topic(4) AS four, timestamp() AS at, clientid() AS who"));
    assertThat(publish(engine, "$aws/rules/r/a/b/c", "\u0000\"")).isTrue();
    assertThat(events)
        .containsExactly(
            "f {\"payload\":\"ACI=\",\"one\":\"a\",\"three\":\"c\",\"at\":1700000000000,"
                + "\"who\":\"m1\"}");
  }

  @Test
  void takesMembersOfAJsonPayloadAndNothingElseOfIt() {
    RuleEngine engine =
        engine(
            rule(
                "SELECT clientId, versionNumber AS version, absent, deep, timestamp"
                    + " FROM '$aws/events/presence/connected/+'"));
    publish(
        engine,
        "$aws/events/presence/connected/m",
        "{\"clientId\":\"m\",\"ipAddress\":\"192.0.2.1\",\"versionNumber\":3,"
            + "\"deep\":{\"a\":[1.5,null]},\"timestamp\":1573002340451}");
    publish(engine, "$aws/events/presence/connected/m", "no JSON");
    assertThat(events)
        .containsExactly(
            "f {\"clientId\":\"m\",\"version\":3,\"deep\":{\"a\":[1.5,null]},"
                + "\"timestamp\":1573002340451}");
    assertThat(engine.metrics()).containsEntry("r.ParseError", 1L).containsEntry("r.Success", 1L);
  }

  @Test
  void takesAnEmptyPayloadAndATopicOfThePrefixAlone() {
    RuleEngine engine = engine(rule(PAYLOAD + ", topic(1) AS one"));
    assertThat(publish(engine, "$aws/rules/r", "")).isTrue();
    assertThat(publish(engine, "$aws/rules/r/", "")).isTrue();
    assertThat(events).hasSize(2).allMatch(event -> event.startsWith("f {\"payload\":\"\""));
  }

  @Test
  void goesByTheFromClauseForAllOtherTopics() {
    RuleEngine engine = engine(rule(PAYLOAD + " FROM 'a/+/c/#'"));
    assertThat(publish(engine, "a/b/c/d/e", "1")).isFalse();
    assertThat(publish(engine, "a/b/c", "2")).isFalse();
    assertThat(publish(engine, "a/b/d", "3")).isFalse();
    assertThat(publish(engine, "a/b", "4")).isFalse();
    assertThat(publish(engine, "$aws/rules/r/x", "5")).isTrue();
    assertThat(events).hasSize(3);
    assertThat(publish(engine(rule(PAYLOAD)), "a/b/c", "6")).isFalse();
    assertThat(events).hasSize(3);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SELECT *",
        "SELECT * FROM 'a'",
        "SELECT state.temperature AS t",
        "SELECT null AS t",
        "SELECT encode(*, 'hex') AS payload",
        "SELECT encode(*, 'base64')",
        "SELECT topic() AS t",
        "SELECT topic(0) AS t",
        "SELECT topic(1) AS t,",
        "SELECT topic(1) AS t topic(2) AS u",
        "SELECT topic(1) AS t, topic(2) AS t",
        "SELECT topic(1) AS t WHERE topic(2) = 'a'",
        "SELECT topic(1) AS t FROM 'a' WHERE topic(2) = 'a'",
        "SELECT upper(topic(1)) AS t",
        "DELETE topic(1) AS t",
        ""
      })
  void refusesOtherSqlNamingTheResource(String sql) {
    assertThatThrownBy(() -> engine(rule(sql)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("Rule0: ");
  }

  @Test
  void refusesWhatItDoesNotImplementNamingTheResource() {
    assertRefused(rule -> rule.remove("RuleName"));
    assertRefused(rule -> payload(rule).put("AwsIotSqlVersion", "2015-10-08"));
    assertRefused(rule -> payload(rule).remove("AwsIotSqlVersion"));
    assertRefused(rule -> payload(rule).remove("Actions"));
    assertRefused(rule -> payload(rule).withArray("Actions").addObject().putObject("Sqs"));
    assertRefused(rule -> payload(rule).putObject("ErrorAction").putObject("S3"));
    assertRefused(rule -> payload(rule).put("Other", 1));
  }

  private void assertRefused(Consumer<ObjectNode> change) {
    ObjectNode rule = (ObjectNode) rule(PAYLOAD);
    change.accept(rule);
    assertThatThrownBy(() -> engine(rule))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("Rule0: ");
  }

  private static ObjectNode payload(ObjectNode rule) {
    return rule.withObject("/TopicRulePayload");
  }

  @Test
  void doesNothingForARuleThatIsSwitchedOff() {
    ObjectNode rule = (ObjectNode) rule(PAYLOAD);
    payload(rule).put("RuleDisabled", true);
    RuleEngine engine = engine(rule);
    assertThat(publish(engine, "$aws/rules/r/a", "1")).isTrue();
    assertThat(events).isEmpty();
    assertThat(engine.metrics()).isEqualTo(Map.of("RuleNotFound", 1L));
  }

  @Test
  void tellsTheErrorActionOfAFailure() throws Exception {
    var errors = new ArrayList<byte[]>();
    RuleEngine engine =
        engine(
            (function, event) -> {
              if (function.equals("f")) {
                throw new ActionFailed("throttled");
              }
              errors.add(event);
            },
            TestCore.rule("r", PAYLOAD, "f", "onError"));
    assertThat(publish(engine, "$aws/rules/r/a", "1")).isTrue();
    assertThat(errors).hasSize(1);
    JsonNode failure = new JsonMapper().readTree(errors.getFirst()).at("/failures/0");
    assertThat(failure.get("errorMessage").asText()).isEqualTo("throttled");
    assertThat(failure.get("failedResource").asText()).isEqualTo("f");
    assertThat(engine.metrics())
        .isEqualTo(Map.of("r.TopicMatch", 1L, "r.Failure", 1L, "r.ErrorActionSuccess", 1L));
    assertThat(engine.quiet()).isTrue();
  }

  @Test
  void leavesOnlyAMetricWhenTheErrorActionFailsToo() {
    RuleEngine engine =
        engine(
            (function, event) -> {
              throw new ActionFailed("no such function");
            },
            TestCore.rule("r", PAYLOAD, "f", "onError"));
    assertThat(publish(engine, "$aws/rules/r/a", "1")).isTrue();
    assertThat(engine.metrics())
        .isEqualTo(Map.of("r.TopicMatch", 1L, "r.Failure", 1L, "r.ErrorActionFailure", 1L));
  }

  @Test
  void countsABugInsteadOfHidingIt() {
    RuleEngine engine =
        engine(
            (function, event) -> {
              throw new IllegalStateException("closed");
            },
            rule(PAYLOAD));
    assertThatThrownBy(() -> publish(engine, "$aws/rules/r/a", "1"))
        .isInstanceOf(IllegalStateException.class);
    assertThat(engine.metrics()).isEqualTo(Map.of("r.TopicMatch", 1L, "Bug", 1L));
    assertThat(engine.quiet()).isTrue();
  }

  @Test
  void failsAndLosesAsOftenAsATestAsks() {
    RuleEngine engine = engine(TestCore.rule("r", PAYLOAD, "f", "onError"));
    engine.loseNext("r", 1);
    engine.failNext("r", 2);
    for (int i = 0; i < 5; i++) {
      publish(engine, "$aws/rules/r/a", "1");
    }
    assertThat(events.stream().map(event -> event.split(" ", 2)[0]))
        .containsExactly("onError", "onError", "f", "f");
    assertThat(engine.metrics())
        .containsEntry("r.TopicMatch", 5L)
        .containsEntry("r.Success", 2L)
        .containsEntry("r.Failure", 2L);
  }
}

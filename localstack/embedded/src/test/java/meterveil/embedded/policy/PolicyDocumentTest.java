package meterveil.embedded.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PolicyDocumentTest {

  private static final String TOPIC = "arn:aws:iot:us-west-2:000000000000:topic/";

  private static PolicyDocument document(String... statements) throws JsonProcessingException {
    return PolicyDocument.parse(
        new JsonMapper()
            .readTree(
                """
                {"Version":"2012-10-17","Statement":[%s]}
                """
                    .formatted(String.join(",", statements))),
        "MeterPolicy");
  }

  private static PolicyDocument allow(String resource) throws JsonProcessingException {
    return document(
        """
        {"Effect":"Allow","Action":"iot:Publish","Resource":"%s"}\
        """
            .formatted(resource));
  }

  private static PolicyDocument onCondition(String condition) throws JsonProcessingException {
    return document(
        """
        {"Effect":"Allow","Action":"a:B","Resource":"*","Condition":%s}\
        """
            .formatted(condition));
  }

  private static Decision ask(PolicyDocument document, String resource) {
    return document.evaluate(new Request("iot:Publish", resource, Map.of()));
  }

  private static boolean holds(String condition, Map<String, List<String>> context)
      throws JsonProcessingException {
    return onCondition(condition).evaluate(new Request("a:B", "*", context)).allowed();
  }

  @ParameterizedTest
  @CsvSource({
    "arn:aws:iot:us-west-2:000000000000:topic/a/b, true",
    "arn:aws:iot:us-west-2:000000000000:topic/A/b, false",
    "arn:aws:iot:us-west-2:000000000000:topic/*, true",
    "arn:aws:iot:us-west-2:000000000000:topic/a/b*, true",
    "arn:aws:iot:us-west-2:000000000000:topic/a/?, true",
    "arn:aws:iot:us-west-2:000000000000:topic/a?, false",
    "arn:aws:iot:us-west-2:000000000000:*b, true",
    "arn:aws:iot:*:*:topic/a/b, true",
    "arn:aws:iot:*:topic/a/b:x, false",
    "arn:aws:iot:*:000000000000:t*c/*/b, true",
    "arn:aws:iot:us-east-1:000000000000:topic/a/b, false",
    "*, true"
  })
  void matchesResourcesWithWildcardsThatStayInTheirPartOfAnArn(String pattern, boolean expected)
      throws JsonProcessingException {
    assertThat(ask(allow(pattern), TOPIC + "a/b").allowed()).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({
    "iot:Publish, true",
    "IOT:publish, true",
    "iot:*, true",
    "iot:Publis?, true",
    "iot:Pub, false",
    "iot:RetainPublish, false",
    "*, true"
  })
  void matchesActionsWhateverTheirCase(String action, boolean expected)
      throws JsonProcessingException {
    PolicyDocument document =
        document(
            """
            {"Effect":"Allow","Action":["x:Y","%s"],"Resource":"*"}\
            """
                .formatted(action));
    assertThat(ask(document, TOPIC + "a").allowed()).isEqualTo(expected);
  }

  @Test
  void letsADenialWinInWhateverOrder() throws JsonProcessingException {
    String allow =
        """
        {"Effect":"Allow","Action":"iot:*","Resource":"*"}\
        """;
    String deny =
        """
        {"Effect":"Deny","Action":"iot:Publish","Resource":"%sa"}\
        """
            .formatted(TOPIC);
    assertThat(ask(document(allow, deny), TOPIC + "a")).isEqualTo(Decision.DENIED);
    assertThat(ask(document(deny, allow), TOPIC + "a")).isEqualTo(Decision.DENIED);
    assertThat(ask(document(deny, allow), TOPIC + "b")).isEqualTo(Decision.ALLOWED);
    assertThat(ask(document(deny), TOPIC + "b")).isEqualTo(Decision.NOT_ALLOWED);
  }

  @Test
  void takesSeveralDocumentsTogether() {
    assertThat(Decision.of(List.of(Decision.NOT_ALLOWED, Decision.ALLOWED)))
        .isEqualTo(Decision.ALLOWED);
    assertThat(Decision.of(List.of(Decision.ALLOWED, Decision.DENIED))).isEqualTo(Decision.DENIED);
    assertThat(Decision.of(List.of())).isEqualTo(Decision.NOT_ALLOWED);
  }

  @Test
  void putsTheValuesOfVariablesIntoResourcesAsTheyAre() throws JsonProcessingException {
    PolicyDocument document =
        allow(
            TOPIC
                + "mv/1/${iot:Connection.Thing.Attributes[tenant]}/${iot:Connection.Thing.ThingName}");
    assertThat(document.keys())
        .containsExactly(
            "iot:Connection.Thing.Attributes[tenant]", "iot:Connection.Thing.ThingName");
    var known =
        Map.of(
            "iot:Connection.Thing.ThingName", List.of("m*"),
            "iot:Connection.Thing.Attributes[tenant]", List.of("north:1"));
    assertThat(document.evaluate(new Request("iot:Publish", TOPIC + "mv/1/north:1/m*", known)))
        .isEqualTo(Decision.ALLOWED);
    assertThat(document.evaluate(new Request("iot:Publish", TOPIC + "mv/1/north:1/m1", known)))
        .isEqualTo(Decision.NOT_ALLOWED);
  }

  @Test
  void ignoresAStatementWithAVariableThatHasNoValueOrSeveral() throws JsonProcessingException {
    PolicyDocument document =
        document(
            """
            {"Effect":"Allow","Action":"iot:Publish","Resource":["%1$sfixed","%1$s${x:Y}"]}\
            """
                .formatted(TOPIC));
    assertThat(ask(document, TOPIC + "fixed")).isEqualTo(Decision.NOT_ALLOWED);
    assertThat(ask(document, TOPIC + "${x:Y}")).isEqualTo(Decision.NOT_ALLOWED);
    assertThat(
            document.evaluate(
                new Request("iot:Publish", TOPIC + "a", Map.of("x:Y", List.of("a", "b")))))
        .isEqualTo(Decision.NOT_ALLOWED);
    assertThat(
            document.evaluate(
                new Request("iot:Publish", TOPIC + "fixed", Map.of("x:Y", List.of("a")))))
        .isEqualTo(Decision.ALLOWED);
  }

  @Test
  void readsEscapedWildcardsAsThemselves() throws JsonProcessingException {
    PolicyDocument document = allow(TOPIC + "${*}${?}${$}");
    assertThat(ask(document, TOPIC + "*?$").allowed()).isTrue();
    assertThat(ask(document, TOPIC + "ab$").allowed()).isFalse();
  }

  @Test
  void comparesSingleValues() throws JsonProcessingException {
    var one = Map.of("k", List.of("a"));
    assertThat(holds("{\"StringEquals\":{\"k\":[\"b\",\"a\"]}}", one)).isTrue();
    assertThat(holds("{\"StringEquals\":{\"k\":\"*\"}}", one)).isFalse();
    assertThat(holds("{\"StringEquals\":{\"k\":\"a\"}}", Map.of())).isFalse();
    assertThat(holds("{\"StringEqualsIfExists\":{\"k\":\"a\"}}", Map.of())).isTrue();
    assertThat(holds("{\"StringEqualsIfExists\":{\"k\":\"b\"}}", one)).isFalse();
    assertThat(holds("{\"StringNotEquals\":{\"k\":\"a\"}}", one)).isFalse();
    assertThat(holds("{\"StringNotEquals\":{\"k\":\"a\"}}", Map.of())).isTrue();
    assertThat(holds("{\"StringLike\":{\"k\":\"?\"}}", one)).isTrue();
    assertThat(holds("{\"StringNotLike\":{\"k\":\"?\"}}", one)).isFalse();
    assertThat(holds("{\"StringEqualsIgnoreCase\":{\"k\":\"A\"}}", one)).isTrue();
    assertThat(holds("{\"StringEquals\":{\"k\":\"a\",\"l\":\"b\"}}", one)).isFalse();
  }

  @Test
  void comparesVariablesInConditions() throws JsonProcessingException {
    String condition = "{\"StringEquals\":{\"k\":\"${l}\"}}";
    assertThat(holds(condition, Map.of("k", List.of("a"), "l", List.of("a")))).isTrue();
    assertThat(holds(condition, Map.of("k", List.of("a"), "l", List.of("b")))).isFalse();
    assertThat(holds(condition, Map.of("k", List.of("a")))).isFalse();
  }

  @Test
  void comparesBooleansAndAbsence() throws JsonProcessingException {
    assertThat(holds("{\"Bool\":{\"k\":true}}", Map.of("k", List.of("true")))).isTrue();
    assertThat(holds("{\"Bool\":{\"k\":\"true\"}}", Map.of("k", List.of("false")))).isFalse();
    assertThat(holds("{\"Bool\":{\"k\":\"false\"}}", Map.of())).isFalse();
    assertThat(holds("{\"Null\":{\"k\":\"true\"}}", Map.of())).isTrue();
    assertThat(holds("{\"Null\":{\"k\":\"true\"}}", Map.of("k", List.of("")))).isFalse();
    assertThat(holds("{\"Null\":{\"k\":\"false\"}}", Map.of("k", List.of("a")))).isTrue();
  }

  @Test
  void comparesArnsPartByPart() throws JsonProcessingException {
    String condition = "{\"ArnLike\":{\"k\":\"arn:aws:logs:*:000000000000:log-group:*\"}}";
    assertThat(
            holds(
                condition, Map.of("k", List.of("arn:aws:logs:us-west-2:000000000000:log-group:a"))))
        .isTrue();
    assertThat(
            holds(
                condition,
                Map.of("k", List.of("arn:aws:logs:us-west-2:1:000000000000:log-group:a"))))
        .isFalse();
  }

  @Test
  void comparesAllOrAnyOfSeveralValues() throws JsonProcessingException {
    String all = "{\"ForAllValues:StringEquals\":{\"k\":[\"a\",\"b\"]}}";
    assertThat(holds(all, Map.of("k", List.of("a", "b")))).isTrue();
    assertThat(holds(all, Map.of("k", List.of("a")))).isTrue();
    assertThat(holds(all, Map.of("k", List.of("a", "c")))).isFalse();
    assertThat(holds(all, Map.of())).isTrue();
    String any = "{\"ForAnyValue:StringEquals\":{\"k\":[\"a\",\"b\"]}}";
    assertThat(holds(any, Map.of("k", List.of("c", "b")))).isTrue();
    assertThat(holds(any, Map.of("k", List.of("c")))).isFalse();
    assertThat(holds(any, Map.of())).isFalse();
    String none = "{\"ForAllValues:StringNotEquals\":{\"k\":\"a\"}}";
    assertThat(holds(none, Map.of("k", List.of("b")))).isTrue();
    assertThat(holds(none, Map.of("k", List.of("b", "a")))).isFalse();
  }

  @Test
  void knowsPrincipals() throws JsonProcessingException {
    PolicyDocument document =
        document(
            """
            {"Effect":"Allow","Action":"kms:*","Resource":"*","Principal":{"AWS":"000000000000"}},
            {"Effect":"Allow","Action":"kms:Decrypt","Principal":{"Service":["a.amazonaws.com"]}},
            {"Effect":"Deny","Action":"kms:Sign","Resource":"*","Principal":"*"}\
            """);
    assertThat(decrypt(document, Principal.account("000000000000"))).isTrue();
    assertThat(decrypt(document, Principal.role("arn:aws:iam::000000000000:root"))).isTrue();
    assertThat(decrypt(document, Principal.service("a.amazonaws.com"))).isTrue();
    assertThat(decrypt(document, Principal.service("b.amazonaws.com"))).isFalse();
    assertThat(decrypt(document, Principal.role("arn:aws:iam::000000000000:role/a"))).isFalse();
    assertThat(
            document.evaluate(
                new Request("kms:Sign", "*", Map.of(), Set.of(Principal.account("000000000000")))))
        .isEqualTo(Decision.DENIED);
    assertThat(document.evaluate(new Request("kms:Decrypt", "*", Map.of())))
        .isEqualTo(Decision.NOT_ALLOWED);
  }

  private static boolean decrypt(PolicyDocument document, Principal principal) {
    return document
        .evaluate(new Request("kms:Decrypt", "*", Map.of(), Set.of(principal)))
        .allowed();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"Effect\":\"Allow\",\"NotAction\":\"a:B\",\"Resource\":\"*\"}",
        "{\"Effect\":\"Allow\",\"Action\":\"a:B\",\"NotResource\":\"*\"}",
        "{\"Effect\":\"Allow\",\"Action\":\"a:B\"}",
        "{\"Effect\":\"Allow\",\"Resource\":\"*\"}",
        "{\"Effect\":\"Allow\",\"Action\":\"all\",\"Resource\":\"*\"}",
        "{\"Effect\":\"allow\",\"Action\":\"a:B\",\"Resource\":\"*\"}",
        "{\"Effect\":\"Allow\",\"Action\":\"a:B\",\"Resource\":\"arn:aws:iot:*\"}",
        "{\"Effect\":\"Allow\",\"Action\":\"a:B\",\"Resource\":\"arn:aws:iot:r:${a}:x\"}",
        "{\"Effect\":\"Allow\",\"Action\":\"a:B\",\"Resource\":\"arn:aws:iot:r:a:${a, 'b'}\"}",
        "{\"Effect\":\"Allow\",\"Action\":\"a:B\",\"Resource\":\"arn:aws:iot:r:a:${a\"}",
        "{\"Effect\":\"Allow\",\"Action\":\"a:B\",\"Resource\":{\"Ref\":\"Topic\"}}",
        "{\"Effect\":\"Allow\",\"Action\":\"a:B\",\"Resource\":\"*\",\"Principal\":{\"Other\":\"a\"}}",
        "{\"Effect\":\"Allow\",\"Action\":\"a:B\",\"Resource\":\"*\","
            + "\"Condition\":{\"NumericEquals\":{\"k\":\"1\"}}}",
        "{\"Effect\":\"Allow\",\"Action\":\"a:B\",\"Resource\":\"*\","
            + "\"Condition\":{\"Bool\":{\"k\":\"yes\"}}}",
        "\"Allow\""
      })
  void refusesWhatItDoesNotImplementNamingTheResource(String statement) {
    assertThatThrownBy(() -> document(statement))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("MeterPolicy: ");
  }

  @Test
  void refusesOtherVersions() {
    assertThatThrownBy(() ->
            PolicyDocument.parse(
                new JsonMapper().readTree("{\"Version\":\"2008-10-17\",\"Statement\":[]}"),
                "MeterPolicy"))
        .hasMessageContaining("version");
  }
}

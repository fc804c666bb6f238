package meterveil.embedded.run;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import meterveil.embedded.run.CanaryScan.Hit;
import meterveil.meter.ThingName;
import meterveil.simulator.LoadProfile;
import meterveil.simulator.Measurements;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

@DisplayName("T2 The canary scan")
class CanaryScanTest {

  private static final String THING = "canary-7f3k";
  private static final String PAYLOAD =
      "{\"start\":\"2013-01-01T00:00:00Z\",\"energyWh\":[188, 40213,7,null]}";

  private final CanaryScan scan = new CanaryScan(measurements());

  private static Measurements measurements() {
    var start = Instant.parse("2013-01-01T00:00:00Z");
    var profiles = new LinkedHashMap<ThingName, LoadProfile>();
    profiles.put(new ThingName(THING), new LoadProfile(start, 188, 40_213, 7, -1));
    profiles.put(new ThingName("home-2"), new LoadProfile(start, 5, 5, 5, 5));
    return new Measurements(profiles);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"message\":\"asked canary-7f3k again\"}",
        "/demo/canary-7f3k/",
        "xcanary-7f3kx",
        "received {\"energyWh\":[1]}",
        "values 188, 40213, 7",
        "188,40213,7",
      })
  void findsTracesInLogLines(String line) {
    scan.logLine(line);

    assertThat(scan.result().hits()).hasSize(1);
    assertThat(scan.result().logLines()).isEqualTo(1);
  }

  @Test
  void letsTheBrokersLogNameAThingAndNothingElse() {
    scan.brokerLogLine("{\"eventType\":\"publish\",\"clientId\":\"%s\"}".formatted(THING));
    assertThat(scan.result().hits()).isEmpty();

    scan.brokerLogLine(PAYLOAD);
    assertThat(scan.result().hits())
        .contains(new Hit("log of the broker", "a piece of a message"))
        .extracting(Hit::where)
        .containsOnly("log of the broker");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5})
  void findsNamesAndPayloadsInBase64WhereverTheyBegin(int before) {
    String text = "-".repeat(before) + THING + " and so on";
    scan.logLine(Base64.getEncoder().encodeToString(text.getBytes(UTF_8)));
    String payload = " ".repeat(before) + PAYLOAD;
    scan.failureRecord(
        "{\"base64OriginalPayload\":\"%s\"}"
            .formatted(Base64.getEncoder().encodeToString(payload.getBytes(UTF_8))));

    assertThat(scan.result().hits())
        .containsExactly(
            new Hit("log", "a thing's name"), new Hit("failure record", "a piece of a message"));
  }

  @Test
  void passesOverWhatTellsNothing() {
    scan.logLine("{\"MeterHours\":24,\"Counted\":1,\"Timestamp\":1357171200188}");
    scan.logLine("188,40213,8 and 40213,7 and 5,5,5 and 188.40213.7");
    scan.item(
        "Groupings", Map.of("hours", AttributeValue.fromL(List.of(text("3+17"), text("!2")))));
    scan.keyContext(Map.of("tenant", "demo", "day", "2013-01-01"));

    assertThat(scan.result().hits()).isEmpty();
    assertThat(scan.result().items()).isEqualTo(1);
    assertThat(scan.result().keyContexts()).isEqualTo(1);
  }

  @Test
  void findsTracesInEveryKindOfAttribute() {
    byte[] bytes = PAYLOAD.getBytes(UTF_8);
    scan.item("Usage", Map.of("a", text(THING)));
    scan.item("Usage", Map.of(THING, text("b")));
    scan.item("Usage", Map.of("a", AttributeValue.fromSs(List.of("x", THING))));
    scan.item("Usage", Map.of("a", AttributeValue.fromB(SdkBytes.fromByteArray(bytes))));
    scan.item("Usage", Map.of("a", AttributeValue.fromM(Map.of("b", text(THING)))));
    scan.item("Usage", Map.of("a", AttributeValue.fromL(List.of(n(188), n(40_213), n(7)))));

    assertThat(scan.result().hits()).extracting(Hit::what).contains("three hours of a meter");
    assertThat(scan.result().hits()).hasSizeGreaterThanOrEqualTo(6);
  }

  /// Energy alone, with a contribution in the lowest bucket, and in the highest.
  @ParameterizedTest
  @ValueSource(
      strings = {
        "s3 188",
        "x 188",
        "s23 268435644",
        "d 5192296858534827628530496329220284",
        "l 5192296858534827628530496329220284"
      })
  void findsEnergyThatIsNotMasked(String attribute) {
    String[] nameAndNumber = attribute.split(" ", 2);
    String name = nameAndNumber[0];
    var token = AttributeValue.fromBs(List.of(SdkBytes.fromUtf8String("0123456789abcdef")));
    scan.item("OpenBlocks", Map.of(name, AttributeValue.fromN(nameAndNumber[1]), "t", token));
    scan.item(
        "OpenBlocks",
        Map.of(
            name,
            AttributeValue.fromN("412345678901234567890123456789012345"),
            "t",
            token,
            "e",
            n(1_357_171_200)));

    assertThat(scan.result().hits())
        .containsExactly(new Hit("table OpenBlocks, attribute " + name, "energy without a mask"));
  }

  @Test
  void letsADeviceHaveItsNameInTheKeyOfItsStatusAndTheTopicOfItsSettingsOnly() {
    scan.item("DeviceStatus", Map.of("tenant", text("demo"), "thing", text(THING)));
    scan.item("Meters", Map.of("thing", text(THING), "tenant", text("demo")));
    scan.item("Assignments", Map.of("plan", text("demo#1"), "thing", text(THING)));
    scan.retainedMessage("mv/1/demo/" + THING + "/settings", "{}".getBytes(UTF_8));
    assertThat(scan.result().hits()).isEmpty();

    scan.item("DeviceStatus", Map.of("thing", text(THING), "firmware", text(THING)));
    scan.item("Usage", Map.of("thing", text(THING)));
    scan.retainedMessage("mv/1/demo/" + THING + "/settings", THING.getBytes(UTF_8));
    scan.retainedMessage("mv/1/demo/" + THING + "/resend", new byte[0]);
    scan.keyContext(Map.of("thing", THING));
    assertThat(scan.result().hits()).hasSize(5);
  }

  private static AttributeValue text(String text) {
    return AttributeValue.fromS(text);
  }

  private static AttributeValue n(long number) {
    return AttributeValue.fromN(Long.toString(number));
  }
}

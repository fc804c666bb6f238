package meterveil.status;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import java.util.stream.Stream;
import meterveil.meter.StrictJson;
import meterveil.schema.SchemaFile;
import meterveil.status.StatusJson.Decoded;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Label;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/// Holds the decoder and a JSON Schema validator to the same examples, and to each other on what is
/// generated, but for what a validator cannot see; the schema's description says so.
class StatusSchemaTest {

  private static final SchemaFile SCHEMA = new SchemaFile("status-1");

  private static final String MESSAGE =
      """
      {"sequence": 17, "firmware": "1.0.0", "batteryPercent": 97, "signalDbm": -71,\
       "faults": ["clock-wrong", "battery-low"], "uptimeSeconds": 86400, "blocksGivenUp": 0MORE}\
      """;

  private static final Set<String> UNSEEN_BY_THE_SCHEMA =
      Set.of("duplicate-sequence", "duplicate-unknown-member", "nested-too-deep");

  @TestFactory
  Stream<DynamicTest> bothAcceptTheAcceptedExamples() {
    return SCHEMA.examples("accepted").entrySet().stream()
        .map(example ->
            DynamicTest.dynamicTest(
                example.getKey(),
                () -> {
                  assertThat(StatusJson.decode(example.getValue()))
                      .isInstanceOf(Decoded.Accepted.class);
                  assertThat(SCHEMA.takes(example.getValue())).isTrue();
                }));
  }

  @TestFactory
  Stream<DynamicTest> bothRefuseTheRefusedExamples() {
    return SCHEMA.examples("refused").entrySet().stream()
        .map(example ->
            DynamicTest.dynamicTest(
                example.getKey(),
                () -> {
                  assertThat(StatusJson.decode(example.getValue()))
                      .isEqualTo(new Decoded.Refused(reason(example.getKey())));
                  assertThat(SCHEMA.takes(example.getValue()))
                      .isEqualTo(UNSEEN_BY_THE_SCHEMA.contains(example.getKey()));
                }));
  }

  private static StatusRefusal reason(String example) {
    return switch (example) {
      case "empty", "not-json", "not-an-object", "cut-off", "two-messages", "nested-too-deep" ->
          StatusRefusal.NOT_JSON;
      case String name when name.startsWith("missing-") -> StatusRefusal.MISSING_MEMBER;
      case String name when name.startsWith("duplicate-") -> StatusRefusal.DUPLICATE_MEMBER;
      default -> StatusRefusal.BAD_MEMBER;
    };
  }

  @Test
  void theSchemaNamesEveryFault() {
    for (Fault fault : Fault.values()) {
      byte[] message =
          right().replace("clock-wrong\", \"battery-low", fault.text()).getBytes(UTF_8);
      assertThat(SCHEMA.takes(message)).isTrue();
      assertThat(StatusJson.decode(message)).isInstanceOf(Decoded.Accepted.class);
    }
  }

  @Test
  void refusesWhatIsTooLarge() {
    assertThat(StatusJson.decode(new byte[StrictJson.PAYLOAD_BYTES_MAX + 1]))
        .isEqualTo(new Decoded.Refused(StatusRefusal.TOO_LARGE));
    assertThat(StatusJson.decode("[".repeat(10_000).getBytes(UTF_8)))
        .isEqualTo(new Decoded.Refused(StatusRefusal.TOO_LARGE));
    assertThat(StatusJson.decode(right().replace("17", "1e99999999999").getBytes(UTF_8)))
        .isEqualTo(new Decoded.Refused(StatusRefusal.BAD_MEMBER));
  }

  @Property(tries = 2000)
  void bothSayTheSameOfMessagesWithAMemberWrong(
      @ForAll("membersAsWritten") String member, @ForAll("values") String value) {
    agreeOn(right().replace(member, value));
  }

  @Property
  void bothSayTheSameOfMessagesWithACharacterWrong(
      @ForAll int position, @ForAll("characters") String character) {
    String message = right();
    int at = Math.floorMod(position, message.length());
    agreeOn(message.substring(0, at) + character + message.substring(at));
    agreeOn(message.substring(0, at) + character + message.substring(at + 1));
    agreeOn(message.substring(0, at) + message.substring(at + 1));
    agreeOn(message.substring(0, at));
  }

  @Property
  void answersAnyBytes(@ForAll @Size(max = 9000) byte[] message) {
    assertThat(StatusJson.decode(message)).isNotNull();
  }

  @Property(tries = 200)
  @Label("T3 Members of a status that are not device status are dropped and counted")
  void dropsAndCountsUnknownMembers(@ForAll("personalNames") String name) {
    var decoded =
        StatusJson.decode(
            MESSAGE.replace("MORE", ", \"%s\": \"canary\"".formatted(name)).getBytes(UTF_8));

    assertThat(decoded).isInstanceOf(Decoded.Accepted.class);
    assertThat(((Decoded.Accepted) decoded).unknownMembers()).isOne();
    assertThat(decoded.toString()).doesNotContain("canary").doesNotContain(name);
  }

  private static void agreeOn(String message) {
    byte[] bytes = message.getBytes(UTF_8);
    Decoded decoded = StatusJson.decode(bytes);
    if (decoded.equals(new Decoded.Refused(StatusRefusal.DUPLICATE_MEMBER))) {
      return;
    }
    assertThat(SCHEMA.takes(bytes)).as(message).isEqualTo(decoded instanceof Decoded.Accepted);
  }

  private static String right() {
    return MESSAGE.replace("MORE", "");
  }

  @Provide
  static Arbitrary<String> membersAsWritten() {
    return Arbitraries.of(
        "17",
        "\"1.0.0\"",
        "97",
        "-71",
        "[\"clock-wrong\", \"battery-low\"]",
        "86400",
        "0}",
        "\"sequence\": ",
        "\"faults\"",
        "\"clock-wrong\"");
  }

  @Provide
  static Arbitrary<String> values() {
    return Arbitraries.oneOf(
        Arbitraries.of(
            "0",
            "-0",
            "1",
            "-1",
            "100",
            "100.0",
            "1e2",
            "101",
            "-200",
            "-201",
            "4294967295",
            "4294967296",
            "2147483648",
            "9223372036854775808",
            "1e400",
            "1e-400",
            "0.5",
            "1.0",
            "null",
            "true",
            "[]",
            "{}",
            "\"\"",
            "\"1.0\"",
            "\"1.0.0.0\"",
            "\"1.0.0.0.0\"",
            "\"1.0.\"",
            "\"100000.1\"",
            "[\"clock-wrong\"]",
            "[\"clock-wrong\",\"clock-wrong\"]",
            "[\"connection-lost\"]",
            "[1]",
            "\"clock-wrong\"",
            "\"Clock-wrong\"",
            "0, \"x\": 1}",
            "1}",
            "\"x\": ",
            "\"x\": 1, \"sequence\": ",
            "NaN",
            "01"),
        Arbitraries.longs().map(String::valueOf));
  }

  @Provide
  static Arbitrary<String> characters() {
    return Arbitraries.of(
        "0", "9", "-", "+", ".", "e", "\"", "\\", ",", ":", "[", "]", "{", "}", " ", "\n", "x");
  }

  @Provide
  static Arbitrary<String> personalNames() {
    return Arbitraries.oneOf(
        Arbitraries.of("name", "e-mail", "address", "gps", "energyWh", "ip", "premise", "Faults"),
        Arbitraries.strings().alpha().ofMinLength(5).ofMaxLength(20).map(name -> "x-" + name));
  }
}

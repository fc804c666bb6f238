package meterveil.reading;

import static java.nio.charset.StandardCharsets.UTF_16;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import meterveil.block.Block;
import meterveil.block.BlockLength;
import meterveil.meter.StrictJson;
import meterveil.reading.ReadingsJson.Decoded;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Label;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ReadingsJsonTest {

  private static final Instant START = Instant.parse("2013-01-01T18:00:00Z");
  private static final String MESSAGE =
      "{\"start\": \"2013-01-01T18:00:00Z\", \"energyWh\": [188, null, 3, 400000, 0, 7]MORE}";
  private static final byte[] RIGHT = MESSAGE.replace("MORE", "").getBytes(UTF_8);

  @Test
  void cutsAMessageIntoBlocks() {
    assertThat(accepted(RIGHT).blocks()).containsExactly(new Block(START, BlockLength.QUARTER_DAY));
    assertThat(accepted(hours("2013-01-01T18:00:00Z", 12)).blocks())
        .containsExactly(
            new Block(START, BlockLength.QUARTER_DAY),
            new Block(Instant.parse("2013-01-02T00:00:00Z"), BlockLength.QUARTER_DAY));
    assertThat(accepted(hours("2013-01-01T18:00:00Z", 1)).blocks())
        .containsExactly(new Block(START, BlockLength.HOUR));
    assertThat(accepted(hours("2013-01-01T23:00:00Z", 2)).blocks())
        .extracting(Block::start)
        .containsExactly(
            Instant.parse("2013-01-01T23:00:00Z"), Instant.parse("2013-01-02T00:00:00Z"));
    assertThat(accepted(hours("2013-01-01T00:00:00Z", 48)).blocks())
        .extracting(Block::length)
        .containsExactly(BlockLength.DAY, BlockLength.DAY);
  }

  /// Beside the examples in `schemas/examples`, what no file can hold well.
  static Stream<Arguments> messages() {
    return Stream.of(
        Arguments.of(Refusal.TOO_LARGE, new byte[128 * 1024]),
        Arguments.of(Refusal.TOO_LARGE, padded(128 * 1024)),
        Arguments.of(Refusal.TOO_LARGE, padded(StrictJson.PAYLOAD_BYTES_MAX + 1)),
        Arguments.of(Refusal.TOO_LARGE, "[".repeat(10_000).getBytes(UTF_8)),
        Arguments.of(Refusal.NOT_JSON, nested("[", "]", StrictJson.DEPTH_MAX)),
        Arguments.of(Refusal.NOT_JSON, nested("{\"x\":", "}", StrictJson.DEPTH_MAX)),
        Arguments.of(Refusal.NOT_JSON, nested("[", "]", 3_900)),
        Arguments.of(Refusal.NOT_JSON, "[".repeat(8_000).getBytes(UTF_8)),
        Arguments.of(Refusal.NOT_JSON, "{\"a\":".repeat(1_600).getBytes(UTF_8)),
        Arguments.of(Refusal.NOT_JSON, new byte[0]),
        Arguments.of(Refusal.NOT_JSON, new byte[100]),
        Arguments.of(Refusal.NOT_JSON, MESSAGE.replace("MORE", "").getBytes(UTF_16)),
        Arguments.of(Refusal.NOT_JSON, ("\ufeff" + MESSAGE.replace("MORE", "")).getBytes(UTF_8)),
        Arguments.of(Refusal.NOT_JSON, more(", \"x\": \"\u0001\"")),
        Arguments.of(Refusal.NOT_JSON, more(", \"x\": NaN")),
        Arguments.of(Refusal.NOT_JSON, more(", \"x\": 'single'")),
        Arguments.of(Refusal.NOT_JSON, more(", x: 1")),
        Arguments.of(Refusal.NOT_JSON, more("} // comment")),
        Arguments.of(Refusal.NOT_JSON, more("} {")),
        Arguments.of(Refusal.NOT_WHOLE, hour("1e99999999999")),
        Arguments.of(Refusal.NOT_WHOLE, hour("-1E-99999999999")),
        Arguments.of(Refusal.NOT_WHOLE, hour("0e" + "9".repeat(97))),
        Arguments.of(Refusal.NOT_JSON, hour("1".repeat(101))),
        Arguments.of(Refusal.ABOVE_CAP, hour("1".repeat(100))),
        Arguments.of(Refusal.ABOVE_CAP, hour("1e999999999")),
        Arguments.of(Refusal.NOT_WHOLE, hour("1e-999999999")),
        Arguments.of(Refusal.NEGATIVE, hour("-1e999999999")),
        Arguments.of(Refusal.ABOVE_CAP, hour("9223372036854775808")),
        Arguments.of(Refusal.ABOVE_CAP, hour("4294967297")),
        Arguments.of(Refusal.NEGATIVE, hour("-9223372036854775809")));
  }

  @ParameterizedTest
  @MethodSource("messages")
  void refusesWithoutReadingFurther(Refusal why, byte[] message) {
    assertThat(ReadingsJson.decode(message)).isEqualTo(new Decoded.Refused(why));
  }

  @Test
  void acceptsTheLargestAndDeepestMessage() {
    assertThat(ReadingsJson.decode(padded(StrictJson.PAYLOAD_BYTES_MAX)))
        .isInstanceOf(Decoded.Accepted.class);
    assertThat(ReadingsJson.decode(nested("[", "]", StrictJson.DEPTH_MAX - 1)))
        .isInstanceOf(Decoded.Accepted.class);
  }

  @Test
  void refusesASequenceOfBytesThatIsNotUtf8() {
    byte[] message = more(", \"x\": \"?\"");
    message[message.length - 3] = (byte) 0xff;

    assertThat(ReadingsJson.decode(message)).isEqualTo(new Decoded.Refused(Refusal.NOT_JSON));
  }

  @Property
  void answersAnyBytes(@ForAll @Size(max = 9000) byte[] message) {
    assertThat(ReadingsJson.decode(message)).isNotNull();
  }

  @Property(tries = 5000)
  void answersRightMessagesWithBytesWrong(
      @ForAll @Size(max = 4) List<Byte> bytes,
      @ForAll @IntRange(max = 80) int from,
      @ForAll @IntRange(max = 10) int cut) {
    assertThat(ReadingsJson.decode(spliced(bytes, from, cut))).isNotNull();
  }

  @Property(tries = 200)
  void answersAnyNesting(
      @ForAll("brackets") String bracket, @ForAll @IntRange(min = 1, max = 10_000) int depth) {
    byte[] message = more(", \"x\": " + bracket.repeat(depth));

    assertThat(ReadingsJson.decode(message))
        .isEqualTo(
            new Decoded.Refused(
                message.length > StrictJson.PAYLOAD_BYTES_MAX
                    ? Refusal.TOO_LARGE
                    : Refusal.NOT_JSON));
  }

  @Property(tries = 500)
  @Label("T3 Members that are not consumption or time are dropped and counted")
  void dropsAndCountsUnknownMembers(
      @ForAll("personalNames") List<String> names, @ForAll("personalValues") String value) {
    var more = new StringBuilder();
    names.forEach(name -> more.append(", \"%s\": %s".formatted(name, value)));

    Readings readings = accepted(more(more.toString()));

    assertThat(readings.unknownMembers()).isEqualTo(names.size());
    assertThat(readings.blocks()).isEqualTo(accepted(RIGHT).blocks());
  }

  /// What a decoded message can hold at all: blocks, whole numbers and a count. No text of the
  /// message has a place in it.
  @Test
  @DisplayName("T3 A decoded message has no place for anything but consumption and time")
  void holdsNothingButConsumptionAndTime() {
    assertThat(Readings.class.getDeclaredFields())
        .extracting(field -> field.getGenericType().getTypeName())
        .containsExactlyInAnyOrder("java.util.List<meterveil.block.Block>", "int[]", "int");
    assertThat(BlockReading.class.getDeclaredFields())
        .extracting(field -> field.getGenericType().getTypeName())
        .containsExactlyInAnyOrder("meterveil.block.Block", "int[]");
  }

  @Test
  @DisplayName("T2 A refusal quotes nothing and prints nothing")
  void quotesNothing() {
    var printed = new ByteArrayOutputStream();
    PrintStream out = System.out;
    PrintStream err = System.err;
    System.setOut(new PrintStream(printed, true, UTF_8));
    System.setErr(new PrintStream(printed, true, UTF_8));
    try {
      messages()
          .forEach(message ->
              assertThat(ReadingsJson.decode((byte[]) message.get()[1]).toString())
                  .matches("Refused\\[why=[A-Z_0-9]+]"));
      assertThat(ReadingsJson.decode("{\"canary\": canary}".getBytes(UTF_8)).toString())
          .isEqualTo("Refused[why=NOT_JSON]");
    } finally {
      System.setOut(out);
      System.setErr(err);
    }
    assertThat(printed.size()).isZero();
  }

  @Provide
  static Arbitrary<String> brackets() {
    return Arbitraries.of("[", "{\"x\":", "[{\"x\":");
  }

  @Provide
  static Arbitrary<List<String>> personalNames() {
    return Arbitraries.oneOf(
            Arbitraries.of(
                "name",
                "firstName",
                "e-mail",
                "email",
                "mail",
                "address",
                "street",
                "postcode",
                "city",
                "phone",
                "gps",
                "latitude",
                "longitude",
                "location",
                "premise",
                "serial",
                "customer",
                "iban",
                "canary",
                "Start",
                "energywh",
                "energyWh2",
                ""),
            Arbitraries.strings().alpha().ofMaxLength(20).map(name -> "canary" + name))
        .list()
        .uniqueElements()
        .ofMaxSize(8);
  }

  @Provide
  static Arbitrary<String> personalValues() {
    return Arbitraries.of(
        "\"canary\"",
        "\"canary@example.org\"",
        "{\"latitude\": 52.0907, \"longitude\": 5.1214, \"canary\": [1]}",
        "[\"canary street 1\", null, {\"start\": \"2013-01-01T00:00:00Z\", \"energyWh\": [1]}]",
        "3.14159",
        "true",
        "null",
        "1e400");
  }

  private static Readings accepted(byte[] message) {
    return ((Decoded.Accepted) ReadingsJson.decode(message)).readings();
  }

  private static byte[] more(String members) {
    return MESSAGE.replace("MORE", members).getBytes(UTF_8);
  }

  private static byte[] hour(String number) {
    return MESSAGE.replace("MORE", "").replace("188", number).getBytes(UTF_8);
  }

  private static byte[] hours(String start, int hours) {
    return "{\"start\": \"%s\", \"energyWh\": [0%s]}"
        .formatted(start, ", 1".repeat(hours - 1))
        .getBytes(UTF_8);
  }

  private static byte[] nested(String open, String close, int depth) {
    return more(", \"x\": " + open.repeat(depth) + "1" + close.repeat(depth));
  }

  private static byte[] padded(int length) {
    byte[] padded = new byte[length];
    Arrays.fill(padded, (byte) ' ');
    System.arraycopy(RIGHT, 0, padded, 0, RIGHT.length);
    return padded;
  }

  private static byte[] spliced(List<Byte> bytes, int from, int cut) {
    int start = Math.min(from, RIGHT.length);
    int end = Math.min(start + cut, RIGHT.length);
    var message = new ByteArrayOutputStream();
    message.write(RIGHT, 0, start);
    bytes.forEach(b -> message.write(b));
    message.write(RIGHT, end, RIGHT.length - end);
    return message.toByteArray();
  }
}

package meterveil.reading;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Map.entry;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import meterveil.reading.ReadingsJson.Decoded;
import meterveil.schema.SchemaFile;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/// Holds the decoder and a JSON Schema validator to the same examples, and to each other on what is
/// generated.
///
/// They cannot agree on everything: that a member stands twice, how many bytes a message has, how
/// deep it is nested and how many digits a number has is gone, or of no account, by the time a
/// validator looks. The schema's description says so, and the decoder refuses.
class ReadingsSchemaTest {

  private static final SchemaFile SCHEMA = new SchemaFile("readings-1");

  private static final Set<String> UNSEEN_BY_THE_SCHEMA =
      Set.of(
          "duplicate-energy",
          "duplicate-start",
          "duplicate-unknown-member",
          "duplicate-written-otherwise",
          "nested-too-deep",
          "number-too-long");

  private static final Map<String, Refusal> REASONS =
      Map.ofEntries(
          entry("a-day-and-a-half", Refusal.WRONG_LENGTH),
          entry("cut-off", Refusal.NOT_JSON),
          entry("day-not-aligned", Refusal.NOT_ALIGNED),
          entry("duplicate-energy", Refusal.DUPLICATE_MEMBER),
          entry("duplicate-start", Refusal.DUPLICATE_MEMBER),
          entry("duplicate-unknown-member", Refusal.DUPLICATE_MEMBER),
          entry("duplicate-written-otherwise", Refusal.DUPLICATE_MEMBER),
          entry("empty", Refusal.NOT_JSON),
          entry("empty-object", Refusal.MISSING_MEMBER),
          entry("energy-a-number", Refusal.NOT_WHOLE),
          entry("energy-an-object", Refusal.NOT_WHOLE),
          entry("energy-null", Refusal.NOT_WHOLE),
          entry("half-a-block-of-six-hours", Refusal.WRONG_LENGTH),
          entry("hour-a-string", Refusal.NOT_WHOLE),
          entry("hour-above-every-cap", Refusal.ABOVE_CAP),
          entry("hour-an-array", Refusal.NOT_WHOLE),
          entry("hour-an-object", Refusal.NOT_WHOLE),
          entry("hour-fraction", Refusal.NOT_WHOLE),
          entry("hour-huge", Refusal.ABOVE_CAP),
          entry("hour-negative", Refusal.NEGATIVE),
          entry("hour-negative-fraction", Refusal.NEGATIVE),
          entry("hour-tiny-fraction", Refusal.NOT_WHOLE),
          entry("hour-true", Refusal.NOT_WHOLE),
          entry("hour-two-to-the-31", Refusal.ABOVE_CAP),
          entry("hour-two-to-the-63", Refusal.ABOVE_CAP),
          entry("infinity", Refusal.NOT_JSON),
          entry("leading-zero", Refusal.NOT_JSON),
          entry("missing-energy", Refusal.MISSING_MEMBER),
          entry("missing-start", Refusal.MISSING_MEMBER),
          entry("nan", Refusal.NOT_JSON),
          entry("nested-too-deep", Refusal.NOT_JSON),
          entry("no-hours", Refusal.WRONG_LENGTH),
          entry("not-an-object", Refusal.NOT_JSON),
          entry("not-json", Refusal.NOT_JSON),
          entry("null", Refusal.NOT_JSON),
          entry("number-too-long", Refusal.NOT_JSON),
          entry("six-hours-not-aligned", Refusal.NOT_ALIGNED),
          entry("start-a-number", Refusal.BAD_START),
          entry("start-before-2000", Refusal.BAD_START),
          entry("start-empty", Refusal.BAD_START),
          entry("start-half-past", Refusal.BAD_START),
          entry("start-hour-24", Refusal.BAD_START),
          entry("start-lower-case", Refusal.BAD_START),
          entry("start-no-such-day", Refusal.BAD_START),
          entry("start-no-such-month", Refusal.BAD_START),
          entry("start-null", Refusal.BAD_START),
          entry("start-other-digits", Refusal.BAD_START),
          entry("start-with-blank", Refusal.BAD_START),
          entry("start-with-fraction", Refusal.BAD_START),
          entry("start-with-line-break", Refusal.BAD_START),
          entry("start-with-offset", Refusal.BAD_START),
          entry("start-without-zone", Refusal.BAD_START),
          entry("three-blocks-of-an-hour", Refusal.WRONG_LENGTH),
          entry("three-blocks-of-six-hours", Refusal.WRONG_LENGTH),
          entry("three-days", Refusal.WRONG_LENGTH),
          entry("trailing-comma", Refusal.NOT_JSON),
          entry("twelve-hours-not-aligned", Refusal.NOT_ALIGNED),
          entry("twenty-three-hours", Refusal.WRONG_LENGTH),
          entry("two-days-not-aligned", Refusal.NOT_ALIGNED),
          entry("two-messages", Refusal.NOT_JSON));

  @TestFactory
  Stream<DynamicTest> bothAcceptTheAcceptedExamples() {
    return SCHEMA.examples("accepted").entrySet().stream()
        .map(example ->
            DynamicTest.dynamicTest(
                example.getKey(),
                () -> {
                  assertThat(ReadingsJson.decode(example.getValue()))
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
                  assertThat(ReadingsJson.decode(example.getValue()))
                      .isEqualTo(
                          new Decoded.Refused(requireNonNull(REASONS.get(example.getKey()))));
                  assertThat(SCHEMA.takes(example.getValue()))
                      .isEqualTo(UNSEEN_BY_THE_SCHEMA.contains(example.getKey()));
                }));
  }

  @Test
  void everyReasonOfFormHasAnExample() {
    assertThat(REASONS.keySet()).isEqualTo(SCHEMA.examples("refused").keySet());
    assertThat(REASONS.values())
        .contains(
            Refusal.NOT_JSON,
            Refusal.DUPLICATE_MEMBER,
            Refusal.MISSING_MEMBER,
            Refusal.BAD_START,
            Refusal.NOT_WHOLE,
            Refusal.NEGATIVE,
            Refusal.ABOVE_CAP,
            Refusal.WRONG_LENGTH,
            Refusal.NOT_ALIGNED);
  }

  @Property
  void bothAcceptWhatAMeterSends(@ForAll("rightMessages") String message) {
    assertThat(ReadingsJson.decode(message.getBytes(UTF_8))).isInstanceOf(Decoded.Accepted.class);
    assertThat(SCHEMA.takes(message.getBytes(UTF_8))).isTrue();
  }

  @Property(tries = 3000)
  void bothSayTheSameOfWhatIsNearlyRight(@ForAll("nearlyRightMessages") String message) {
    agreeOn(message);
  }

  @Property
  void bothSayTheSameOfAnyJson(@ForAll("json") String message) {
    agreeOn(message);
  }

  @Property
  void bothSayTheSameOfRightMessagesWithACharacterWrong(
      @ForAll("rightMessages") String message,
      @ForAll int position,
      @ForAll("characters") String character) {
    int at = Math.floorMod(position, message.length());
    agreeOn(message.substring(0, at) + character + message.substring(at));
    agreeOn(message.substring(0, at) + character + message.substring(at + 1));
    agreeOn(message.substring(0, at) + message.substring(at + 1));
    agreeOn(message.substring(0, at));
  }

  private static void agreeOn(String message) {
    byte[] bytes = message.getBytes(UTF_8);
    Decoded decoded = ReadingsJson.decode(bytes);
    if (decoded.equals(new Decoded.Refused(Refusal.DUPLICATE_MEMBER))) {
      return;
    }
    assertThat(SCHEMA.takes(bytes)).as(message).isEqualTo(decoded instanceof Decoded.Accepted);
  }

  @Provide
  static Arbitrary<String> rightMessages() {
    return Combinators.combine(
            Arbitraries.of(1, 6, 24),
            Arbitraries.integers().between(1, 2),
            Arbitraries.longs().between(0, 365_000),
            Arbitraries.integers().between(0, 400_000).injectNull(0.1).list().ofSize(48))
        .as((hours, blocks, day, energyWh) ->
            message(
                start(day, day % 24 / hours * hours),
                energyWh.subList(0, hours * blocks).stream().map(String::valueOf).toList(),
                ""));
  }

  /// Messages of which each part is usually right.
  @Provide
  static Arbitrary<String> nearlyRightMessages() {
    Arbitrary<String> starts =
        Arbitraries.frequencyOf(
            Tuple.of(6, Arbitraries.longs().between(0, 365_000).map(day -> start(day, 0))),
            Tuple.of(
                2,
                Combinators.combine(
                        Arbitraries.longs().between(0, 365_000), Arbitraries.longs().between(0, 24))
                    .as(ReadingsSchemaTest::start)),
            Tuple.of(
                1,
                Arbitraries.of(
                    "null",
                    "17",
                    "[]",
                    "\"2013-01-01\"",
                    "\"2013-01-01T00:00:00\"",
                    "\"2013-01-01T00:00:00z\"",
                    "\"2013-01-01 00:00:00Z\"",
                    "\"2013-01-01T00:00:00+00:00\"",
                    "\"2013-01-01T00:00:00-00:00\"",
                    "\"2013-01-01T00:00:60Z\"",
                    "\"2013-00-01T00:00:00Z\"",
                    "\"2013-04-31T00:00:00Z\"",
                    "\"2000-02-29T00:00:00Z\"",
                    "\"2100-02-29T00:00:00Z\"",
                    "\"2999-12-31T23:00:00Z\"",
                    "\"3000-01-01T00:00:00Z\"",
                    "\"+2013-01-01T00:00:00Z\"",
                    "\"\\u0032013-01-01T00:00:00Z\"",
                    "\"2013-01-01T00:00:00Z\\u0000\"")));
    Arbitrary<String> numbers =
        Arbitraries.frequencyOf(
            Tuple.of(30, Arbitraries.integers().between(0, 400_000).map(String::valueOf)),
            Tuple.of(5, Arbitraries.just("null")),
            Tuple.of(
                1,
                Arbitraries.of(
                    "-1",
                    "-0",
                    "0.0",
                    "-0.0",
                    "0e0",
                    "0E-7",
                    "0e99",
                    "1.5",
                    "2.0",
                    "2.50e1",
                    "1e5",
                    "4e5",
                    "4.00001e5",
                    "4.000001e5",
                    "400000.0",
                    "400000.5",
                    "400001",
                    "1e-5",
                    "10e-1",
                    "1e400",
                    "1e-400",
                    "2147483647",
                    "2147483648",
                    "9223372036854775807",
                    "9223372036854775808",
                    "18446744073709551616",
                    "-9223372036854775809",
                    "NaN",
                    "-Infinity",
                    "+1",
                    "01",
                    "1.",
                    ".5",
                    "0x10",
                    "1_000",
                    "true",
                    "false",
                    "\"1\"",
                    "[]",
                    "[1]",
                    "{}",
                    "nul",
                    "")));
    Arbitrary<List<String>> hours =
        Arbitraries.frequencyOf(
                Tuple.of(8, Arbitraries.of(1, 2, 6, 12, 24, 48)),
                Tuple.of(1, Arbitraries.integers().between(0, 50)))
            .flatMap(length -> numbers.list().ofSize(length));
    Arbitrary<String> others =
        Combinators.combine(
                Arbitraries.of("name", "email", "Start", "energywh", "", "start ", "é", "\\u0000"),
                json(2))
            .as((name, value) -> ", \"%s\": %s".formatted(name, value))
            .list()
            .ofMaxSize(2)
            .map(members -> String.join("", members));
    return Combinators.combine(starts, hours, others).as(ReadingsSchemaTest::message);
  }

  @Provide
  static Arbitrary<String> json() {
    return json(3);
  }

  @Provide
  static Arbitrary<String> characters() {
    return Arbitraries.of(
        "0",
        "9",
        "-",
        "+",
        ".",
        "e",
        "\"",
        "\\",
        ",",
        ":",
        "[",
        "]",
        "{",
        "}",
        " ",
        "\n",
        "n",
        "Z",
        "/",
        "'",
        "#",
        "\u0000",
        "\u001f",
        "\u00a0",
        "\ufeff",
        "é",
        "\ud83d\ude00");
  }

  private static Arbitrary<String> json(int depth) {
    Arbitrary<String> scalars =
        Arbitraries.oneOf(
            Arbitraries.of("null", "true", "false", "0", "-1", "1.5", "1e3", "400001", "[]", "{}"),
            Arbitraries.of("\"2013-01-01T00:00:00Z\"", "\"\"", "\"\\\"\"", "\"\\ud83d\""),
            Arbitraries.integers().map(String::valueOf));
    if (depth == 0) {
      return scalars;
    }
    Arbitrary<String> values = Arbitraries.lazy(() -> json(depth - 1));
    return Arbitraries.oneOf(
        scalars,
        values
            .list()
            .ofMaxSize(6)
            .map(items -> items.stream().collect(Collectors.joining(",", "[", "]"))),
        Combinators.combine(
                Arbitraries.of("start", "energyWh", "x", "name")
                    .list()
                    .uniqueElements()
                    .ofMaxSize(3),
                values.list().ofSize(3))
            .as((names, items) ->
                IntStream.range(0, names.size())
                    .mapToObj(i -> "\"%s\": %s".formatted(names.get(i), items.get(i)))
                    .collect(Collectors.joining(", ", "{", "}"))));
  }

  private static String start(long day, long hour) {
    return "\"%sT%02d:00:00Z\"".formatted(LocalDate.of(2000, 1, 1).plusDays(day), hour);
  }

  private static String message(String start, List<String> hours, String others) {
    return "{\"start\": %s, \"energyWh\": [%s]%s}"
        .formatted(start, String.join(", ", hours), others);
  }
}

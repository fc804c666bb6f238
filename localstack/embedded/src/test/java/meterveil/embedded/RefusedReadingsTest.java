package meterveil.embedded;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingBy;
import static meterveil.embedded.MainLine.flat;
import static meterveil.embedded.MainLine.member;
import static meterveil.embedded.MainLine.message;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.stream.Stream;
import meterveil.block.Block;
import meterveil.block.BlockLength;
import meterveil.block.Epoch;
import meterveil.cohort.Cohort;
import meterveil.cohort.CohortId;
import meterveil.meter.ThingName;
import meterveil.meter.Topics;
import meterveil.reading.ReadingsJson;
import meterveil.reading.ReadingsJson.Decoded;
import meterveil.reading.Refusal;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Messages that get past the broker and are refused behind it: each is counted with its reason,
/// and nothing of it is stored.
@Tag("place")
class RefusedReadingsTest {

  private static final Path EXAMPLES = Path.of("../../schemas/examples/readings-1/refused");
  private static final int LARGEST_PACKET_BYTES = 128 << 10;

  private static MainLine line;
  private static Block day;
  private static Cohort cohort;

  private List<String> itemsBefore = List.of();

  @BeforeAll
  static void start() throws Exception {
    line = MainLine.startingAt("2024-02-01T00:00:00Z");
    day = line.nextDay();
    cohort = line.cohort(Epoch.containing(day.start()), "north", 1, 50, BlockLength.DAY);
  }

  @AfterAll
  static void stop() throws Exception {
    line.close();
  }

  @BeforeEach
  void remember() {
    itemsBefore = line.everything();
  }

  @AfterEach
  void holdsWhatItHeld() throws IOException {
    assertThat(line.everything()).containsExactlyInAnyOrderElementsOf(itemsBefore);
    assertThat(line.counted("Counted") + line.counted("CountedLate")).isZero();
  }

  private static long refused(Refusal why) throws IOException {
    return line.counted("Refused", "\"Reason\":\"" + why + "\"");
  }

  @Test
  @DisplayName("T3 no example that the contract refuses is stored, and each is counted")
  void countsEveryExampleThatTheContractRefuses() throws Exception {
    var reasons = new ArrayList<Refusal>();
    var before = new EnumMap<Refusal, Long>(Refusal.class);
    for (Refusal why : Refusal.values()) {
      before.put(why, refused(why));
    }
    List<Path> examples;
    try (Stream<Path> files = Files.list(EXAMPLES)) {
      examples = files.sorted().toList();
    }
    for (Path example : examples) {
      byte[] payload = Files.readAllBytes(example);
      switch (ReadingsJson.decode(payload)) {
        case Decoded.Refused(Refusal why) -> reasons.add(why);
        case Decoded.Accepted _ -> throw new AssertionError(example + " is not refused");
      }
      publish(payload);
    }
    line.quiet();

    assertThat(examples).hasSizeGreaterThan(50);
    var expected = reasons.stream().collect(groupingBy(why -> why, counting()));
    for (Refusal why : Refusal.values()) {
      assertThat(refused(why))
          .as("%s", why)
          .isEqualTo(before.getOrDefault(why, 0L) + expected.getOrDefault(why, 0L));
    }
  }

  /// What only the collector can tell, as it takes a clock, a cohort or a limit of size.
  @ParameterizedTest
  @EnumSource(
      names = {
        "TOO_LARGE",
        "NOT_JSON",
        "ABOVE_CAP",
        "WRONG_LENGTH",
        "NOT_ALIGNED",
        "WRONG_EPOCH",
        "NOT_OVER",
        "TOO_LATE",
        "UNKNOWN_COHORT"
      })
  void countsWhatItRefusesWithItsReason(Refusal why) throws Exception {
    long before = refused(why);
    switch (why) {
      case TOO_LARGE ->
          publish(("[".repeat(10_000) + " ".repeat(LARGEST_PACKET_BYTES - 11_024)).getBytes(UTF_8));
      case NOT_JSON -> publish("[".repeat(1_000).getBytes(UTF_8));
      case ABOVE_CAP -> publish(flat(day, 1_000_000).getBytes(UTF_8));
      case WRONG_LENGTH -> publish(message(day.start(), 1, 2, 3, 4, 5, 6).getBytes(UTF_8));
      case NOT_ALIGNED ->
          publish(
              flat(new Block(day.start(), BlockLength.DAY), 1)
                  .replace("T00:00:00Z", "T01:00:00Z")
                  .getBytes(UTF_8));
      case WRONG_EPOCH ->
          publish(
              flat(
                      new Block(
                          Epoch.containing(day.start()).start().minus(Duration.ofDays(1)),
                          BlockLength.DAY),
                      1)
                  .getBytes(UTF_8));
      case NOT_OVER -> publish(flat(day.next(), 1).getBytes(UTF_8));
      case TOO_LATE ->
          publish(
              flat(new Block(day.start().minus(Duration.ofDays(4)), BlockLength.DAY), 1)
                  .getBytes(UTF_8));
      case UNKNOWN_COHORT ->
          line.platform
              .broker()
              .publish(
                  Topics.readings(
                      MainLine.GRID,
                      CohortId.of(Epoch.containing(day.start()), "south-re-9"),
                      member(cohort, 0)),
                  flat(day, 1).getBytes(UTF_8),
                  1,
                  false);
      case DUPLICATE_MEMBER, MISSING_MEMBER, BAD_START, NOT_WHOLE, NEGATIVE ->
          throw new AssertionError("the decoder alone tells " + why);
    }
    line.quiet();

    assertThat(refused(why) - before).isEqualTo(1);
  }

  private static void publish(byte[] payload) throws IOException {
    ThingName thing = member(cohort, 0);
    line.platform
        .broker()
        .publish(Topics.readings(MainLine.GRID, cohort.id(), thing), payload, 1, false);
  }
}

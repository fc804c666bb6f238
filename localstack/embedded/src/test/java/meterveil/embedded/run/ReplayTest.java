package meterveil.embedded.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import meterveil.embedded.EmbeddedPlatform;
import meterveil.embedded.aws.Faults.Fault;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine.ExitCode;

/// The main job as `scripts/run` does it, from the quarter-hours of a file to closed days, over
/// both changes of the clocks.
class ReplayTest {

  private static final int HOMES = 40;
  private static final int QUARTERS = 96;
  private static final int NOT_MEASURED = -1;
  private static final DateTimeFormatter LOCAL = DateTimeFormatter.ofPattern("d-M-uuuu HH:mm");

  @TempDir private Path folder;

  @Test
  void countsSpringOnceThoughAllIsDeliveredTwice() throws IOException {
    int[][] wh = homes(3 * QUARTERS);
    int asleep = 3;
    for (int quarter = 0; quarter < wh.length; quarter++) {
      wh[quarter][asleep] = quarter % QUARTERS < 6 * 4 ? NOT_MEASURED : wh[quarter][asleep];
    }
    Path file = write(LocalDate.of(2013, 3, 30), Integer.MAX_VALUE, wh);

    JsonNode once = run("once", "--readings", file.toString(), "--cohorts", "2");
    JsonNode twice = run("twice", "--readings", file.toString(), "--cohorts", "2", "--twice");

    int blocks = HOMES * 4;
    for (JsonNode summary : List.of(once, twice)) {
      assertThat(summary.path("meters").intValue()).isEqualTo(HOMES);
      assertThat(summary.path("cohorts").intValue()).isEqualTo(2);
      assertThat(summary.path("messages").intValue()).isEqualTo(blocks);
      assertThat(summary.path("accepted").intValue()).isEqualTo(blocks);
      // One sleeps for six hours a day, one of which there is not.
      assertThat(summary.path("meterHours").intValue()).isEqualTo(HOMES * 71 - (6 + 5 + 6));
      assertThat(summary.path("sentWh").longValue()).isEqualTo(sum(wh, 0, wh.length));
      assertThat(summary.path("refused")).isEmpty();
      assertThat(summary.path("refusedWh").longValue()).isZero();
      assertThat(summary.path("undeliveredWh").longValue()).isZero();
      assertThat(summary.path("lateWh").longValue()).isZero();
      assertThat(summary.path("pendingWh").longValue()).isZero();
      assertThat(summary.path("differenceWh").longValue()).isZero();
      assertThat(summary.path("undisclosedDays").intValue()).isZero();
      assertThat(summary.path("releasedWh").longValue() + summary.path("withheldWh").longValue())
          .isEqualTo(sum(wh, 0, wh.length));
      assertThat(summary.at("/cells/own").intValue()).isEqualTo(2 * 71);
      assertThat(summary.at("/cells/merged").intValue()).isZero();
      // Of the first and the last UTC day, the hours that are not in the file.
      assertThat(summary.at("/cells/suppressed").intValue()).isEqualTo(2 * (4 * 24 - 71));
      assertThat(summary.path("canaryHits").intValue()).isZero();
      for (String member :
          List.of(
              "itemsScanned",
              "logLinesScanned",
              "collectWriteUnits",
              "releaseWriteUnits",
              "wallSeconds",
              "messagesPerSecond",
              "storedMillisP50")) {
        assertThat(summary.path(member).doubleValue()).as(member).isPositive();
      }
      for (String kind : List.of("platform", "meters", "functions", "database")) {
        assertThat(summary.path("cpuSecondsBefore").path(kind).doubleValue())
            .isPositive()
            .isLessThan(summary.path("cpuSeconds").path(kind).doubleValue());
      }
      assertThat(summary.path("bill").path("rules").path("collect_readings.TopicMatch").intValue())
          .isEqualTo(summary.path("messages").intValue() + summary.path("repeats").intValue());
      JsonNode stored = summary.at("/bill/storedBytes");
      assertThat(stored.at("/OpenBlocks/firstDay").intValue())
          .as("items of a day, of which markers are left")
          .isGreaterThan(2 * 500)
          .isGreaterThan(2 * stored.at("/OpenBlocks/end").intValue() / 4);
      assertThat(stored.at("/Usage/firstDay").intValue()).isZero();
      assertThat(stored.at("/Usage/end").intValue()).isPositive();
      assertThat(summary.path("notes").toString())
          .contains("2013-03-31: 96 rows on clock-change day, 4 of them in the hour");
    }
    assertThat(once.path("duplicates").intValue()).isZero();
    assertThat(twice.path("duplicates")).isEqualTo(twice.path("accepted"));
    assertThat(folder.resolve("twice/cells.csv"))
        .hasSameBinaryContentAs(folder.resolve("once/cells.csv"));

    List<String> copies = Files.readAllLines(folder.resolve("once/copies.jsonl"));
    assertThat(copies)
        .filteredOn(copy -> copy.contains("\"open\",\"table\":\"OpenBlocks\""))
        .hasSize(2 * 4);
    assertThat(copies)
        .filteredOn(copy -> copy.contains("\"closed\",\"table\":\"OpenBlocks\""))
        .hasSize(2 * 4)
        .allMatch(copy -> copy.contains("\"z\":\"e\"") && !copy.contains("\"t\":"));
    assertThat(copies)
        .filteredOn(copy -> copy.contains("\"closed\",\"table\":\"Usage\""))
        .hasSize(2 * 4 * 24);

    // The hour from two to three does not exist, and is told with the next.
    int two = QUARTERS + 2 * 4;
    assertThat(releasedWh("once", "2013-03-31T01"))
        .isCloseTo(sum(wh, two, two + 8), within(1_000L));
  }

  /// The third UTC day begins an epoch, so that every meter is in another cohort. It is not told,
  /// as one home has too large a share of it, and a message of it is refused.
  @Test
  void accountsForAutumnAndAnEpochsEnd() throws IOException {
    int[][] wh = homes(3 * QUARTERS + 4);
    int second = 2 * 4; // where it begins, in summer time
    int third = second + QUARTERS;
    for (int quarter = third; quarter < third + QUARTERS; quarter++) {
      wh[quarter][7] = 700;
    }
    int broken = 5;
    wh[third + 40][broken] = 70_000; // more than a connection can carry in an hour
    long refusedWh =
        Arrays.stream(wh, third, third + QUARTERS).mapToLong(quarter -> quarter[broken]).sum();
    int again = 2 * QUARTERS + 3 * 4;
    for (int quarter = again; quarter < again + 4; quarter++) {
      Arrays.setAll(wh[quarter], home -> 200);
    }
    Path file = write(LocalDate.of(2021, 10, 29), again, wh);

    JsonNode summary = run("autumn", "--readings", file.toString(), "--cohorts", "2");

    assertThat(summary.path("epochs").intValue()).isEqualTo(2);
    assertThat(summary.path("accepted").intValue()).isEqualTo(HOMES * 4 - 1);
    assertThat(summary.path("refused").toString()).isEqualTo("{\"ABOVE_CAP\":1}");
    assertThat(summary.path("refusedWh").longValue()).isEqualTo(refusedWh);
    assertThat(summary.path("duplicates").intValue())
        .as("of the others in its cohort, which is asked as a whole")
        .isEqualTo(19);
    assertThat(summary.path("meterHours").intValue()).isEqualTo(HOMES * 73 - 24);
    assertThat(summary.path("sentWh").longValue()).isEqualTo(sum(wh, 0, wh.length));
    assertThat(summary.path("undisclosedDays").intValue()).isEqualTo(1);
    assertThat(summary.path("undisclosedWh").longValue() + releasedWh("autumn", "2021-10-30"))
        .isEqualTo(sum(wh, third, third + QUARTERS) - refusedWh);
    assertThat(releasedWh("autumn", "2021-10-29"))
        .isCloseTo(sum(wh, second, third), within(24_000L));
    assertThat(summary.path("differenceWh").longValue()).isZero();
    assertThat(summary.path("canaryHits").intValue()).isZero();
    assertThat(summary.path("notes").toString())
        .contains("2021-10-31: 100 rows on clock-change day");
    assertThat(releasedWh("autumn", "2021-10-31T00"))
        .isCloseTo(sum(wh, again - 4, again), within(1_000L));
    assertThat(releasedWh("autumn", "2021-10-31T01"))
        .isCloseTo(sum(wh, again, again + 4), within(1_000L));
  }

  @Test
  void endsWithAnErrorWhenMessagesAreLost() throws IOException {
    int exit =
        execute(
            platform -> platform.rules().loseNext("collect_readings", Integer.MAX_VALUE),
            "lost",
            "--meters",
            "20",
            "--days",
            "1");

    assertThat(exit).isEqualTo(ExitCode.SOFTWARE);
    JsonNode summary = summary("lost");
    assertThat(summary.path("unrecordedDays").intValue()).isEqualTo(1);
    assertThat(summary.path("differenceWh")).isEqualTo(summary.path("sentWh"));
  }

  @Test
  void endsWithAnErrorWhenNothingIsReleased() throws IOException {
    int exit =
        execute(
            platform ->
                platform.faults().inject("Release", "Query", _ -> true, new Fault.ServerError()),
            "stuck",
            "--meters",
            "20",
            "--days",
            "1");

    assertThat(exit).isEqualTo(ExitCode.SOFTWARE);
    JsonNode summary = summary("stuck");
    assertThat(summary.path("pendingWh")).isEqualTo(summary.path("sentWh"));
    assertThat(summary.path("differenceWh").longValue()).isZero();
    assertThat(summary.path("givenUp").toString()).contains("ReleaseFunction");
  }

  /// What homes measure that are much alike.
  private static int[][] homes(int quarters) {
    var wh = new int[quarters][HOMES];
    for (int quarter = 0; quarter < quarters; quarter++) {
      int now = quarter;
      Arrays.setAll(wh[quarter], home -> 40 + (7 * home + 13 * now) % 60);
    }
    return wh;
  }

  /// Writes quarter-hours in local time.
  ///
  /// @param again the row from which on the hour before comes a second time
  private Path write(LocalDate first, int again, int[][] wh) throws IOException {
    var csv = new StringBuilder("datetime");
    for (int home = 0; home < HOMES; home++) {
      csv.append(",Klant ").append(home);
    }
    for (int quarter = 0; quarter < wh.length; quarter++) {
      int local = quarter < again ? quarter : quarter - 4;
      csv.append('\n').append(LOCAL.format(first.atStartOfDay().plusMinutes(15L * local)));
      for (int energyWh : wh[quarter]) {
        csv.append(',').append(energyWh == NOT_MEASURED ? "" : energyWh);
      }
    }
    return Files.writeString(folder.resolve(first + ".csv"), csv);
  }

  private static long sum(int[][] wh, int from, int to) {
    return Arrays.stream(wh, from, to)
        .flatMapToInt(Arrays::stream)
        .filter(energyWh -> energyWh != NOT_MEASURED)
        .asLongStream()
        .sum();
  }

  private JsonNode run(String name, String... arguments) throws IOException {
    assertThat(execute(_ -> {}, name, arguments)).as(name).isEqualTo(ExitCode.OK);
    return summary(name);
  }

  private int execute(Consumer<EmbeddedPlatform> started, String name, String... arguments) {
    var run = new Run(Path.of("../.."), folder.resolve("platform"), started);
    return Run.commandLine(run)
        .execute(
            Stream.concat(
                    Stream.of("--out", folder.resolve(name).toString()), Arrays.stream(arguments))
                .toArray(String[]::new));
  }

  private JsonNode summary(String name) throws IOException {
    return new JsonMapper().readTree(folder.resolve(name).resolve("summary.json").toFile());
  }

  /// What the released cells of some hours come to.
  ///
  /// @param hours how their starts begin
  private long releasedWh(String name, String hours) throws IOException {
    try (Stream<String> cells = Files.lines(folder.resolve(name).resolve("cells.csv"))) {
      return cells
          .filter(cell -> cell.startsWith(hours))
          .map(cell -> cell.split(",", -1)[4])
          .filter(kWh -> !kWh.isEmpty())
          .mapToLong(kWh -> 1_000 * Long.parseLong(kWh))
          .sum();
    }
  }
}

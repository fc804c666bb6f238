package meterveil.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import meterveil.block.BlockLength;
import meterveil.energy.WattHours;
import meterveil.meter.ThingName;
import meterveil.simulator.ReadingsCsv.ClockChange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class ReadingsCsvTest {

  private static final DateTimeFormatter LOCAL = DateTimeFormatter.ofPattern("d-M-uuuu HH:mm");
  private static final ThingName HOME = new ThingName("klant-2");

  @TempDir private Path folder;

  @Test
  void addsQuarterHoursUpToUtcHours() throws IOException {
    var csv =
        read(
            """
            datetime,Klant 2,Klant 4
            1-1-2013 00:00,188,31
            1-1-2013 00:15,176,13
            1-1-2013 00:30,1,
            1-1-2013 00:45,2,0
            1-1-2013 01:00,5,
            """);

    assertThat(csv.measurements().things()).containsExactly(HOME, new ThingName("klant-4"));
    assertThat(csv.measurements().start()).isEqualTo("2012-12-31T23:00:00Z");
    assertThat(csv.measurements().end()).isEqualTo("2013-01-01T01:00:00Z");
    assertThat(hours(csv, HOME)).containsExactly(367, 5);
    assertThat(hours(csv, new ThingName("klant-4"))).containsExactly(44, -1);
    assertThat(csv.rows()).isEqualTo(5);
    assertThat(csv.clockChanges()).isEmpty();
    assertThat(csv.measurements().measuredHours()).isEqualTo(3);
  }

  @Test
  void leavesAnHourWithoutRowsUnmeasured() throws IOException {
    var csv = read("datetime,Klant 2\n1-1-2013 00:00,1\n1-1-2013 03:30,2\n");

    assertThat(hours(csv, HOME)).containsExactly(1, -1, -1, 2);
  }

  @Test
  void addsTheHourThatDoesNotExistToTheOneItMapsTo() throws IOException {
    var csv = read(day(LocalDate.of(2013, 3, 31), IntStream.range(0, 96)));

    assertThat(csv.clockChanges())
        .containsExactly(new ClockChange(LocalDate.of(2013, 3, 31), 96, 4, false));
    assertThat(csv.clockChanges().getFirst())
        .hasToString(
            "2013-03-31: 96 rows on clock-change day, 4 of them in the hour that does not exist,"
                + " added to the hour they map to");
    // 23 hours hold 24 hours' rows: 00:00, 01:00, then 02:00 and 03:00 together, 04:00 …
    assertThat(hours(csv, HOME)).startsWith(4, 8, 12 + 16, 20, 24).hasSize(23);
    assertThat(csv.measurements().total()).isEqualTo(new WattHours(4 * 300));
  }

  @Test
  void needsNoHourThatDoesNotExist() throws IOException {
    var rows = IntStream.range(0, 96).filter(quarter -> quarter / 4 != 2);

    var csv = read(day(LocalDate.of(2013, 3, 31), rows));

    assertThat(csv.clockChanges())
        .containsExactly(new ClockChange(LocalDate.of(2013, 3, 31), 92, 0, false));
    assertThat(hours(csv, HOME)).startsWith(4, 8, 16, 20, 24).hasSize(23);
  }

  @Test
  void tellsTheHourThatComesTwiceApart() throws IOException {
    var rows = IntStream.concat(IntStream.range(0, 12), IntStream.range(8, 96));

    var csv = read(day(LocalDate.of(2013, 10, 27), rows));

    assertThat(csv.clockChanges())
        .containsExactly(new ClockChange(LocalDate.of(2013, 10, 27), 100, 0, false));
    assertThat(csv.measurements().start()).isEqualTo("2013-10-26T22:00:00Z");
    assertThat(hours(csv, HOME)).startsWith(4, 8, 12, 12, 16, 20).hasSize(25);
    assertThat(csv.measurements().total()).isEqualTo(new WattHours(4 * 300 + 12));
  }

  @Test
  void takesAnHourThatShouldComeTwiceAsSummerTime() throws IOException {
    var csv = read(day(LocalDate.of(2013, 10, 27), IntStream.range(0, 96)));

    assertThat(csv.clockChanges())
        .containsExactly(new ClockChange(LocalDate.of(2013, 10, 27), 96, 0, true));
    assertThat(csv.clockChanges().getFirst().toString())
        .endsWith("the hour that comes twice once, taken as summer time");
    assertThat(hours(csv, HOME)).startsWith(4, 8, 12, -1, 16, 20).hasSize(25);
    assertThat(csv.measurements().total()).isEqualTo(new WattHours(4 * 300));
  }

  @Test
  void readsTheLocalTimeOfOtherZones() throws IOException {
    Path file = write("datetime,Home\n10-3-2024 01:45,1\n10-3-2024 02:00,2\n10-3-2024 03:00,4\n");

    var csv = ReadingsCsv.read(file, ZoneId.of("America/Los_Angeles"));

    assertThat(csv.measurements().start()).isEqualTo("2024-03-10T09:00:00Z");
    assertThat(hours(csv, new ThingName("home"))).containsExactly(1, 6);
    assertThat(csv.clockChanges())
        .containsExactly(new ClockChange(LocalDate.of(2024, 3, 10), 3, 1, false));
  }

  /// Half a year of seven homes with a clock change in it, as long and as wide as real files are.
  @ParameterizedTest
  @CsvSource({"2013-01-01, 181", "2013-07-01, 184", "2012-01-01, 732"})
  void losesNoEnergy(LocalDate first, int days) throws IOException {
    var random = new SplittableRandom(days);
    var text =
        new StringBuilder("datetime,")
            .append(
                IntStream.range(0, 7).mapToObj(i -> "Home " + i).collect(Collectors.joining(",")));
    long totalWh = 0;
    for (int quarter = 0; quarter < days * 96; quarter++) {
      text.append('\n').append(LOCAL.format(first.atStartOfDay().plusMinutes(quarter * 15L)));
      for (int home = 0; home < 7; home++) {
        int wh = random.nextInt(2_000);
        totalWh += wh;
        text.append(',').append(wh);
      }
    }

    var csv = read(text.toString());

    assertThat(csv.rows()).isEqualTo(days * 96);
    assertThat(csv.measurements().total()).isEqualTo(new WattHours(totalWh));
    // The UTC hours of local days, the first of which began the UTC day before.
    assertThat(csv.measurements().blocks(BlockLength.DAY)).isEqualTo(days + 1);
    assertThat(csv.clockChanges()).isNotEmpty();
  }

  static Stream<Arguments> badFiles() {
    String head = "datetime,Klant 2,Klant 4\n";
    return Stream.of(
        Arguments.of("", "bad.csv: empty"),
        Arguments.of(head, "bad.csv:1: a header, but no rows"),
        Arguments.of("time,Klant 2\n", "bad.csv:1: expected a header such as: datetime,Klant 2"),
        Arguments.of("datetime\n1-1-2013 00:00\n", "bad.csv:1: expected a header such as"),
        Arguments.of("datetime,a,\n", "bad.csv:1: column 3 has no name of 1 to 64 characters"),
        Arguments.of("datetime,a 1,A-1\n", "bad.csv:1: two columns are named a-1"),
        Arguments.of(head + "1-1-2013 00:00,1\n", "bad.csv:2: 2 columns where the header has 3"),
        Arguments.of(
            head + "1-1-2013 00:00,1,2\n\n1-1-2013 00:15,1,2,3\n",
            "bad.csv:4: 4 columns where the header has 3"),
        Arguments.of(
            head + "1-1-2013 00:00,1,x\n",
            "bad.csv:2: column 3 (klant-4): \"x\" is not a whole number of watt-hours"),
        Arguments.of(
            head + "1-1-2013 00:00,-1,2\n",
            "bad.csv:2: column 2 (klant-2): \"-1\" is not a whole number of watt-hours"),
        Arguments.of(
            head + "1-1-2013 00:00,1.5,2\n",
            "bad.csv:2: column 2 (klant-2): \"1.5\" is not a whole number of watt-hours"),
        Arguments.of(
            head + "1-1-2013 00:00,99999999999,2\n",
            "bad.csv:2: column 2 (klant-2): more than 1,000,000 Wh in a quarter-hour"),
        Arguments.of(
            head + "2013-01-01 00:00,1,2\n",
            "bad.csv:2: \"2013-01-01 00:00\" is not the start of a quarter-hour"),
        Arguments.of(head + "30-2-2013 00:00,1,2\n", "bad.csv:2: \"30-2-2013 00:00\" is not"),
        Arguments.of(head + "1-1-2013 24:00,1,2\n", "bad.csv:2: \"1-1-2013 24:00\" is not"),
        Arguments.of(head + "1-1-2013 00:05,1,2\n", "bad.csv:2: \"1-1-2013 00:05\" is not"),
        Arguments.of(head + "1-1-20013 00:00,1,2\n", "bad.csv:2: \"1-1-20013 00:00\" is not"),
        Arguments.of(
            head + "1-1-1913 00:00,1,2\n",
            "bad.csv:2: column 1 (datetime): \"1-1-1913 00:00\" is not in the years 2001 to 2048"),
        Arguments.of(
            head + "31-12-2000 23:45,1,2\n",
            "bad.csv:2: column 1 (datetime): \"31-12-2000 23:45\" is not in the years"),
        Arguments.of(
            head + "31-12-2048 23:45,1,2\n1-1-2049 00:00,1,2\n",
            "bad.csv:3: column 1 (datetime): \"1-1-2049 00:00\" is not in the years"),
        Arguments.of(head + ",1,2\n", "bad.csv:2: \"\" is not the start of a quarter-hour"),
        Arguments.of(
            head + "1-1-2013 00:00,1,2\n1-1-2013 00:00,1,2\n",
            "bad.csv:3: 1-1-2013 00:00 does not come after the row before it"),
        Arguments.of(
            head + "1-1-2013 00:15,1,2\n1-1-2013 00:00,1,2\n",
            "bad.csv:3: 1-1-2013 00:00 does not come after the row before it"),
        Arguments.of(
            head + "31-3-2013 02:15,1,2\n31-3-2013 02:15,1,2\n",
            "bad.csv:3: 31-3-2013 02:15 does not come after the row before it"),
        Arguments.of(
            head + "27-10-2013 02:15,1,2\n".repeat(3),
            "bad.csv:4: 27-10-2013 02:15 does not come after the row before it"),
        Arguments.of(
            head + "1-1-2013 00:15,1,2\n1-1-2031 00:00,1,2\n",
            "bad.csv:3: 1-1-2031 00:00 is ten years after the first row"));
  }

  @ParameterizedTest
  @MethodSource("badFiles")
  void saysWhatIsWrongWithAFileByLine(String content, String message) throws IOException {
    Path file = write(content);

    assertThatExceptionOfType(BadFileException.class)
        .isThrownBy(() -> ReadingsCsv.read(file))
        .withMessageStartingWith(folder.resolve(message).toString());
  }

  @Test
  void readsOnAfterAHoleOfYears() throws IOException {
    Measurements measurements =
        ReadingsCsv.read(write("datetime,Klant 2\n1-1-2013 00:00,1\n1-1-2020 00:00,2\n"))
            .measurements();
    assertThat(measurements.total()).isEqualTo(new WattHours(3));
    assertThat(measurements.end()).isEqualTo("2020-01-01T00:00:00Z");
  }

  @Test
  void saysThatAFileIsNotThere() {
    assertThatExceptionOfType(BadFileException.class)
        .isThrownBy(() -> ReadingsCsv.read(folder.resolve("none.csv")))
        .withMessageEndingWith("none.csv: no such file");
    assertThatExceptionOfType(BadFileException.class)
        .isThrownBy(() -> ReadingsCsv.read(folder))
        .withMessageEndingWith("not a file that can be read");
  }

  /// Rows of one home for quarter-hours of a day; each has as many watt-hours as its hour plus one.
  private static String day(LocalDate day, IntStream quarters) {
    List<String> lines = new ArrayList<>(List.of("datetime,Klant 2"));
    quarters.forEach(quarter -> {
      LocalDateTime local = day.atStartOfDay().plusMinutes(quarter * 15L);
      lines.add(LOCAL.format(local) + "," + (local.getHour() + 1));
    });
    return String.join("\n", lines);
  }

  private static List<Integer> hours(ReadingsCsv csv, ThingName thing) {
    LoadProfile profile = csv.measurements().of(thing);
    return Stream.iterate(
            profile.start(),
            (Instant hour) -> hour.isBefore(profile.end()),
            h -> h.plusSeconds(3600))
        .map(profile::energyWh)
        .toList();
  }

  private ReadingsCsv read(String content) throws IOException {
    return ReadingsCsv.read(write(content));
  }

  private Path write(String content) throws IOException {
    return Files.writeString(folder.resolve("bad.csv"), content);
  }
}

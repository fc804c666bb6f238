package meterveil.embedded.run;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import meterveil.block.BlockLength;
import meterveil.block.Epoch;
import meterveil.meter.ListedMeter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RunTest {

  @TempDir private Path folder;

  private final Run run = new Run(Path.of("."));
  private final StringWriter said = new StringWriter();

  private int execute(String... arguments) {
    return Run.commandLine(run)
        .setErr(new PrintWriter(said))
        .setOut(new PrintWriter(said))
        .execute(arguments);
  }

  private Scenario scenario(String... arguments) throws IOException {
    Run.commandLine(run).parseArgs(arguments);
    return run.scenario();
  }

  @Test
  void runs200MetersIn4CohortsAnd2DistrictsOver7DaysUnlessToldOtherwise() throws IOException {
    Scenario scenario = scenario();

    assertThat(scenario.meters()).hasSize(200);
    assertThat(scenario.meters().stream().map(ListedMeter::district).distinct()).hasSize(2);
    assertThat(scenario.days()).hasSize(7);
    assertThat(scenario.tenant().blockLength()).isEqualTo(BlockLength.DAY);
    assertThat(scenario.messages()).isEqualTo(1_400);
    assertThat(scenario.epochs()).hasSize(1);
    assertThat(scenario.plan(scenario.epochs().getFirst()).cohorts()).hasSize(4);
    assertThat(scenario.tenant().retention()).isEqualTo(Duration.ofDays(30));
  }

  @Test
  void doesNotDisturbAnotherRun() throws IOException {
    Path lock = Files.createDirectories(folder.resolve("target")).resolve("platform.lock");
    try (var other = FileChannel.open(lock, CREATE, WRITE);
        var _ = other.lock()) {
      int code =
          Run.commandLine(new Run(folder)).setErr(new PrintWriter(said)).execute("--meters=1");
      assertThat(code).isEqualTo(2);
    }
    assertThat(said.toString()).contains("Another run is going on", "end it first");
  }

  @Test
  void isNotDisturbedByARunInAnotherFolder() throws IOException {
    Path lock = Files.createDirectories(folder.resolve("target")).resolve("platform.lock");
    try (var other = FileChannel.open(lock, CREATE, WRITE);
        var _ = other.lock()) {
      var elsewhere = new Run(folder, folder.resolve("elsewhere").resolve("platform"), _ -> {});
      Run.commandLine(elsewhere).setErr(new PrintWriter(said)).execute("--meters=0");
    }
    assertThat(said.toString()).contains("--meters must be 1 or more");
  }

  @Test
  void plansTheSameFromTheSameSeed() throws IOException {
    Scenario scenario = scenario("--seed", "7", "--days", "40");
    var epoch = scenario.epochs().getLast();

    assertThat(scenario.plan(epoch)).isEqualTo(scenario("--seed", "7", "--days", "40").plan(epoch));
    assertThat(scenario.plan(epoch).memberships())
        .isNotEqualTo(scenario("--seed", "8", "--days", "40").plan(epoch).memberships());
    assertThat(scenario.epochs()).hasSize(2);
    assertThat(scenario.tenant().retention()).isEqualTo(Duration.ofDays(45));
  }

  @Test
  void dealsOutToAsManyCohortsAsAskedFor() throws IOException {
    Scenario scenario =
        scenario("--meters", "60", "--districts", "1", "--cohorts", "3", "--block", "6");

    assertThat(scenario.plan(scenario.epochs().getFirst()).cohorts())
        .hasSize(3)
        .allSatisfy(cohort -> {
          assertThat(cohort.members()).isEqualTo(20);
          assertThat(cohort.blockLength()).isEqualTo(BlockLength.QUARTER_DAY);
        });
  }

  @ParameterizedTest
  @CsvSource({"56, 1, 10", "200, 2, 30", "11, 3, 9", "7, 2, 6", "12, 3, 12", "151, 2, 4"})
  void dealsOutToAsManyCohortsThoughTheyAreUneven(String meters, String districts, int cohorts)
      throws IOException {
    Scenario scenario =
        scenario(
            "--meters", meters, "--districts", districts, "--cohorts", Integer.toString(cohorts));

    assertThat(scenario.plan(scenario.epochs().getFirst()).cohorts()).hasSize(cohorts);
  }

  @Test
  void replaysAFile() throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("homes.csv"),
            """
            datetime,7,Klant 12
            31-3-2013 1:45,100,200
            31-3-2013 2:00,1,2
            31-3-2013 3:00,10,20
            """);
    Scenario scenario = scenario("--readings", file.toString(), "--retention-days", "5");

    assertThat(scenario.file()).contains("homes.csv");
    assertThat(scenario.measurements().things().stream().map(Object::toString))
        .containsExactly("meter-7", "klant-12");
    assertThat(scenario.days()).containsExactly(LocalDate.of(2013, 3, 31));
    assertThat(scenario.epochs()).containsExactly(Epoch.of(LocalDate.of(2013, 3, 31)));
    assertThat(scenario.notes())
        .anySatisfy(note -> assertThat(note).contains("2013-03-31", "the hour that does not exist"))
        .anySatisfy(note -> assertThat(note).contains("5 days", "has expired"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          --meters 0                                | --meters must be 1 or more, not 0
          --meters many                             | --meters
          --meters 2000000000                       | 2,000,000,000 meters need 2,000,001,000 files open at once
          --days -1                                 | --days must be 1 or more, not -1
          --block 12                                | a block has 1, 6 or 24 hours, not 12
          --cohorts 3                               | 3 cohorts of 200 meters: they must be the same number in each of 2 districts
          --cohorts 2                               | 200 meters in 2 cohorts are too many in each: at most 75
          --cohorts 4 --cohort-size 50              | --cohort-size cannot be given here
          --cohort-size 76                          | --cohort-size must be 1 to 75, not 76
          --districts 9 --meters 5                  | 5 meters cannot be in 9 districts
          --retention-days 3                        | retention is 5 to 3653 whole days
          --readings homes.csv --meters 5           | --meters cannot be given here: the file says how many
          --readings no-such-file.csv               | no-such-file.csv: no such file
          --colour                                  | Unknown option: '--colour'
          --seed                                    | Missing required parameter for option '--seed'
          """)
  void saysWhatIsWrongWithWhatWasAskedFor(String arguments, String why) {
    int exit = execute(arguments.split(" +"));

    assertThat(said.toString()).contains(why, "scripts/run --help");
    assertThat(said.toString()).doesNotContain("Exception", "\tat ");
    assertThat(exit).isEqualTo(2);
  }

  @Test
  void saysWhichLineOfAFileIsWrong() throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("bad.csv"),
            """
            datetime,Klant 2
            1-1-2013 00:00,188
            1-1-2013 00:15,lots
            """);

    assertThat(execute("--readings", file.toString())).isEqualTo(2);
    assertThat(said.toString()).contains("bad.csv:3: column 2 (klant-2): \"lots\"");
  }

  @Test
  void explainsItself() {
    assertThat(execute("--help")).isZero();
    assertThat(said.toString())
        .contains(
            "Usage: scripts/run", "--readings", "--meters", "--days", "--out", "Default: 200");
  }
}

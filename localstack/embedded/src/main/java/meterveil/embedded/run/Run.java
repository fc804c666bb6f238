package meterveil.embedded.run;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;

import com.sun.management.UnixOperatingSystemMXBean;
import java.io.Console;
import java.io.IOException;
import java.io.Writer;
import java.lang.management.ManagementFactory;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import meterveil.block.BlockLength;
import meterveil.cohort.Cohort;
import meterveil.embedded.EmbeddedPlatform;
import meterveil.simulator.BadFileException;
import meterveil.usage.ReleasedCell;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// Runs the platform's main job on this machine: meters, broker, functions, tables, and what comes
/// of it.
///
/// Ends with 0 when all energy is accounted for and no trace of a meter was found, with 1 when not
/// or when something failed, with 2 when what was asked for is wrong.
@Command(
    name = "scripts/run",
    description = {
      "Runs Meterveil's main job on this machine: meters publish with certificates, functions make"
          + " anonymous cells of it, and a summary says where all the energy went.",
      ""
    },
    sortOptions = false,
    usageHelpAutoWidth = true)
final class Run implements Callable<Integer> {

  @Option(
      names = "--readings",
      paramLabel = "FILE.csv",
      description =
          "Replay real data instead of made-up homes: quarter-hours in Dutch local time, a column for each home.")
  private Optional<Path> readings = Optional.empty();

  @Option(
      names = "--meters",
      paramLabel = "N",
      description = "How many homes to make up. Default: 200")
  private Optional<Integer> meters = Optional.empty();

  @Option(names = "--days", paramLabel = "N", description = "How many days to make up. Default: 7")
  private Optional<Integer> days = Optional.empty();

  @Option(
      names = "--districts",
      paramLabel = "N",
      description = "How many districts the meters are in. Default: 2, or 1 with --readings")
  private Optional<Integer> districts = Optional.empty();

  @Option(
      names = "--cohorts",
      paramLabel = "N",
      description =
          "How many cohorts the meters are dealt out to. Default: as --cohort-size gives, so 4 for 200 meters")
  private Optional<Integer> cohorts = Optional.empty();

  @Option(
      names = "--cohort-size",
      paramLabel = "N",
      description =
          "How many meters to come close to in a cohort, 1 to 75, in place of --cohorts. Default: 50")
  private Optional<Integer> cohortSize = Optional.empty();

  @Option(
      names = "--block",
      paramLabel = "HOURS",
      defaultValue = "24",
      description = "What a meter reports at once: 24, 6 or 1 hours. Default: 24")
  private int block;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      description = "What names, made-up homes and cohorts depend on. Default: 1")
  private long seed;

  @Option(
      names = "--retention-days",
      paramLabel = "N",
      description = "How long what is released is kept. Default: longer than the run")
  private Optional<Integer> retentionDays = Optional.empty();

  @Option(
      names = "--twice",
      description = "Deliver every message twice; nothing may be counted twice.")
  private boolean twice;

  @Option(
      names = "--keep",
      description =
          "Run no meters: leave an empty platform running until Ctrl-C, for scripts/meters --embedded"
              + " and for meters of your own. How to reach it goes into target/run/platform.env.")
  private boolean keep;

  @Option(
      names = "--out",
      paramLabel = "FOLDER",
      description =
          "Where summary.json, cells.csv, report.html and copies.jsonl go. Default: target/run of the repository")
  private Optional<Path> out = Optional.empty();

  /// Beside one for each meter, in the process with the broker.
  private static final long FILES_BESIDE = 1_000;

  @Spec private CommandSpec spec = CommandSpec.create();

  private final Path repository;
  private final Path work;
  private final Consumer<EmbeddedPlatform> started;

  /// @param repository its root folder
  Run(Path repository) {
    this(repository, repository.resolve("target/platform"), _ -> {});
  }

  /// @param repository its root folder
  /// @param work a folder for what the platform writes; what is in it is deleted
  /// @param started is given the platform before there are meters
  Run(Path repository, Path work, Consumer<EmbeddedPlatform> started) {
    this.repository = repository;
    this.work = work;
    this.started = started;
  }

  /// Ends the process with the run's exit code.
  public static void main(String... arguments) {
    var repository = Path.of(System.getProperty("meterveil.repository", "")).toAbsolutePath();
    System.exit(commandLine(new Run(repository)).execute(arguments));
  }

  static CommandLine commandLine(Run run) {
    var help = OptionSpec.builder("-h", "--help").usageHelp(true).description("Say this.").build();
    return new CommandLine(CommandSpec.forAnnotatedObject(run).addOption(help))
        .setParameterExceptionHandler((e, _) -> {
          e.getCommandLine().getErr().println(e.getMessage());
          e.getCommandLine().getErr().println("scripts/run --help says what can be asked for.");
          return CommandLine.ExitCode.USAGE;
        });
  }

  /// One at a time in a folder, as each has the platform's to itself.
  @Override
  public Integer call() throws IOException, InterruptedException {
    Path lock = work.toAbsolutePath().resolveSibling("platform.lock");
    Files.createDirectories(lock.getParent());
    try (var mine = FileChannel.open(lock, CREATE, WRITE);
        FileLock _ = lock(mine)) {
      return keep ? keep() : run();
    }
  }

  private FileLock lock(FileChannel file) throws IOException {
    try {
      FileLock lock = file.tryLock();
      if (lock != null) {
        return lock;
      }
    } catch (OverlappingFileLockException _) {
      // The other run is in this very process.
    }
    throw new ParameterException(
        spec.commandLine(), "Another run is going on in " + work + ": end it first.");
  }

  private Integer run() throws IOException, InterruptedException {
    Scenario scenario = scenario();
    Path folder = out.orElse(repository.resolve("target").resolve("run"));
    createFolder(folder);
    boolean terminal =
        Optional.ofNullable(System.console()).filter(Console::isTerminal).isPresent();
    var progress = new Progress(System.out, terminal, Clock.systemUTC());
    Replay.Outcome outcome =
        new Replay(scenario, repository, work, Optional.empty(), started, twice, progress).run();
    RunSummary summary = outcome.summary();
    List<ReleasedCell> cells = outcome.accounts().cells();
    Files.writeString(folder.resolve("summary.json"), summary.toJson());
    try (Writer csv = Files.newBufferedWriter(folder.resolve("cells.csv"))) {
      CellsCsv.write(cells, csv);
    }
    Files.writeString(folder.resolve("report.html"), new Report(summary, cells).html());
    Files.write(folder.resolve("copies.jsonl"), outcome.copies());
    progress.say(new Printed(summary, folder).text());
    return summary.isRight() ? CommandLine.ExitCode.OK : CommandLine.ExitCode.SOFTWARE;
  }

  /// Before a run of minutes, not after it.
  private void createFolder(Path folder) {
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new ParameterException(
          spec.commandLine(), "--out must be a folder that can be written to, not " + folder, e);
    }
  }

  private Integer keep() throws IOException, InterruptedException {
    if (spec.commandLine().getParseResult().matchedOptions().size() > 1) {
      throw new ParameterException(spec.commandLine(), "--keep takes no other option");
    }
    Path file = repository.resolve("target/run/platform.env");
    Replay.delete(work);
    Kept kept = Kept.start(repository.resolve("infrastructure-cdk/target/cdk.out"), work, file);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> deleteQuietly(file)));
    System.out.println("The platform runs until Ctrl-C. How to reach it: " + file);
    System.out.println("For instance: scripts/meters --embedded list");
    try (kept) {
      kept.await(Kept.SCHEDULES);
    }
    return CommandLine.ExitCode.OK;
  }

  /// The platform's own processes end with this one.
  private static void deleteQuietly(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException _) {
      // It says how to reach what is not there any more.
    }
  }

  /// @throws ParameterException if what was asked for is wrong
  Scenario scenario() throws IOException {
    try {
      if (readings.isPresent()) {
        refuse(meters.isPresent(), "--meters", "the file says how many");
        refuse(days.isPresent(), "--days", "the file says which");
        Scenario scenario = Scenario.replay(readings.get(), choices(1));
        requireFiles(scenario.meters().size());
        return scenario;
      }
      int howMany = positive("--meters", meters.orElse(200));
      requireFiles(howMany);
      return Scenario.madeUp(howMany, positive("--days", days.orElse(7)), choices(2));
    } catch (IllegalArgumentException | BadFileException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
  }

  private Scenario.Choices choices(int districtsUnlessSaid) {
    refuse(
        cohorts.isPresent() && cohortSize.isPresent(), "--cohort-size", "--cohorts says the same");
    if (cohortSize.isPresent() && (cohortSize.get() < 1 || cohortSize.get() > Cohort.MEMBERS_MAX)) {
      throw new IllegalArgumentException(
          "--cohort-size must be 1 to %d, not %d".formatted(Cohort.MEMBERS_MAX, cohortSize.get()));
    }
    cohorts.ifPresent(count -> positive("--cohorts", count));
    return new Scenario.Choices(
        seed,
        BlockLength.ofHours(block),
        positive("--districts", districts.orElse(districtsUnlessSaid)),
        cohortSize,
        cohorts,
        retentionDays);
  }

  /// @throws IllegalArgumentException if so many meters have more connections than may be open
  private static void requireFiles(int meters) {
    long needed = meters + FILES_BESIDE;
    if (ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean system
        && needed > system.getMaxFileDescriptorCount()) {
      throw new IllegalArgumentException(
          "%,d meters need %,d files open at once, and this process may have %,d (ulimit -n)"
              .formatted(meters, needed, system.getMaxFileDescriptorCount()));
    }
  }

  private static int positive(String option, int value) {
    if (value < 1) {
      throw new IllegalArgumentException("%s must be 1 or more, not %d".formatted(option, value));
    }
    return value;
  }

  private static void refuse(boolean given, String option, String why) {
    if (given) {
      throw new IllegalArgumentException("%s cannot be given here: %s".formatted(option, why));
    }
  }
}

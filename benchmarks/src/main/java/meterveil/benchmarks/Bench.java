package meterveil.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import meterveil.benchmarks.price.Price;
import meterveil.benchmarks.privacy.Privacy;
import meterveil.benchmarks.speed.Speed;
import meterveil.simulator.BadFileException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// Measures speed, price and privacy, prints tables, and leaves JSON and charts in `target/bench`.
///
/// Ends with 0 when everything was measured, met or not; with 1 when something failed; with 2 when
/// what was asked for is wrong.
@Command(
    name = "scripts/bench",
    description = {
      "Measures how fast Meterveil is, what it costs, and what its stores give away."
          + " Tables are printed; JSON and charts go to target/bench, with goals.json beside them.",
      ""
    },
    sortOptions = false,
    usageHelpAutoWidth = true)
final class Bench implements Callable<Integer> {

  /// What can be measured.
  enum Part {
    SPEED,
    PRICE,
    PRIVACY;

    /// What it leaves.
    Path file(Path folder) {
      return folder.resolve(name().toLowerCase(Locale.ROOT) + ".json");
    }
  }

  /// How long all parts in one go took last.
  private static final String WHOLE = "whole.json";

  private static final double WHOLE_MINUTES_MAX = 20;
  private static final double SECONDS_PER_MINUTE = 60;
  private static final ObjectWriter WRITER = new JsonMapper().writerWithDefaultPrettyPrinter();

  @Parameters(
      arity = "0..*",
      paramLabel = "speed|price|privacy",
      description = "What to measure. Default: all")
  private List<Part> parts = List.of();

  @Option(
      names = "--readings",
      paramLabel = "FILE.csv",
      description =
          "Homes for the privacy benchmark, in the format of scripts/run --readings; half a year of"
              + " some fifty homes. Default: what lies in shared/data beside the repository")
  private Optional<Path> readings = Optional.empty();

  @Option(
      names = "--starts",
      paramLabel = "N",
      description =
          "How often to start each function with each setting, for speed; 15 take half an hour."
              + " Default: 15 for collect, 2 for the others")
  private Optional<Integer> starts = Optional.empty();

  @Option(
      names = "--meters",
      paramLabel = "N",
      description =
          "Another size of the whole line, for speed, beside 100 and 1,000 meters. Each takes an"
              + " open file of two processes")
  private Optional<Integer> meters = Optional.empty();

  @Spec private CommandSpec spec = CommandSpec.create();

  private final Path repository;
  private final Clock clock = Clock.systemUTC();

  /// @param repository its root folder
  Bench(Path repository) {
    this.repository = repository;
  }

  /// Ends the process with the exit code.
  public static void main(String... arguments) {
    var repository = Path.of(System.getProperty("meterveil.repository", "")).toAbsolutePath();
    System.exit(commandLine(repository).execute(arguments));
  }

  static CommandLine commandLine(Path repository) {
    var help = OptionSpec.builder("-h", "--help").usageHelp(true).description("Say this.").build();
    return new CommandLine(CommandSpec.forAnnotatedObject(new Bench(repository)).addOption(help))
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setParameterExceptionHandler((e, _) -> {
          e.getCommandLine().getErr().println(e.getMessage());
          e.getCommandLine().getErr().println("scripts/bench --help says what can be measured.");
          return CommandLine.ExitCode.USAGE;
        });
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    var goals = new ArrayList<Goal>();
    List<Part> asked = parts.isEmpty() ? List.of(Part.values()) : parts;
    positive("--starts", starts);
    positive("--meters", meters);
    if (asked.contains(Part.PRIVACY)) {
      var _ = homes(); // that there are none is said before the others are measured, not after
    }
    Path folder = Files.createDirectories(repository.resolve("target").resolve("bench"));
    var runs = new MainLineRuns(repository, folder);
    boolean whole = asked.containsAll(List.of(Part.values()));
    if (whole) {
      Files.deleteIfExists(folder.resolve(WHOLE));
    }
    Instant began = clock.instant();
    for (Part part : asked) {
      Instant begin = clock.instant();
      Files.deleteIfExists(part.file(folder)); // so that nothing older is told if it fails
      writeGoals(folder);
      List<Outcome> outcomes =
          switch (part) {
            case SPEED -> Speed.measure(repository, runs, starts, meters);
            case PRICE -> List.of(Price.measure(repository, runs));
            case PRIVACY -> Privacy.measure(homes(), repository, runs);
          };
      var figures = new LinkedHashMap<String, Object>();
      List<Goal> ofPart = outcomes.stream().flatMap(it -> it.goals().stream()).toList();
      goals.addAll(ofPart);
      for (Outcome outcome : outcomes) {
        outcome.tables().forEach(table -> System.out.print(table.text()));
        figures.put(outcome.name(), outcome.figures());
        for (Map.Entry<String, String> chart : outcome.charts().entrySet()) {
          Files.writeString(folder.resolve(chart.getKey() + ".svg"), chart.getValue());
        }
      }
      write(part.file(folder), figures, begin, ofPart);
      writeGoals(folder);
    }
    if (whole) {
      double minutes = Duration.between(began, clock.instant()).toSeconds() / SECONDS_PER_MINUTE;
      var goal =
          Goal.atMost(
              "all of this in one go, without the build", "minutes", minutes, WHOLE_MINUTES_MAX);
      goals.add(goal);
      write(folder.resolve(WHOLE), new LinkedHashMap<>(), began, List.of(goal));
      writeGoals(folder);
    }
    System.out.print(table(goals).text());
    System.out.printf("%nFigures, goals and charts: %s%n", folder);
    return CommandLine.ExitCode.OK;
  }

  private void write(Path file, Map<String, Object> figures, Instant begin, List<Goal> goals)
      throws IOException {
    figures.put("measuredAt", begin.truncatedTo(ChronoUnit.SECONDS).toString());
    figures.put("seconds", Duration.between(begin, clock.instant()).toSeconds());
    figures.put("goals", goals);
    Files.writeString(file, WRITER.writeValueAsString(figures) + "\n");
  }

  private static void writeGoals(Path folder) throws IOException {
    Files.writeString(folder.resolve("goals.json"), WRITER.writeValueAsString(all(folder)) + "\n");
  }

  /// The goals of every part as it was measured last, whichever were asked for now, and when that
  /// was.
  static List<JsonNode> all(Path folder) throws IOException {
    var goals = new ArrayList<JsonNode>();
    Stream<Path> parts = Arrays.stream(Part.values()).map(part -> part.file(folder));
    for (Path file : Stream.concat(parts, Stream.of(folder.resolve(WHOLE))).toList()) {
      if (Files.exists(file)) {
        JsonNode figures = new JsonMapper().readTree(file.toFile());
        for (JsonNode goal : figures.path("goals")) {
          goals.add(((ObjectNode) goal).set("measuredAt", figures.path("measuredAt")));
        }
      }
    }
    return goals;
  }

  private Path homes() throws IOException {
    Path file =
        readings.orElseGet(() ->
            repository.resolveSibling("shared/data/zonnedael/liander_zonnedael_2013_original.csv"));
    if (!Files.isReadable(file)) {
      throw wrong("there are no homes at %s: give a file with --readings".formatted(file));
    }
    try {
      Privacy.requireEnough(file);
    } catch (BadFileException | IllegalArgumentException e) {
      throw wrong(String.valueOf(e.getMessage()));
    }
    return file;
  }

  private void positive(String option, Optional<Integer> value) {
    if (value.isPresent() && value.get() < 1) {
      throw wrong("%s must be 1 or more, not %d".formatted(option, value.get()));
    }
  }

  private CommandLine.ParameterException wrong(String what) {
    return new CommandLine.ParameterException(spec.commandLine(), what);
  }

  private static Table table(List<Goal> goals) {
    var table = new Table("Goals", "", "measured", "goal", "");
    for (Goal goal : goals) {
      table.row(
          goal.goal(),
          "%s %s".formatted(number(goal.measured()), goal.unit()),
          number(goal.target()),
          goal.met() ? "met" : "MISSED");
    }
    return table;
  }

  private static String number(double value) {
    return Math.abs(value) >= 100 || value == Math.rint(value)
        ? String.format(Locale.ROOT, "%,.0f", value)
        : String.format(Locale.ROOT, "%.3f", value);
  }
}

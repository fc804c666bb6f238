package meterveil.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// Whole runs of the embedded platform, each in processes of its own, as `scripts/run` starts them.
/// A run that was made once is not made again for the next who asks for the same.
public final class MainLineRuns {

  private final Path repository;
  private final Path folder;
  private final Map<List<String>, Path> made = new LinkedHashMap<>();

  /// @param repository its root folder
  /// @param folder for what the runs leave
  MainLineRuns(Path repository, Path folder) {
    this.repository = repository;
    this.folder = folder;
  }

  /// What a run has left: `summary.json`, `cells.csv`, `copies.jsonl`, and its log.
  ///
  /// @param folder of these
  /// @param summary the first of them
  public record Run(Path folder, JsonNode summary) {}

  /// A folder for files to be run.
  public Path folder() {
    return folder;
  }

  /// An empty folder, without what an earlier benchmark has left there.
  ///
  /// @param name of it
  public Path emptied(String name) throws IOException {
    Path emptied = folder.resolve(name);
    if (Files.exists(emptied)) {
      try (Stream<Path> all = Files.walk(emptied)) {
        for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(path);
        }
      }
    }
    return Files.createDirectories(emptied);
  }

  /// Runs the embedded platform. A run that ends well but for traces of a meter is one to be told
  /// of.
  ///
  /// @param arguments of `scripts/run`, without `--out`
  /// @throws IllegalStateException if the run fails, with the end of what it said
  public Run run(String... arguments) throws IOException, InterruptedException {
    var key = List.of(arguments);
    Path out = made.get(key);
    if (out == null) {
      out = folder.resolve("run-" + (made.size() + 1));
      run(key, out);
      made.put(key, out);
    }
    return new Run(out, read(out.resolve("summary.json")));
  }

  private static JsonNode read(Path summary) throws IOException {
    return new JsonMapper().readTree(summary.toFile());
  }

  /// How many traces of a single meter a run has found.
  public static long traces(JsonNode summary) {
    return summary.required("canaryHits").asLong();
  }

  /// Whether it failed by traces alone, which is a figure here.
  private static boolean onlyHasTraces(JsonNode summary) {
    return traces(summary) > 0
        && summary.required("differenceWh").asLong() == 0
        && summary.required("unrecordedDays").asInt() == 0
        && summary.required("undone").isEmpty();
  }

  private void run(List<String> arguments, Path out) throws IOException, InterruptedException {
    Files.createDirectories(out);
    System.out.printf("  running scripts/run %s …%n", String.join(" ", arguments));
    var command = new ArrayList<String>();
    command.add(repository.resolve("scripts/run").toString());
    command.addAll(arguments);
    command.add("--out");
    command.add(out.toString());
    Path log = out.resolve("log.txt");
    Path summary = out.resolve("summary.json");
    Files.deleteIfExists(summary);
    int exit =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start()
            .waitFor();
    if (exit != 0 && !(Files.exists(summary) && onlyHasTraces(read(summary)))) {
      List<String> lines = Files.readAllLines(log);
      throw new IllegalStateException(
          "scripts/run %s failed:%n%s"
              .formatted(
                  String.join(" ", arguments),
                  String.join("\n", lines.subList(Math.max(0, lines.size() - 30), lines.size()))));
    }
  }
}

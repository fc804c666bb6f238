package meterveil.benchmarks.speed;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import meterveil.benchmarks.Chart;
import meterveil.benchmarks.Goal;
import meterveil.benchmarks.Outcome;
import meterveil.benchmarks.Spread;
import meterveil.benchmarks.Table;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.BenchmarkResult;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;

/// Runs [CollectBenchmark].
public final class Collecting {

  private static final double MICROS_PER_SECOND = 1e6;
  private static final double TIMES_USUAL_MIN = 10;
  private static final double TIMES_FLOOR_MAX = 2;

  private record Measured(Spread micros, double bytes) {}

  private Collecting() {}

  /// Runs it.
  ///
  /// @throws IllegalStateException if a benchmark fails
  public static Outcome run() {
    Map<String, Measured> measured = measure();
    Measured ours = named(measured, "meterveil");
    Measured usual = named(measured, "usual");
    Measured plain = named(measured, "plain");
    Measured hmac = named(measured, "hmac");
    double timesUsual = usual.micros().median() / ours.micros().median();
    double timesFloor = ours.micros().median() / (plain.micros().median() + hmac.micros().median());
    var table =
        new Table(
            "Collecting a daily message, from bytes to the signed write request; one core",
            "",
            "µs a message",
            "messages/s",
            "bytes allocated a meter-hour");
    var chart = new Chart("Collecting a daily message", "microseconds of one core, median");
    var figures = new LinkedHashMap<String, Object>();
    names()
        .forEach((name, words) -> {
          Measured one = named(measured, name);
          table.row(
              words,
              one.micros().text(1),
              "%,.0f".formatted(MICROS_PER_SECOND / one.micros().median()),
              "%,.0f".formatted(one.bytes() / CollectBenchmark.HOURS));
          chart.bar(words, one.micros().median(), 1, name.equals("meterveil"));
          var json = new LinkedHashMap<String, Object>();
          json.put("microsPerMessage", one.micros());
          json.put("bytesAllocatedPerMeterHour", one.bytes() / CollectBenchmark.HOURS);
          figures.put(name, json);
        });
    figures.put("timesFasterThanUsual", timesUsual);
    figures.put("timesOfFloor", timesFloor);
    return new Outcome(
        "collecting",
        List.of(table),
        figures,
        Map.of("collecting", chart.svg()),
        List.of(
            Goal.atLeast(
                "collecting, beside an item for each reading",
                "times",
                timesUsual,
                TIMES_USUAL_MIN),
            Goal.atMost(
                "collecting, beside a plain write and the HMACs alone",
                "times",
                timesFloor,
                TIMES_FLOOR_MAX)));
  }

  private static Measured named(Map<String, Measured> measured, String name) {
    return Objects.requireNonNull(measured.get(name), name);
  }

  private static Map<String, String> names() {
    var names = new LinkedHashMap<String, String>();
    names.put("meterveil", "Meterveil");
    names.put("usual", "(a) databind, an item each");
    names.put("plain", "(b) streamed, one plain write");
    names.put("parsed", "of (b), reading the message alone");
    names.put("hmac", "(c) HMAC-SHA-256 alone");
    return names;
  }

  private static Map<String, Measured> measure() {
    var options =
        new OptionsBuilder()
            .include(CollectBenchmark.class.getSimpleName())
            .addProfiler(GCProfiler.class)
            .verbosity(VerboseMode.SILENT)
            .shouldFailOnError(true)
            .build();
    var measured = new LinkedHashMap<String, Measured>();
    try {
      for (RunResult result : new Runner(options).run()) {
        measured.put(name(result.getParams()), measured(result));
      }
    } catch (RunnerException e) {
      throw new IllegalStateException("a benchmark failed", e);
    }
    return measured;
  }

  private static String name(BenchmarkParams params) {
    return params.getBenchmark().substring(params.getBenchmark().lastIndexOf('.') + 1);
  }

  private static Measured measured(RunResult result) {
    var micros = new ArrayList<Double>();
    for (BenchmarkResult fork : result.getBenchmarkResults()) {
      for (IterationResult iteration : fork.getIterationResults()) {
        micros.add(iteration.getPrimaryResult().getScore());
      }
    }
    double bytes = Double.NaN;
    for (Map.Entry<String, ?> second : result.getSecondaryResults().entrySet()) {
      if (second.getKey().endsWith("gc.alloc.rate.norm")
          && second.getValue() instanceof Result<?> allocated) {
        bytes = allocated.getScore();
      }
    }
    if (Double.isNaN(bytes)) {
      throw new IllegalStateException("allocation was not measured");
    }
    return new Measured(Spread.of(micros), bytes);
  }
}

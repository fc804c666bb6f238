package meterveil.benchmarks.speed;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import meterveil.benchmarks.Chart;
import meterveil.benchmarks.MainLineRuns;
import meterveil.benchmarks.Outcome;
import meterveil.benchmarks.Table;

/// The whole line on this machine: meters, broker, rules, functions and database, hourly for a day.
final class WholeLine {

  private static final List<Integer> METERS = List.of(100, 1_000);
  private static final double MILLION = 1e6;

  private WholeLine() {}

  static Outcome measure(MainLineRuns runs, Optional<Integer> more)
      throws IOException, InterruptedException {
    var table =
        new Table(
            "The whole line on this machine: hourly messages for a day, all meters at once",
            "meters",
            "messages",
            "messages/s",
            "publish to stored p50 ms",
            "p99 ms",
            "CPU s a million meter-hours, without connecting",
            "meters",
            "broker, rules, stand-ins",
            "functions",
            "database",
            "GiB");
    var chart =
        new Chart(
            "The whole line on this machine", "messages a second, from the first to the last");
    var figures = new LinkedHashMap<String, Object>();
    for (int meters : Stream.concat(METERS.stream(), more.stream()).distinct().sorted().toList()) {
      JsonNode run = hourly(runs, meters).summary();
      double sent = cpuSeconds(run, "meters");
      double platform = cpuSeconds(run, "platform");
      double functions = cpuSeconds(run, "functions");
      double database = cpuSeconds(run, "database");
      double all = sent + platform + functions + database;
      double meterHours = run.path("meterHours").asDouble();
      JsonNode collect = collect(run);
      table.row(
          "%,d".formatted(meters),
          "%,d".formatted(run.path("messages").asLong()),
          "%,.0f".formatted(run.path("messagesPerSecond").asDouble()),
          "%,.0f".formatted(run.path("storedMillisP50").asDouble()),
          "%,.0f".formatted(run.path("storedMillisP99").asDouble()),
          "%,.0f".formatted(all / meterHours * MILLION),
          percent(sent / all),
          percent(platform / all),
          percent(functions / all),
          percent(database / all),
          "%.2f".formatted(run.path("residentBytesMax").asDouble() / (1L << 30)));
      chart.bar("%,d meters".formatted(meters), run.path("messagesPerSecond").asDouble(), 0, true);
      var json = new LinkedHashMap<String, Object>();
      for (String name :
          List.of(
              "messages",
              "meterHours",
              "messagesPerSecond",
              "storedMillisP50",
              "storedMillisP99",
              "sendingSeconds",
              "wallSeconds",
              "startSeconds",
              "cpuSeconds",
              "cpuSecondsBefore",
              "residentBytesMax")) {
        json.put(name, run.path(name));
      }
      json.put("collect", collect);
      json.put("cpuSecondsPerMillionMeterHours", all / meterHours * MILLION);
      figures.put(Integer.toString(meters), json);
    }
    return new Outcome(
        "wholeLine", List.of(table), figures, Map.of("whole-line", chart.svg()), List.of());
  }

  /// A day of hourly messages.
  static MainLineRuns.Run hourly(MainLineRuns runs, int meters)
      throws IOException, InterruptedException {
    return runs.run("--meters", Integer.toString(meters), "--days", "1", "--block", "1");
  }

  /// From the first message on: without starting, certificates and connecting.
  private static double cpuSeconds(JsonNode run, String kind) {
    return run.path("cpuSeconds").path(kind).asDouble()
        - run.path("cpuSecondsBefore").path(kind).asDouble();
  }

  private static JsonNode collect(JsonNode run) {
    for (Map.Entry<String, JsonNode> function : run.path("bill").path("functions").properties()) {
      if (function.getKey().startsWith("Collect")) {
        return function.getValue();
      }
    }
    throw new IllegalStateException("collect has never run");
  }

  private static String percent(double share) {
    return "%.0f %%".formatted(share * 100);
  }
}

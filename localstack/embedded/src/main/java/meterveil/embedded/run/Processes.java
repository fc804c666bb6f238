package meterveil.embedded.run;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// Watches how much memory this process and all it started have resident together, and how long
/// they kept a core busy, where the system tells (Linux, in `/proc`). Pages that processes share
/// count for each.
final class Processes implements AutoCloseable {

  private static final long EVERY_MILLIS = 500;
  private static final long BYTES_PER_KB = 1024;
  private static final double NANOS_PER_SECOND = 1e9;
  private static final String FUNCTIONS = "functions";
  private static final String METERS = "meters";
  private static final String DATABASE = "database";

  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("processes").factory());
  private final Map<Long, Seen> seen = new HashMap<>();
  private long bytesMax;

  private record Seen(String kind, double cpuSeconds) {}

  Processes() {
    var _ = thread.scheduleWithFixedDelay(this::look, 0, EVERY_MILLIS, TimeUnit.MILLISECONDS);
  }

  /// The most seen so far; none where the system does not tell.
  synchronized OptionalLong bytesMax() {
    look();
    return bytesMax == 0 ? OptionalLong.empty() : OptionalLong.of(bytesMax);
  }

  /// Seconds of one core, by what the processes are. Of a process that has ended, as much as was
  /// seen half a second before at least.
  synchronized Map<String, Double> cpuSeconds() {
    look();
    var sums = new TreeMap<String, Double>();
    seen.values().forEach(process -> sums.merge(process.kind, process.cpuSeconds, Double::sum));
    return sums;
  }

  private synchronized void look() {
    ProcessHandle self = ProcessHandle.current();
    long bytes = Stream.concat(Stream.of(self), self.descendants()).mapToLong(this::look).sum();
    bytesMax = Math.max(bytesMax, bytes);
  }

  private long look(ProcessHandle process) {
    process
        .info()
        .totalCpuDuration()
        .map(Duration::toNanos)
        .ifPresent(nanos ->
            seen.merge(
                process.pid(),
                new Seen(kind(process), nanos / NANOS_PER_SECOND),
                // One that is just being started, or has ended, looks like the database.
                (before, now) ->
                    new Seen(now.kind.equals(DATABASE) ? before.kind : now.kind, now.cpuSeconds)));
    return bytes(process.pid());
  }

  private static String kind(ProcessHandle process) {
    if (process.pid() == ProcessHandle.current().pid()) {
      return "platform";
    }
    String command = process.info().commandLine().orElse("");
    if (command.contains("lambda.runtime.api.client")) {
      return FUNCTIONS;
    }
    return command.contains(FleetProgram.class.getName()) ? METERS : DATABASE;
  }

  private static long bytes(long pid) {
    try (Stream<String> lines = Files.lines(Path.of("/proc", Long.toString(pid), "status"))) {
      return lines
          .filter(line -> line.startsWith("VmRSS:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) * BYTES_PER_KB)
          .sum();
    } catch (IOException | UncheckedIOException _) {
      return 0; // it has ended, or there is no /proc
    }
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }
}

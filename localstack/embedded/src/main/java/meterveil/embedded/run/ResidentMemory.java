package meterveil.embedded.run;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// Watches how much memory this process and all it started have resident together, where the system
/// tells (Linux, in `/proc`). Pages that processes share count for each.
final class ResidentMemory implements AutoCloseable {

  private static final long EVERY_MILLIS = 500;
  private static final long BYTES_PER_KB = 1024;

  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("resident-memory").factory());
  private volatile long bytesMax;

  ResidentMemory() {
    var _ = thread.scheduleWithFixedDelay(this::look, 0, EVERY_MILLIS, TimeUnit.MILLISECONDS);
  }

  /// The most seen so far; none where the system does not tell.
  OptionalLong bytesMax() {
    look();
    return bytesMax == 0 ? OptionalLong.empty() : OptionalLong.of(bytesMax);
  }

  private synchronized void look() {
    ProcessHandle self = ProcessHandle.current();
    long bytes =
        Stream.concat(Stream.of(self), self.descendants())
            .mapToLong(process -> bytes(process.pid()))
            .sum();
    bytesMax = Math.max(bytesMax, bytes);
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

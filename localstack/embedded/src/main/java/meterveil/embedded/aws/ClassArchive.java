package meterveil.embedded.aws;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// The classes that a JVM has loaded, for the next one of the same class path to take over, which
/// halves what its start costs (the JDK's dynamic class-data sharing).
///
/// A process that records writes the archive when it ends by itself. Without one, everything works
/// as well.
///
/// @param file the archive, whether it is there already or not
/// @param recorded where a process writes it first; one at a time
record ClassArchive(Path file, Path recorded) {

  /// How long a process may take to end and to write its archive.
  private static final int SECONDS_MAX = 30;

  /// Without a word in the log when a JVM does not take its archive.
  private static final List<String> SILENTLY = List.of("-Xlog:cds=off", "-Xlog:cds+dynamic=off");

  boolean exists() {
    return Files.exists(file);
  }

  /// The JVM's options to start from it, or else to record it.
  List<String> options() {
    return Stream.concat(
            Stream.of(
                exists()
                    ? "-XX:SharedArchiveFile=" + file
                    : "-XX:ArchiveClassesAtExit=" + recorded),
            SILENTLY.stream())
        .toList();
  }

  /// Keeps what a process has recorded once it has ended; ends it by force when that takes long.
  CompletableFuture<Void> keepAfter(Process process) {
    return process
        .onExit()
        .completeOnTimeout(process, SECONDS_MAX, TimeUnit.SECONDS)
        .thenAccept(this::keep);
  }

  private void keep(Process process) {
    if (process.isAlive()) {
      process.destroyForcibly();
    } else if (Files.exists(recorded)) {
      try {
        Files.move(recorded, file, StandardCopyOption.ATOMIC_MOVE);
      } catch (IOException e) {
        throw new UncheckedIOException("cannot keep an archive of classes", e);
      }
    }
  }
}

package meterveil.embedded.aws;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// What the functions wrote, a file for each log group.
public final class Logs implements AutoCloseable {

  private final Path folder;
  private final Map<String, BufferedWriter> groups = new TreeMap<>();

  Logs(Path folder) throws IOException {
    this.folder = Files.createDirectories(folder);
  }

  /// Adds a line.
  synchronized void add(String group, String line) {
    try {
      BufferedWriter writer = groups.get(group);
      if (writer == null) {
        writer = Files.newBufferedWriter(file(group));
        groups.put(group, writer);
      }
      writer.append(line).append('\n');
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Path file(String group) {
    return folder.resolve(group.replace('/', '_') + ".log");
  }

  /// All lines of all groups so far; within a group as they came.
  public synchronized List<String> lines() throws IOException {
    var lines = new ArrayList<String>();
    for (String group : groups.keySet()) {
      lines.addAll(lines(group));
    }
    return lines;
  }

  /// The lines of one group so far.
  public synchronized List<String> lines(String group) throws IOException {
    BufferedWriter writer = groups.get(group);
    if (writer == null) {
      return List.of();
    }
    writer.flush();
    return Files.readAllLines(file(group));
  }

  @Override
  public synchronized void close() throws IOException {
    for (BufferedWriter writer : groups.values()) {
      writer.close();
    }
  }
}

package meterveil.embedded.aws;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// What the functions wrote: a folder for each log group, with a file for each process.
///
/// The processes write the files themselves. So when an event is over, what was written about it is
/// there to be read.
public final class Logs {

  private final Path folder;
  private final Map<String, List<Path>> streams = new TreeMap<>();

  Logs(Path folder) throws IOException {
    this.folder = Files.createDirectories(folder);
  }

  /// A new file for a process, whose name is its log stream's.
  synchronized Path stream(String group) throws IOException {
    List<Path> files = streams.computeIfAbsent(group, _ -> new ArrayList<>());
    Path file =
        Files.createDirectories(folder.resolve(group.replace('/', '_')))
            .resolve("%d.log".formatted(files.size() + 1));
    files.add(file);
    return file;
  }

  /// All lines of all groups so far, those of each process as they came.
  public synchronized List<String> lines() throws IOException {
    var lines = new ArrayList<String>();
    for (String group : streams.keySet()) {
      lines.addAll(lines(group));
    }
    return lines;
  }

  /// The lines of one group so far, those of each process as they came.
  public synchronized List<String> lines(String group) throws IOException {
    var lines = new ArrayList<String>();
    for (Path file : streams.getOrDefault(group, List.of())) {
      new String(Files.readAllBytes(file), StandardCharsets.UTF_8).lines().forEach(lines::add);
    }
    return lines;
  }
}

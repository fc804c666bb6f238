package meterveil.embedded.iot;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What the broker refused: counted by reason, the last ones kept, and each a line of the broker's
/// log, in the manner of IoT Core's own. That log names clients and topics, never a payload.
final class Refusals implements AutoCloseable {

  private static final int KEPT_MAX = 1_000;

  private final Clock clock;
  private final JsonMapper json = new JsonMapper();
  private final Path file;
  private final BufferedWriter log;
  private final Map<Refusal.Reason, Long> counts = new LinkedHashMap<>();
  private final Deque<Refusal> last = new ArrayDeque<>();

  Refusals(Path logFile, Clock clock) throws IOException {
    this.clock = clock;
    this.file = logFile;
    this.log = Files.newBufferedWriter(logFile);
  }

  void add(Refusal.Reason reason, String clientId, String what) {
    var refusal = new Refusal(clock.instant(), reason, clientId, what);
    synchronized (this) {
      counts.merge(reason, 1L, Long::sum);
      if (last.size() == KEPT_MAX) {
        last.removeFirst();
      }
      last.addLast(refusal);
      write(refusal);
    }
  }

  synchronized Map<Refusal.Reason, Long> counts() {
    return new LinkedHashMap<>(counts);
  }

  synchronized List<Refusal> last() {
    return List.copyOf(last);
  }

  synchronized List<String> logLines() throws IOException {
    return Files.readAllLines(file);
  }

  private void write(Refusal refusal) {
    try {
      log.write(
          json.writeValueAsString(
              json.createObjectNode()
                  .put("timestamp", refusal.at().toString())
                  .put("logLevel", "ERROR")
                  .put("status", "Failure")
                  .put("protocol", "MQTT")
                  .put("eventType", refusal.reason().key())
                  .put("clientId", refusal.clientId())
                  .put("resource", refusal.what())));
      log.newLine();
      log.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public synchronized void close() throws IOException {
    log.close();
  }
}

package meterveil.embedded.run;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import meterveil.meter.ThingName;

/// How long messages take from the meter that publishes them to the end of the call that stores
/// them: TLS, broker, rule, Lambda's queue and the function. Meters and platform are one process,
/// so one clock says when both happened.
///
/// A message that goes out again before it is stored, or is delivered twice, is one journey, from
/// its first publishing to its first storing. Safe for use by many threads.
final class Journeys {

  private static final JsonMapper MAPPER = new JsonMapper();
  private static final double NANOS_PER_MILLI = 1e6;

  /// Whose message, and which: as both ends know it.
  private record Sent(String thing, String payloadBase64) {}

  private final Map<Sent, Long> begunNanos = new ConcurrentHashMap<>();
  private final Queue<Double> millis = new ConcurrentLinkedQueue<>();

  void published(ThingName thing, byte[] payload) {
    begunNanos.putIfAbsent(
        new Sent(thing.value(), Base64.getEncoder().encodeToString(payload)), System.nanoTime());
  }

  /// @param event of collect, as the rule makes it
  void stored(byte[] event) {
    long nanos = System.nanoTime();
    try {
      JsonNode json = MAPPER.readTree(event);
      Long begun =
          begunNanos.remove(new Sent(json.path("thing").asText(), json.path("payload").asText()));
      if (begun != null) {
        millis.add((nanos - begun) / NANOS_PER_MILLI);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("an event that was just dealt with", e);
    }
  }

  /// Of each that is over, in ascending order.
  List<Double> millis() {
    return millis.stream().sorted().toList();
  }
}

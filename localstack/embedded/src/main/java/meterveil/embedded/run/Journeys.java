package meterveil.embedded.run;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import meterveil.meter.ThingName;

/// How long messages take from the meter that publishes them to the end of the call that stores
/// them: TLS, broker, rule, Lambda's queue and the function. Meters and platform are on one
/// machine, so one clock says when both happened; which is heard of first does not matter.
///
/// A message that goes out again before it is stored, or is delivered twice, is one journey, from
/// its first publishing to its first storing. Safe for use by many threads.
final class Journeys {

  private static final JsonMapper MAPPER = new JsonMapper();
  private static final Clock MACHINE = Clock.systemUTC();
  private static final double MICROS_PER_MILLI = 1e3;

  private final Map<Long, Long> begunMicros = new ConcurrentHashMap<>();
  private final Map<Long, Long> endedMicros = new ConcurrentHashMap<>();

  /// Whose message, and which, as both ends know it: eight bytes of a hash, as there are hundreds
  /// of thousands of them.
  static long id(ThingName thing, byte[] payload) {
    return id(thing.value(), Base64.getEncoder().encodeToString(payload));
  }

  private static long id(String thing, String payloadBase64) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256")
              .digest((thing + " " + payloadBase64).getBytes(UTF_8));
      return ByteBuffer.wrap(hash).getLong();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has it", e);
    }
  }

  /// The machine's time, in microseconds since 1970.
  static long nowMicros() {
    return ChronoUnit.MICROS.between(Instant.EPOCH, MACHINE.instant());
  }

  /// @param id of the message
  /// @param micros when it was published, in microseconds since 1970
  void published(long id, long micros) {
    begunMicros.merge(id, micros, Math::min);
  }

  /// @param event of collect, as the rule makes it, that it has just dealt with
  void stored(byte[] event) {
    long micros = nowMicros();
    try {
      JsonNode json = MAPPER.readTree(event);
      endedMicros.merge(
          id(json.path("thing").asText(), json.path("payload").asText()), micros, Math::min);
    } catch (IOException e) {
      throw new UncheckedIOException("an event that was just dealt with", e);
    }
  }

  /// Of each that is over, in ascending order.
  List<Double> millis() {
    return endedMicros.entrySet().stream()
        .flatMap(ended ->
            Stream.ofNullable(begunMicros.get(ended.getKey()))
                .map(begun -> (ended.getValue() - begun) / MICROS_PER_MILLI))
        .sorted()
        .toList();
  }
}

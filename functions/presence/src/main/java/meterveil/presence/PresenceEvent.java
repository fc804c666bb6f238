package meterveil.presence;

import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import meterveil.meter.ThingName;
import meterveil.status.Presence;
import org.jspecify.annotations.Nullable;

/// What the rules `meter_connected` and `meter_disconnected` hand over: of the broker's event the
/// members named here. Its address and its principal stay with the broker.
///
/// @param thing who; a client id, which is a meter's name if it is a meter's at all
/// @param presence what the broker says of it
record PresenceEvent(ThingName thing, Presence presence) {

  /// Nothing if the client id is none that a meter can have.
  ///
  /// @throws IllegalArgumentException if it is not what the rules make of the broker's event
  static Optional<PresenceEvent> of(Map<String, ? extends @Nullable Object> event) {
    var presence =
        new Presence(
            switch (text(event, "eventType")) {
              case "connected" -> true;
              case "disconnected" -> false;
              default -> throw new IllegalArgumentException("the event is of no known type");
            },
            text(event, "sessionIdentifier"),
            number(event, "versionNumber"),
            Instant.ofEpochMilli(number(event, "timestamp")));
    String clientId = text(event, "clientId");
    try {
      return Optional.of(new PresenceEvent(new ThingName(clientId), presence));
    } catch (IllegalArgumentException _) { // which says what a name looks like
      return Optional.empty();
    }
  }

  private static String text(Map<String, ? extends @Nullable Object> event, String name) {
    if (event.get(name) instanceof String text) {
      return text;
    }
    throw new IllegalArgumentException("the event has no " + name);
  }

  private static long number(Map<String, ? extends @Nullable Object> event, String name) {
    if (event.get(name) instanceof Number number) {
      return number.longValue();
    }
    throw new IllegalArgumentException("the event has no " + name);
  }
}

package meterveil.status;

import java.time.Duration;
import java.time.Instant;
import java.util.Iterator;
import java.util.Optional;
import java.util.stream.Stream;
import meterveil.meter.Meter;
import meterveil.status.DeviceStatusTable.Sign;

/// A meter, and when it was last heard of.
///
/// @param meter as the list has it
/// @param sign its last sign of life, if any is kept
public record Heard(Meter meter, Optional<Sign> sign) {

  /// A meter tells how it is once a day: this is twice that, and the hour it is rounded by.
  public static final Duration HEARTBEAT_LIMIT = Duration.ofHours(49);

  /// Goes through both lists side by side.
  ///
  /// @param meters of a tenant, in the order of their names
  /// @param signs of its meters, in the same order
  public static Stream<Heard> of(Stream<Meter> meters, Stream<Sign> signs) {
    var following = new Following(signs.iterator());
    return meters.map(meter -> new Heard(meter, following.of(meter)));
  }

  /// Whether it is in service, and has given no sign of life within [#HEARTBEAT_LIMIT].
  public boolean isOffline(Instant now) {
    return meter.state() == Meter.State.PROVISIONED
        && sign.filter(it -> it.at().plus(HEARTBEAT_LIMIT).isAfter(now)).isEmpty();
  }

  /// Signs that are read no further than meters are.
  private static final class Following {

    private final Iterator<Sign> signs;
    private Optional<Sign> next = Optional.empty();

    Following(Iterator<Sign> signs) {
      this.signs = signs;
    }

    Optional<Sign> of(Meter meter) {
      while (signs.hasNext()
          && (next.isEmpty() || next.get().thing().compareTo(meter.thing()) < 0)) {
        next = Optional.of(signs.next());
      }
      return next.filter(it -> it.thing().equals(meter.thing()));
    }
  }
}

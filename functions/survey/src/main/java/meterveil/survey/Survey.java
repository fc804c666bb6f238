package meterveil.survey;

import java.time.Duration;
import java.time.Instant;
import java.util.Iterator;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import meterveil.cohort.DistrictId;
import meterveil.meter.Meter;
import meterveil.status.DeviceStatusTable.Sign;

/// How the meters of one tenant are, by district.
///
/// @param districts by name, those that have a meter in service
/// @param certificatesExpiring how many meters have a certificate that ends within [#EXPIRES_SOON]
/// @param blocksGivenUp how many blocks its meters have ever given up
record Survey(Map<DistrictId, District> districts, int certificatesExpiring, long blocksGivenUp) {

  /// A meter tells how it is once a day: this is twice that, and the hour it is rounded by.
  static final Duration HEARTBEAT_LIMIT = Duration.ofHours(49);

  /// Time to change a certificate in, for a meter that tries once a day.
  static final Duration EXPIRES_SOON = Duration.ofDays(30);

  /// Below so many meters a share says nothing.
  static final int FEW = 10;

  Survey {
    districts = Map.copyOf(districts);
  }

  /// @param inService how many meters were admitted and not revoked
  /// @param disconnected how many of them have no connection just now, as sleeping ones have none
  /// @param offline how many of them have given no sign of life within [#HEARTBEAT_LIMIT]
  record District(int inService, int disconnected, int offline) {

    /// Both together.
    District plus(District other) {
      return new District(
          inService + other.inService, disconnected + other.disconnected, offline + other.offline);
    }

    /// How many of a hundred are offline; none if there are few at all.
    int offlinePercent() {
      return inService < FEW ? 0 : 100 * offline / inService;
    }
  }

  /// Goes through both lists side by side.
  ///
  /// @param meters of a tenant, in the order of their names
  /// @param signs of its meters, in the same order
  static Survey of(Stream<Meter> meters, Stream<Sign> signs, Instant now) {
    var districts = new TreeMap<DistrictId, District>();
    int expiring = 0;
    long givenUp = 0;
    Iterator<Sign> heard = signs.iterator();
    Optional<Sign> next = next(heard);
    for (Meter meter : (Iterable<Meter>) meters::iterator) {
      if (meter.state() != Meter.State.PROVISIONED) {
        continue;
      }
      while (next.isPresent() && next.get().thing().compareTo(meter.thing()) < 0) {
        next = next(heard);
      }
      var sign = next.filter(it -> it.thing().equals(meter.thing()));
      givenUp += sign.map(Sign::blocksGivenUp).orElse(0L);
      boolean disconnected = sign.filter(Sign::online).isEmpty();
      boolean offline = sign.filter(it -> it.at().plus(HEARTBEAT_LIMIT).isAfter(now)).isEmpty();
      districts.merge(
          meter.listed().district(),
          new District(1, disconnected ? 1 : 0, offline ? 1 : 0),
          District::plus);
      if (meter
          .certificate()
          .filter(it -> it.expiresAt().isBefore(now.plus(EXPIRES_SOON)))
          .isPresent()) {
        expiring++;
      }
    }
    return new Survey(districts, expiring, givenUp);
  }

  private static Optional<Sign> next(Iterator<Sign> signs) {
    return signs.hasNext() ? Optional.of(signs.next()) : Optional.empty();
  }
}

package meterveil.survey;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import meterveil.cohort.DistrictId;
import meterveil.meter.Meter;
import meterveil.status.DeviceStatusTable.Sign;
import meterveil.status.Heard;

/// How the meters of one tenant are, by district.
///
/// @param districts by name, those that have a meter in service
/// @param certificatesExpiring how many meters have a certificate that ends within [#EXPIRES_SOON]
/// @param blocksGivenUp how many blocks its meters have ever given up
record Survey(Map<DistrictId, District> districts, int certificatesExpiring, long blocksGivenUp) {

  /// Meters change their certificates from 30 days before the end on, so one that is nearer to its
  /// end was not changed in half of that time; what is left is for a person.
  static final Duration EXPIRES_SOON = Duration.ofDays(14);

  /// Below so many meters a share says nothing.
  static final int FEW = 10;

  Survey {
    districts = Map.copyOf(districts);
  }

  /// @param inService how many meters were admitted and not revoked
  /// @param disconnected how many of them have no connection just now, as sleeping ones have none
  /// @param offline how many of them are by [Heard#isOffline]
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

  /// @param heard every meter of a tenant
  static Survey of(Stream<Heard> heard, Instant now) {
    var districts = new TreeMap<DistrictId, District>();
    int expiring = 0;
    long givenUp = 0;
    for (Heard each : (Iterable<Heard>) heard::iterator) {
      Meter meter = each.meter();
      if (meter.state() != Meter.State.PROVISIONED) {
        continue;
      }
      givenUp += each.sign().map(Sign::blocksGivenUp).orElse(0L);
      boolean disconnected = each.sign().filter(Sign::online).isEmpty();
      districts.merge(
          meter.listed().district(),
          new District(1, disconnected ? 1 : 0, each.isOffline(now) ? 1 : 0),
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
}

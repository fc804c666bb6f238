package meterveil.operations;

import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import meterveil.meter.Meter;
import meterveil.meter.ThingName;
import meterveil.registry.Certificate.Status;

/// Shuts a meter out, for good or until it comes in by a claim once more: its certificates are
/// revoked, then its connection is cut, then the list says so.
///
/// In this order, as a certificate that still held would let the meter back in at once. It can stop
/// after any step, and doing it again does what is left. What was attached meanwhile, by a rotation
/// that was under way, is revoked at last: once the list says so, nothing new is admitted. A meter
/// that may come in again is not listed as long as its certificate is another than the one revoked.
final class Revocation {

  private final Platform platform;

  Revocation(Platform platform) {
    this.platform = platform;
  }

  /// Shuts a meter out for good.
  ///
  /// @return how many certificates are revoked now; nothing if there is no such meter on the list
  /// @throws software.amazon.awssdk.core.exception.SdkException if AWS did not do a step
  Optional<Integer> revoke(ThingName thing) {
    Optional<Meter> listed = platform.meters().find(thing);
    if (listed.isEmpty()) {
      return Optional.empty();
    }
    Set<String> revoked = new LinkedHashSet<>();
    revokeCertificates(thing, revoked);
    platform.downlink().disconnect(thing);
    platform.meters().revoke(listed.get().tenant(), thing);
    int before = revoked.size();
    revokeCertificates(thing, revoked);
    if (revoked.size() > before) {
      platform.downlink().disconnect(thing);
    }
    return Optional.of(revoked.size());
  }

  /// Shuts a meter out until it comes in by a claim once more.
  ///
  /// @param meter as the list has it
  /// @return how many certificates are revoked now; nothing if the list has it otherwise by now
  /// @throws software.amazon.awssdk.core.exception.SdkException if AWS did not do a step
  Optional<Integer> listAgain(Meter meter) {
    Set<String> revoked = new LinkedHashSet<>();
    revokeCertificates(meter.thing(), revoked);
    platform.downlink().disconnect(meter.thing());
    boolean listed =
        meter.state() == Meter.State.LISTED
            || platform
                .meters()
                .listAgain(meter.tenant(), meter.thing(), meter.certificate().orElseThrow());
    return listed ? Optional.of(revoked.size()) : Optional.empty();
  }

  /// Those of the thing, and the one on the list, which may not be attached yet.
  private void revokeCertificates(ThingName thing, Set<String> done) {
    var ids = new LinkedHashSet<String>();
    for (String arn : platform.registry().principals(thing)) {
      ids.add(arn.substring(arn.lastIndexOf('/') + 1));
    }
    platform
        .meters()
        .find(thing)
        .flatMap(Meter::certificate)
        .map(Meter.Certificate::id)
        .filter(id -> platform.registry().certificate(id).isPresent())
        .ifPresent(ids::add);
    for (String id : ids) {
      if (done.add(id)) {
        platform.registry().set(id, Status.REVOKED);
      }
    }
  }
}

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
/// after any step, and doing it again does what is left. A rotation that was under way may attach
/// and activate a certificate that was revoked before; so what is attached is looked at once more
/// when the list says so, and nothing new is admitted but by a claim.
///
/// What is attached is read before the list: a certificate is on the list before it is attached, so
/// what is attached and another than the list's is of nobody who was admitted since. A meter that
/// comes in meanwhile keeps what it came in with.
final class Revocation {

  private final Platform platform;

  Revocation(Platform platform) {
    this.platform = platform;
  }

  /// Shuts a meter out for good.
  ///
  /// @return how many certificates are revoked now
  /// @throws software.amazon.awssdk.core.exception.SdkException if AWS did not do a step
  int revoke(Meter meter) {
    ThingName thing = meter.thing();
    Set<String> revoked = new LinkedHashSet<>();
    boolean _ = revoke(attachedOrOnTheList(thing), revoked);
    platform.downlink().disconnect(thing);
    platform.meters().revoke(meter.tenant(), thing);
    if (revoke(attachedOrOnTheList(thing), revoked)) {
      platform.downlink().disconnect(thing);
    }
    return revoked.size();
  }

  /// Shuts a meter out until it comes in by a claim once more.
  ///
  /// @param meter as the list has it
  /// @return how many certificates are revoked now; nothing if the list has it otherwise by now
  /// @throws software.amazon.awssdk.core.exception.SdkException if AWS did not do a step
  Optional<Integer> listAgain(Meter meter) {
    ThingName thing = meter.thing();
    Set<String> ids = attached(thing);
    if (!platform.meters().find(thing).equals(Optional.of(meter))) {
      return Optional.empty();
    }
    certificateId(meter).ifPresent(ids::add);
    Set<String> revoked = new LinkedHashSet<>();
    boolean _ = revoke(ids, revoked);
    platform.downlink().disconnect(thing);
    if (meter.certificate().isPresent()
        && !platform.meters().listAgain(meter.tenant(), thing, meter.certificate().get())) {
      return Optional.empty();
    }
    Set<String> others = attached(thing);
    Optional<Meter> now = platform.meters().find(thing);
    now.flatMap(Revocation::certificateId).ifPresent(others::remove);
    if (revoke(others, revoked)) {
      platform.downlink().disconnect(thing);
    }
    boolean listed = now.filter(it -> it.state() == Meter.State.LISTED).isPresent();
    return listed || meter.state() == Meter.State.PROVISIONED
        ? Optional.of(revoked.size())
        : Optional.empty();
  }

  private Set<String> attachedOrOnTheList(ThingName thing) {
    Set<String> ids = attached(thing);
    platform
        .meters()
        .find(thing)
        .flatMap(Revocation::certificateId)
        .ifPresent(ids::add); // which may not be attached yet
    return ids;
  }

  private Set<String> attached(ThingName thing) {
    var ids = new LinkedHashSet<String>();
    for (String arn : platform.registry().principals(thing)) {
      ids.add(arn.substring(arn.lastIndexOf('/') + 1));
    }
    return ids;
  }

  private static Optional<String> certificateId(Meter meter) {
    return meter.certificate().map(Meter.Certificate::id);
  }

  /// @param revoked is given those that there are
  /// @return whether one of them was not revoked before
  private boolean revoke(Set<String> ids, Set<String> revoked) {
    boolean any = false;
    for (String id : ids) {
      var certificate = platform.registry().certificate(id);
      if (certificate.isPresent()) {
        revoked.add(id);
        if (certificate.get().status() != Status.REVOKED) {
          platform.registry().set(id, Status.REVOKED);
          any = true;
        }
      }
    }
    return any;
  }
}

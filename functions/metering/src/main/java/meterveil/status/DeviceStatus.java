package meterveil.status;

import java.time.Instant;
import meterveil.meter.ThingName;
import meterveil.tenant.TenantId;

/// What is kept of a meter, for those who keep it working.
///
/// @param tenant whose it is
/// @param thing which
/// @param newest what it said of itself, in the newest status there is
/// @param online whether the broker has not lost it since
/// @param firstSequence the number of the first status that was kept
/// @param messages how many were kept
/// @param lastSeen when the newest arrived, rounded down to the hour
/// @param expiresAt when DynamoDB may delete it
public record DeviceStatus(
    TenantId tenant,
    ThingName thing,
    StatusReport newest,
    boolean online,
    long firstSequence,
    long messages,
    Instant lastSeen,
    Instant expiresAt) {

  /// How many statuses since the first did not arrive, or were overtaken by a newer one.
  public long missing() {
    return newest.sequence() - firstSequence + 1 - messages;
  }
}

package meterveil.simulator;

import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import meterveil.meter.ThingName;
import org.jspecify.annotations.Nullable;

/// Changes the certificates of a fleet's meters before they end, and goes on with a change that a
/// stop interrupted.
final class Renewals {

  /// How long before its end a certificate is changed.
  static final Duration RENEWED_BEFORE = Duration.ofDays(30);

  /// Between two attempts of one meter, whatever came of the first.
  static final Duration PAUSE = Duration.ofHours(1);

  private final Fleet fleet;
  private final CertificateFolder folder;
  private final Clock clock;
  private final BiConsumer<ThingName, @Nullable Throwable> heard;
  private final Map<ThingName, Instant> due = new ConcurrentHashMap<>();

  /// @param folder of the meters' certificates
  /// @param heard who hears of each change, and why it failed if it did
  /// @throws IOException if a certificate cannot be read
  Renewals(
      Fleet fleet,
      CertificateFolder folder,
      Clock clock,
      BiConsumer<ThingName, @Nullable Throwable> heard)
      throws IOException {
    this.fleet = fleet;
    this.folder = folder;
    this.clock = clock;
    this.heard = heard;
    for (Meter meter : fleet.meters()) {
      due.put(meter.thing(), due(meter.thing()));
    }
  }

  /// A new certificate that lies there was never connected with: that is still to be done.
  private Instant due(ThingName thing) throws IOException {
    return folder.renewed(thing).isPresent()
        ? Instant.MIN
        : CertificateFolder.expiry(folder.current(thing).orElseThrow()).minus(RENEWED_BEFORE);
  }

  /// Starts what is due, of meters that are connected: as much as IoT Core takes in the second
  /// until the next call.
  void startDue() throws IOException {
    Instant now = clock.instant();
    int started = 0;
    for (Meter meter : fleet.meters()) {
      ThingName thing = meter.thing();
      if (now.isBefore(due.getOrDefault(thing, Instant.MAX)) || !meter.isConnected()) {
        continue;
      }
      if (started == Provisioning.PER_SECOND_MAX) {
        return;
      }
      started++;
      due.put(thing, Instant.MAX);
      CompletableFuture<Void> changed =
          folder.renewed(thing).isPresent()
              ? meter.adopt(folder)
              : meter.renew(folder, Provisioning.PAUSES);
      CompletableFuture<Void> _ =
          changed.whenComplete((_, e) -> {
            due.put(thing, later(clock.instant().plus(PAUSE), thing));
            heard.accept(thing, e);
          });
    }
  }

  private Instant later(Instant atLeast, ThingName thing) {
    try {
      Instant next = due(thing);
      return next.isAfter(atLeast) ? next : atLeast;
    } catch (IOException _) {
      return atLeast; // and it is said why then
    }
  }
}

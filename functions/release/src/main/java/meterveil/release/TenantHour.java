package meterveil.release;

import java.time.Clock;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import meterveil.block.Epoch;
import meterveil.cohort.Cohort;
import meterveil.meter.Downlink;
import meterveil.tenant.Tenant;

/// What one call does for one tenant. A day, a block or a cohort that fails holds back no other, as
/// far as the order of releasing lets it.
final class TenantHour {

  private final Stores stores;
  private final Tenant tenant;
  private final Clock clock;
  private final Failures failures = new Failures();
  private final Asking asking;
  private final Releasing releasing;
  private final Map<Epoch, List<Cohort>> cohorts = new HashMap<>();
  private List<DayPlan> days = List.of();

  TenantHour(Stores stores, Downlink downlink, Clock clock, Tenant tenant) {
    this.stores = stores;
    this.tenant = tenant;
    this.clock = clock;
    this.asking = new Asking(stores, downlink, clock, failures);
    this.releasing = new Releasing(stores, asking, clock, failures);
  }

  /// What came of the first half.
  ///
  /// @param waited how long ago the oldest block passed the watermark that was found
  /// @param asked how many cohorts were asked
  /// @param released what was released
  record Done(Duration waited, int asked, Releasing.Released released) {

    static final Done NOTHING = new Done(Duration.ZERO, 0, Releasing.Released.NONE);

    Done plus(Done other) {
      return new Done(
          waited.compareTo(other.waited) < 0 ? other.waited : waited,
          asked + other.asked,
          released.plus(other.released));
    }
  }

  /// Releases what is due and asks for what is missing.
  Done release() {
    var done = new ArrayList<Done>();
    failures.attempt(() -> days = openDays());
    failures.attempt(() -> {
      Releasing.Due due = releasing.due(days);
      done.add(new Done(due.waited(clock.instant()), 0, Releasing.Released.NONE));
      done.add(new Done(Duration.ZERO, 0, releasing.releaseDue(due)));
    });
    failures.attempt(() ->
        done.add(new Done(Duration.ZERO, asking.askDue(this::cohorts), Releasing.Released.NONE)));
    return done.stream().reduce(Done.NOTHING, Done::plus);
  }

  /// Closes the days that are over.
  ///
  /// @return how many
  int close() {
    return new Closing(stores, releasing, clock, failures).closeDue(days);
  }

  /// What went wrong first, if anything did.
  Optional<RuntimeException> failure() {
    return failures.first();
  }

  private List<DayPlan> openDays() {
    var open = new ArrayList<DayPlan>();
    for (LocalDate day : stores.dayKeyTable().openDays(tenant.id())) {
      failures.attempt(() -> open.add(new DayPlan(tenant, day, cohorts(Epoch.of(day)))));
    }
    return open;
  }

  private List<Cohort> cohorts(Epoch epoch) {
    return cohorts.computeIfAbsent(epoch, it -> stores.cohorts().of(tenant.id(), it));
  }
}

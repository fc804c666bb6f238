package meterveil.plan;

import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.partitioningBy;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import java.util.stream.Gatherers;
import java.util.stream.Stream;
import meterveil.block.Epoch;
import meterveil.cohort.Cohort;
import meterveil.cohort.CohortId;
import meterveil.cohort.CohortTable;
import meterveil.meter.Downlink;
import meterveil.meter.ListedMeter;
import meterveil.meter.Meter;
import meterveil.meter.MeterSettings;
import meterveil.meter.MeterSettings.Membership;
import meterveil.meter.MeterTable;
import meterveil.plan.AssignmentTable.Stored;
import meterveil.registry.Registry;
import meterveil.registry.Thing;
import meterveil.tenant.Tenant;
import meterveil.tenant.TenantId;

/// The change from one epoch to the next, for one tenant.
///
/// A planner may die between any two of its writes, and two may be at it together. What holds it
/// together is the order: the first plan that is stored whole is the plan, and whoever comes later
/// goes on from it; every cohort is kept before any meter is told of one, so no reading comes to a
/// cohort there is not; a meter's attribute, which lets it publish, is set before its settings,
/// which make it publish; and it is written down as done after both. What is done again meanwhile
/// is the same.
///
/// A meter that cannot be told does not hold back the others: it stays unwritten, its shard is not
/// done, and the next run comes back to it. So does one whose thing is not there yet, until the
/// epoch begins; then it is passed over.
///
/// Meters that join take part from the next plan on, and those that leave or are revoked take part
/// up to it: a cohort's members never change within its epoch.
final class EpochChange {

  /// How long before its start an epoch is planned, and how long after it a plan that nobody made
  /// is still made: no block of the epoch is decided on by then.
  static final Duration PLANNED_BEFORE = Duration.ofDays(1);

  /// Updates of the registry a second, of the 100 that an account has: a million meters in some
  /// twenty hours, as it runs for 14 minutes of each.
  static final int UPDATES_PER_SECOND = 60;

  /// Cohorts kept a second, of the 1,000 writes that one key of a table takes.
  private static final int COHORTS_PER_SECOND = 500;

  /// Cohorts that are kept at once.
  private static final int COHORTS_AT_ONCE = 12;

  /// Meters that are told at once: enough for [#UPDATES_PER_SECOND] while one takes 0.4 seconds.
  private static final int METERS_AT_ONCE = 24;

  /// After so many failures the rest of a tenant is left to the next run, as then it is IoT Core
  /// that fails and not a meter.
  private static final int FAILURES_MAX = 20;

  /// What it takes at worst to list and write a plan, or to read it again for its cohorts: a
  /// million writes, at the 4,000 a second that a new table takes, are four minutes of it.
  private static final Duration PLANNING_TAKES_MAX = Duration.ofMinutes(6);

  /// What the meters and cohorts that are at it take at worst, with every try of every call.
  private static final Duration HANDFUL_TAKES_MAX = Duration.ofSeconds(60);

  private final MeterTable meters;
  private final CohortTable cohorts;
  private final AssignmentTable assignments;
  private final Registry registry;
  private final Downlink downlink;
  private final Clock clock;
  private final RandomGenerator random;

  EpochChange(
      MeterTable meters,
      CohortTable cohorts,
      AssignmentTable assignments,
      Registry registry,
      Downlink downlink,
      Clock clock,
      RandomGenerator random) {
    this.meters = meters;
    this.cohorts = cohorts;
    this.assignments = assignments;
    this.registry = registry;
    this.downlink = downlink;
    this.clock = clock;
    this.random = random;
  }

  /// What came of one run.
  ///
  /// @param planned how many meters a new plan has
  /// @param written how many meters were told
  /// @param unfinished how many plans are not in force yet
  /// @param overdue how many of these are of an epoch that has begun
  /// @param failure what failed first, if anything did
  record Progress(
      int planned, int written, int unfinished, int overdue, Optional<RuntimeException> failure) {

    static final Progress NONE = new Progress(0, 0, 0, 0, Optional.empty());

    Progress plus(Progress other) {
      return new Progress(
          planned + other.planned,
          written + other.written,
          unfinished + other.unfinished,
          overdue + other.overdue,
          failure.or(other::failure));
    }
  }

  /// Plans what is due, and works off what is planned.
  ///
  /// @param pace of updates, whoever's meters they are
  /// @param hasTime whether there is so much time yet, asked before each step; what is left when
  ///   there is not is left to the next run
  /// @return what was done, whatever failed
  Progress run(Tenant tenant, Pace pace, Predicate<Duration> hasTime) {
    var now = Epoch.containing(clock.instant());
    var run = new Run(now, pace, hasTime);
    for (Epoch epoch : List.of(now, now.next())) {
      try {
        change(tenant, epoch, run);
      } catch (RuntimeException failure) { // any, as what was done is to be counted
        run.failures.add(failure);
      }
    }
    return run.progress();
  }

  private void change(Tenant tenant, Epoch epoch, Run run) {
    Optional<Stored> stored = assignments.find(tenant.id(), epoch);
    if (stored.isPresent()
        ? stored.get().isDone()
        : !isDue(epoch) || !cohorts.of(tenant.id(), epoch).isEmpty()) {
      return;
    }
    boolean isDone = false;
    try {
      boolean mayPlan = stored.isPresent() || run.hasTime.test(PLANNING_TAKES_MAX);
      isDone =
          mayPlan
              && stored
                  .or(() -> plan(tenant, epoch, run))
                  .map(it -> carryOut(it, run))
                  .orElse(true);
    } finally {
      if (!isDone) {
        run.unfinished++;
        run.overdue += run.hasBegun(epoch) ? 1 : 0;
      }
    }
  }

  private boolean isDue(Epoch epoch) {
    Instant now = clock.instant();
    return !now.isBefore(epoch.start().minus(PLANNED_BEFORE))
        && now.isBefore(epoch.start().plus(PLANNED_BEFORE));
  }

  private Optional<Stored> plan(Tenant tenant, Epoch epoch, Run run) {
    List<ListedMeter> taking =
        meters.of(tenant.id()).filter(Meter::takesPart).map(Meter::listed).toList();
    if (taking.isEmpty()) {
      return Optional.empty();
    }
    var plan = Plan.make(epoch, taking, Plan.COHORT_SIZE, tenant.blockLength(), random);
    var stored =
        assignments.store(
            tenant.id(), epoch, UUID.randomUUID().toString(), Assignment.of(plan, taking));
    run.planned += taking.size();
    return Optional.of(stored);
  }

  /// Whether nothing of the plan is left.
  private boolean carryOut(Stored plan, Run run) {
    if (!plan.cohortsKept() && !keepCohorts(plan, run)) {
      return false;
    }
    boolean isDone = true;
    for (int shard = 0; shard < AssignmentTable.SHARDS && !run.over; shard++) {
      if (!plan.shardsDone().contains(shard)) {
        isDone &= carryOut(plan, shard, run);
      }
    }
    return isDone && !run.over;
  }

  /// Whether nothing of the shard is left.
  private boolean carryOut(Stored plan, int shard, Run run) {
    Map<Boolean, Long> told =
        assignments
            .left(plan, shard)
            .takeWhile(_ -> run.goesOn())
            .gather(Gatherers.mapConcurrent(METERS_AT_ONCE, place -> isTold(plan, place, run)))
            .collect(partitioningBy(isTold -> isTold, counting()));
    if (run.over || told.getOrDefault(false, 0L) > 0) {
      return false;
    }
    assignments.done(plan, shard);
    return true;
  }

  private boolean keepCohorts(Stored plan, Run run) {
    if (!run.hasTime.test(PLANNING_TAKES_MAX)) {
      return false;
    }
    var pace = new Pace(COHORTS_PER_SECOND);
    var handfuls =
        Assignment.cohorts(assignments.all(plan).toList()).stream()
            .gather(Gatherers.windowFixed(COHORTS_AT_ONCE))
            .iterator();
    while (handfuls.hasNext()) {
      if (!run.hasTime.test(HANDFUL_TAKES_MAX)) {
        return false;
      }
      List<Cohort> handful = handfuls.next();
      pace.await(handful.size());
      handful.stream()
          .gather(Gatherers.mapConcurrent(COHORTS_AT_ONCE, this::keep))
          .forEach(kept -> {});
    }
    assignments.cohortsKept(plan);
    return true;
  }

  private boolean keep(Cohort cohort) {
    cohorts.put(cohort);
    return true;
  }

  private boolean isTold(Stored plan, Assignment place, Run run) {
    try {
      boolean isThere = tell(plan, place);
      if (!isThere && !run.hasBegun(plan.epoch())) {
        return false; // it may come in until then
      }
      assignments.written(plan, place);
      run.written.incrementAndGet();
      return true;
    } catch (RuntimeException failure) { // any, as one meter must not hold back the rest
      run.failures.add(failure);
      return false;
    }
  }

  /// @return whether the meter's thing is there: without it there is nobody to tell
  private boolean tell(Stored plan, Assignment place) {
    Optional<Thing> thing = registry.thing(place.thing());
    boolean isThere =
        thing.isPresent()
            && registry.update(
                place.thing(), Map.of(Plan.attribute(plan.epoch()), place.cohort().value()));
    if (isThere) {
      downlink.settings(
          place.tenant(),
          place.thing(),
          new MeterSettings(
              Stream.concat(
                      before(thing.orElseThrow(), place.tenant(), plan.epoch()).stream(),
                      Stream.of(place.membership()))
                  .toList()));
    }
    return isThere;
  }

  /// Where a meter belongs until the planned epoch begins: its other attribute says so.
  private Optional<Membership> before(Thing thing, TenantId tenant, Epoch planned) {
    var epoch = new Epoch(planned.number() - 1);
    return Optional.ofNullable(thing.attributes().get(Plan.attribute(epoch)))
        .filter(cohort -> cohort.startsWith(CohortId.prefix(epoch)))
        .flatMap(cohort -> cohorts.find(tenant, new CohortId(cohort)))
        .map(cohort -> new Membership(cohort.id(), cohort.blockLength()));
  }

  /// How far one run has come for one tenant.
  private static final class Run {

    private final Epoch now;
    private final Pace pace;
    private final Predicate<Duration> hasTime;
    private int planned;
    private int unfinished;
    private int overdue;
    private boolean over;

    /// Of many threads, one for each meter.
    private final AtomicInteger written = new AtomicInteger();

    private final Queue<RuntimeException> failures = new ConcurrentLinkedQueue<>();

    /// @param now the epoch in which it began
    Run(Epoch now, Pace pace, Predicate<Duration> hasTime) {
      this.now = now;
      this.pace = pace;
      this.hasTime = hasTime;
    }

    /// Whether the epoch had begun when this run did.
    boolean hasBegun(Epoch epoch) {
      return epoch.number() <= now.number();
    }

    /// Waits until one more meter may be told.
    ///
    /// @return whether it may in this run
    boolean goesOn() {
      over = over || failures.size() >= FAILURES_MAX || !hasTime.test(HANDFUL_TAKES_MAX);
      if (!over) {
        pace.await(1);
      }
      return !over;
    }

    Progress progress() {
      return new Progress(
          planned, written.get(), unfinished, overdue, Optional.ofNullable(failures.peek()));
    }
  }
}

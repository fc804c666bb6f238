package meterveil.plan;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import java.util.random.RandomGenerator;
import java.util.stream.Gatherers;
import java.util.stream.Stream;
import meterveil.block.BlockLength;
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
  record Progress(int planned, int written, int unfinished, int overdue) {

    static final Progress NONE = new Progress(0, 0, 0, 0);

    Progress plus(Progress other) {
      return new Progress(
          planned + other.planned,
          written + other.written,
          unfinished + other.unfinished,
          overdue + other.overdue);
    }
  }

  /// Plans what is due, and works off what is planned.
  ///
  /// @param pace of updates, whoever's meters they are
  /// @param hasTime asked before each meter; what is left then is left to the next run
  Progress run(TenantId tenant, Pace pace, BooleanSupplier hasTime) {
    var now = Epoch.containing(clock.instant());
    var progress = Progress.NONE;
    for (Epoch epoch : List.of(now, now.next())) {
      Optional<Stored> stored = assignments.find(tenant, epoch);
      if (stored.isEmpty() && isDue(epoch) && cohorts.of(tenant, epoch).isEmpty()) {
        List<ListedMeter> taking =
            meters.of(tenant).filter(Meter::takesPart).map(Meter::listed).toList();
        if (!taking.isEmpty()) {
          stored = Optional.of(plan(tenant, epoch, taking));
          progress = progress.plus(new Progress(taking.size(), 0, 0, 0));
        }
      }
      if (stored.isPresent() && !stored.get().isDone()) {
        progress = progress.plus(carryOut(stored.get(), pace, hasTime));
      }
    }
    return progress;
  }

  private boolean isDue(Epoch epoch) {
    Instant now = clock.instant();
    return !now.isBefore(epoch.start().minus(PLANNED_BEFORE))
        && now.isBefore(epoch.start().plus(PLANNED_BEFORE));
  }

  private Stored plan(TenantId tenant, Epoch epoch, List<ListedMeter> taking) {
    var plan = Plan.make(epoch, taking, Plan.COHORT_SIZE, blockLength(tenant, epoch), random);
    return assignments.store(
        tenant, epoch, UUID.randomUUID().toString(), Assignment.of(plan, taking));
  }

  /// As in the epoch before; a day for a tenant that begins.
  private BlockLength blockLength(TenantId tenant, Epoch epoch) {
    return cohorts.of(tenant, new Epoch(epoch.number() - 1)).stream()
        .map(Cohort::blockLength)
        .findFirst()
        .orElse(BlockLength.DAY);
  }

  private Progress carryOut(Stored plan, Pace pace, BooleanSupplier hasTime) {
    if (!plan.cohortsKept() && !keepCohorts(plan, hasTime)) {
      return unfinished(plan, 0);
    }
    var telling = new Telling(pace, hasTime);
    for (int shard = 0; shard < AssignmentTable.SHARDS; shard++) {
      if (plan.shardsDone().contains(shard)) {
        continue;
      }
      assignments
          .left(plan, shard)
          .takeWhile(_ -> telling.goesOn())
          .gather(Gatherers.mapConcurrent(METERS_AT_ONCE, place -> tell(plan, place)))
          .forEach(_ -> telling.written++);
      if (telling.over) {
        return unfinished(plan, telling.written);
      }
      assignments.done(plan, shard);
    }
    return new Progress(0, telling.written, 0, 0);
  }

  private boolean keepCohorts(Stored plan, BooleanSupplier hasTime) {
    var pace = new Pace(COHORTS_PER_SECOND);
    var handfuls =
        Assignment.cohorts(assignments.all(plan).toList()).stream()
            .gather(Gatherers.windowFixed(COHORTS_AT_ONCE))
            .iterator();
    while (handfuls.hasNext()) {
      if (!hasTime.getAsBoolean()) {
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

  private Progress unfinished(Stored plan, int written) {
    boolean overdue = !clock.instant().isBefore(plan.epoch().start());
    return new Progress(0, written, 1, overdue ? 1 : 0);
  }

  private boolean keep(Cohort cohort) {
    cohorts.put(cohort);
    return true;
  }

  /// A meter whose thing is gone has nobody to tell.
  private boolean tell(Stored plan, Assignment place) {
    Optional<Thing> thing = registry.thing(place.thing());
    if (thing.isPresent()
        && registry.update(
            place.thing(), Map.of(Plan.attribute(plan.epoch()), place.cohort().value()))) {
      downlink.settings(
          place.tenant(),
          place.thing(),
          new MeterSettings(
              Stream.concat(
                      before(thing.get(), place.tenant(), plan.epoch()).stream(),
                      Stream.of(place.membership()))
                  .toList()));
    }
    assignments.written(plan, place);
    return true;
  }

  /// Where a meter belongs until the planned epoch begins: its other attribute says so.
  private Optional<Membership> before(Thing thing, TenantId tenant, Epoch planned) {
    var epoch = new Epoch(planned.number() - 1);
    return Optional.ofNullable(thing.attributes().get(Plan.attribute(epoch)))
        .filter(cohort -> cohort.startsWith(CohortId.prefix(epoch)))
        .flatMap(cohort -> cohorts.find(tenant, new CohortId(cohort)))
        .map(cohort -> new Membership(cohort.id(), cohort.blockLength()));
  }

  /// How far one run has come with telling meters.
  ///
  /// Not safe for use by many threads.
  private static final class Telling {

    private final Pace pace;
    private final BooleanSupplier hasTime;
    private boolean over;
    private int written;

    Telling(Pace pace, BooleanSupplier hasTime) {
      this.pace = pace;
      this.hasTime = hasTime;
    }

    /// Waits until one more meter may be told.
    ///
    /// @return whether there is time for it
    boolean goesOn() {
      over = over || !hasTime.getAsBoolean();
      if (!over) {
        pace.await(1);
      }
      return !over;
    }
  }
}

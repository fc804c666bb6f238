package meterveil.embedded.run;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import meterveil.block.BlockLength;
import meterveil.block.Epoch;
import meterveil.block.Times;
import meterveil.cohort.Cohort;
import meterveil.cohort.DistrictId;
import meterveil.cohort.TariffClass;
import meterveil.energy.Commodity;
import meterveil.meter.ListedMeter;
import meterveil.meter.ThingName;
import meterveil.plan.Plan;
import meterveil.simulator.LoadProfile;
import meterveil.simulator.Measurements;
import meterveil.simulator.ReadingsCsv;
import meterveil.simulator.SyntheticLoad;
import meterveil.tenant.Tenant;
import meterveil.tenant.TenantId;

/// What is run: which meters measure what, where they are, and how they report it.
///
/// @param file the name of the file it was read from; none for made-up homes
/// @param measurements what the meters measure
/// @param meters the utility's list of them
/// @param cohortSize the size of cohorts to come close to, unless their number is given
/// @param cohortsOfDistrict how many cohorts each district has; none for as many as the size gives
/// @param tenant the utility
/// @param seed what names, loads and plans depend on
/// @param notes what a person should know of it, a sentence each
public record Scenario(
    Optional<String> file,
    Measurements measurements,
    List<ListedMeter> meters,
    int cohortSize,
    Optional<Integer> cohortsOfDistrict,
    Tenant tenant,
    long seed,
    List<String> notes) {

  /// The first day of made-up homes: a Monday with the rest of its epoch before it, so that up to
  /// 25 days need no change of cohorts.
  static final LocalDate FIRST_DAY = LocalDate.of(2026, 1, 12);

  private static final TenantId TENANT = new TenantId("demo");

  /// From the end of a day until it is certainly closed, in whole days.
  private static final int CLOSING_DAYS = 5;

  /// Shorter names would be found by chance when traces of them are looked for.
  private static final int NAME_LETTERS_MIN = 6;

  public Scenario {
    meters = List.copyOf(meters);
    notes = List.copyOf(notes);
  }

  /// What can be chosen.
  ///
  /// @param seed what names, loads and plans depend on
  /// @param blockLength what the meters report at once
  /// @param districts how many there are
  /// @param cohortSize the size of cohorts to come close to; none for the planner's
  /// @param cohorts how many there are to be, in place of a size
  /// @param retentionDays how long what is released is kept; none for long enough
  public record Choices(
      long seed,
      BlockLength blockLength,
      int districts,
      Optional<Integer> cohortSize,
      Optional<Integer> cohorts,
      Optional<Integer> retentionDays) {}

  /// Made-up homes.
  ///
  /// @throws IllegalArgumentException if the choices do not fit together
  static Scenario madeUp(int meters, int days, Choices choices) {
    return of(
        Optional.empty(),
        SyntheticLoad.of(choices.seed(), meters, FIRST_DAY, days),
        choices,
        new ArrayList<>());
  }

  /// Homes of a file.
  ///
  /// @throws IllegalArgumentException if the choices do not fit together, or not to the file
  /// @throws meterveil.simulator.BadFileException if something is wrong with the file
  public static Scenario replay(Path file, Choices choices) throws IOException {
    ReadingsCsv csv = ReadingsCsv.read(file);
    var notes = new ArrayList<String>();
    csv.clockChanges().forEach(change -> notes.add(change + "."));
    return of(
        Optional.of(file.getFileName().toString()), named(csv.measurements()), choices, notes);
  }

  private static Scenario of(
      Optional<String> file, Measurements measurements, Choices choices, List<String> notes) {
    List<ThingName> things = measurements.things();
    if (choices.districts() > things.size()) {
      throw new IllegalArgumentException(
          "%d meters cannot be in %d districts".formatted(things.size(), choices.districts()));
    }
    List<ListedMeter> meters =
        IntStream.range(0, things.size())
            .mapToObj(i ->
                new ListedMeter(
                    things.get(i),
                    TENANT,
                    new DistrictId("district-" + (1 + i % choices.districts())),
                    TariffClass.RESIDENTIAL,
                    Commodity.ELECTRICITY))
            .toList();
    int days = days(measurements).size();
    int retentionDays =
        choices
            .retentionDays()
            .orElse((int) Math.max(Tenant.RETENTION.toDays(), days + CLOSING_DAYS));
    notes.add(
        retentionDays < days + CLOSING_DAYS
            ? "What is released is kept for %d days: what is older has expired, and energy cannot be added up."
                .formatted(retentionDays)
            : "What is released is kept for %d days, so that nothing expires within the run."
                .formatted(retentionDays));
    return new Scenario(
        file,
        measurements,
        meters,
        choices.cohortSize().orElse(Plan.COHORT_SIZE),
        choices.cohorts().map(cohorts -> cohortsOfDistrict(cohorts, things.size(), choices)),
        new Tenant(TENANT, Duration.ofDays(retentionDays), choices.blockLength()),
        choices.seed(),
        notes);
  }

  private static int cohortsOfDistrict(int cohorts, int meters, Choices choices) {
    if (cohorts % choices.districts() != 0 || cohorts > meters) {
      throw new IllegalArgumentException(
          "%d cohorts of %d meters: they must be the same number in each of %d districts, with at least a meter each"
              .formatted(cohorts, meters, choices.districts()));
    }
    if (Math.ceilDiv(meters, cohorts) > Cohort.MEMBERS_MAX) {
      throw new IllegalArgumentException(
          "%d meters in %d cohorts are too many in each: at most %d"
              .formatted(meters, cohorts, Cohort.MEMBERS_MAX));
    }
    return cohorts / choices.districts();
  }

  private static Measurements named(Measurements measurements) {
    var named = new LinkedHashMap<ThingName, LoadProfile>();
    measurements
        .profiles()
        .forEach((thing, profile) ->
            named.put(
                thing.value().length() < NAME_LETTERS_MIN ? new ThingName("meter-" + thing) : thing,
                profile));
    return new Measurements(named);
  }

  /// The UTC days in which anything lies, in order.
  List<LocalDate> days() {
    return days(measurements);
  }

  private static List<LocalDate> days(Measurements measurements) {
    return LocalDate.ofInstant(measurements.start(), ZoneOffset.UTC)
        .datesUntil(
            LocalDate.ofInstant(measurements.end().minusSeconds(1), ZoneOffset.UTC).plusDays(1))
        .toList();
  }

  /// The epochs in which its days lie, in order.
  List<Epoch> epochs() {
    return days().stream().map(Epoch::of).distinct().toList();
  }

  /// Who is in which cohort in an epoch; the same for the same seed.
  public Plan plan(Epoch epoch) {
    RandomGenerator random = new SplittableRandom(seed * 1_000_003 + epoch.number());
    return cohortsOfDistrict
        .map(count -> Plan.make(epoch, meters, _ -> count, tenant.blockLength(), random))
        .orElseGet(() -> Plan.make(epoch, meters, cohortSize, tenant.blockLength(), random));
  }

  /// When everything begins: a day before the first, as the planner fills in the cohorts then.
  Instant beginning() {
    return days().getFirst().minusDays(1).atStartOfDay(ZoneOffset.UTC).toInstant();
  }

  /// When the last day closes.
  Instant closed() {
    return Times.end(days().getLast()).plus(Times.CLOSED_AFTER);
  }

  /// How many messages it takes to report it all, without two blocks in one.
  int messages() {
    return meters.size() * measurements.blocks(tenant.blockLength());
  }
}

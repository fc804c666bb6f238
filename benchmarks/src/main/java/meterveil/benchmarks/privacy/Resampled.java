package meterveil.benchmarks.privacy;

import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.IntStream;
import meterveil.benchmarks.MainLineRuns;
import meterveil.block.BlockLength;
import meterveil.block.Epoch;
import meterveil.cell.CellTotal;
import meterveil.cohort.Cohort;
import meterveil.cohort.CohortId;
import meterveil.cohort.DistrictId;
import meterveil.cohort.TariffClass;
import meterveil.embedded.run.Scenario;
import meterveil.energy.Buckets;
import meterveil.energy.Commodity;
import meterveil.energy.WattHours;
import meterveil.meter.ThingName;
import meterveil.plan.Plan;
import meterveil.tenant.TenantId;
import meterveil.usage.Grouping;
import meterveil.usage.ReleaseRule;
import meterveil.usage.ReleasedCell;

/// Many meters made of few homes, and what a store holds of a week of them: as a run of the whole
/// line has left it, or as the platform's own decisions on the same energies come to, for as many
/// other deals of meters to cohorts as chance asks for.
///
/// A meter is a home in one of its weeks, moved to the week that is run; so a deployment is sized
/// by resampling homes across weeks. Whoever attacks knows the home's week before.
final class Resampled {

  /// The Monday of the week that is run: in winter time, and in one epoch.
  private static final LocalDate MONDAY = LocalDate.of(2013, 1, 21);

  private static final Epoch EPOCH = Epoch.of(MONDAY);
  private static final double WH_PER_KWH = 1_000;
  private static final double CLIP_WH = TariffClass.RESIDENTIAL.clip(Commodity.ELECTRICITY).value();

  private final Homes homes;
  private final List<HomeWeek> meters;
  private final int[] cohorts;
  private final int[] members;
  private final List<List<Released>> released;
  private final List<Map<Integer, Released>> cells;

  /// @param meters which home and week each meter is
  /// @param cohorts the cohort of each meter, from 0
  /// @param released by hour
  Resampled(Homes homes, List<HomeWeek> meters, int[] cohorts, List<List<Released>> released) {
    this.homes = homes;
    this.meters = List.copyOf(meters);
    this.cohorts = cohorts;
    this.members = members(cohorts);
    this.released = List.copyOf(released);
    this.cells = released.stream().map(Resampled::byCohort).toList();
  }

  /// A home in one of its weeks, from the second on.
  record HomeWeek(int home, int week) {}

  /// A released cell.
  ///
  /// @param cohorts which
  /// @param energyKWh as it is told
  record Released(List<Integer> cohorts, long energyKWh) {

    /// Its energy, shared out evenly among its cohorts.
    double shareKWh() {
      return (double) energyKWh / cohorts.size();
    }
  }

  /// A run of the whole line.
  ///
  /// @param store what its store holds
  /// @param run what else it has left
  /// @param sameCells how many of its hours have the cells that are decided in memory
  record Ran(Resampled store, MainLineRuns.Run run, int sameCells) {}

  /// Runs the whole line.
  ///
  /// @param cohortSize the size of cohorts to come close to
  static Ran run(Homes homes, int cohortSize, MainLineRuns runs)
      throws IOException, InterruptedException {
    List<HomeWeek> meters = meters(homes);
    Path file = runs.folder().resolve("resampled.csv");
    write(homes, meters, file);
    MainLineRuns.Run run =
        runs.run("--readings", file.toString(), "--cohort-size", Integer.toString(cohortSize));
    Scenario scenario =
        Scenario.replay(
            file,
            new Scenario.Choices(
                1,
                BlockLength.DAY,
                1,
                Optional.of(cohortSize),
                Optional.empty(),
                Optional.empty()));
    Plan plan = scenario.plan(EPOCH);
    var numbers = new HashMap<String, Integer>();
    plan.cohorts().forEach(cohort -> numbers.put(cohort.id().value(), numbers.size()));
    var cohorts = new int[meters.size()];
    List<ThingName> things = scenario.measurements().things();
    for (int meter = 0; meter < cohorts.length; meter++) {
      var membership = Objects.requireNonNull(plan.memberships().get(things.get(meter)));
      cohorts[meter] = number(numbers, membership.cohort().value());
    }
    List<List<Released>> released = read(run.folder().resolve("cells.csv"), numbers);
    List<List<Released>> decided = decide(homes, meters, cohorts, plan.cohorts());
    int same = 0;
    for (int hour = 0; hour < Homes.HOURS; hour++) {
      same += Set.copyOf(released.get(hour)).equals(Set.copyOf(decided.get(hour))) ? 1 : 0;
    }
    return new Ran(new Resampled(homes, meters, cohorts, released), run, same);
  }

  /// What a store would hold of the same meters, dealt out anew.
  static Resampled decided(Homes homes, int cohortSize, long seed) {
    var places = new int[meters(homes).size()];
    int count = Math.toIntExact(Math.round((double) places.length / cohortSize));
    for (int i = 0; i < places.length; i++) {
      places[i] = (int) ((long) i * count / places.length);
    }
    return decided(homes, places, 1, seed);
  }

  /// The same, in cohorts of any size: one of 1 to 14 meters after each that may have up to 75, in
  /// three districts. So cells differ by few meters wherever the decision lets them.
  static Resampled ofAnySize(Homes homes, long seed) {
    var random = new SplittableRandom(seed);
    var places = new int[meters(homes).size()];
    for (int from = 0, cohort = 0; from < places.length; cohort++) {
      int membersMax = cohort % 2 == 0 ? Cohort.MEMBERS_MAX : ReleaseRule.METERS_MIN - 1;
      int to = Math.min(places.length, from + 1 + random.nextInt(membersMax));
      Arrays.fill(places, from, to, cohort);
      from = to;
    }
    return decided(homes, places, 3, seed);
  }

  /// @param places the cohort of each place that a meter may be dealt to, in order
  private static Resampled decided(Homes homes, int[] places, int districts, long seed) {
    List<HomeWeek> meters = meters(homes);
    var order = new ArrayList<>(IntStream.range(0, meters.size()).boxed().toList());
    Collections.shuffle(order, new Random(seed));
    var cohorts = new int[meters.size()];
    for (int i = 0; i < cohorts.length; i++) {
      cohorts[order.get(i)] = places[i];
    }
    int[] members = members(cohorts);
    List<Cohort> made =
        IntStream.range(0, members.length)
            .mapToObj(number -> {
              String district = "district-" + (number % districts + 1);
              return new Cohort(
                  new TenantId("demo"),
                  CohortId.of(EPOCH, "%s-re-%04d".formatted(district, number + 1)),
                  new DistrictId(district),
                  TariffClass.RESIDENTIAL,
                  Commodity.ELECTRICITY,
                  members[number],
                  BlockLength.DAY);
            })
            .toList();
    return new Resampled(homes, meters, cohorts, decide(homes, meters, cohorts, made));
  }

  private static int[] members(int[] cohorts) {
    var members = new int[Arrays.stream(cohorts).max().orElseThrow() + 1];
    Arrays.stream(cohorts).forEach(cohort -> members[cohort]++);
    return members;
  }

  /// Every home in each of its weeks, from the second on.
  static List<HomeWeek> meters(Homes homes) {
    var meters = new ArrayList<HomeWeek>();
    for (int week = 1; week < homes.weeks(); week++) {
      for (int home = 0; home < homes.count(); home++) {
        meters.add(new HomeWeek(home, week));
      }
    }
    return meters;
  }

  /// The platform's own decision on each hour.
  ///
  /// @param made the cohorts, in the order of their numbers
  private static List<List<Released>> decide(
      Homes homes, List<HomeWeek> meters, int[] cohorts, List<Cohort> made) {
    var numbers = new HashMap<CohortId, Integer>();
    made.forEach(cohort -> numbers.put(cohort.id(), numbers.size()));
    var released = new ArrayList<List<Released>>();
    for (int hour = 0; hour < Homes.HOURS; hour++) {
      var counts = new int[made.size()];
      var sums = new long[made.size()];
      var largest = new long[made.size()];
      for (int meter = 0; meter < cohorts.length; meter++) {
        int cohort = cohorts[meter];
        long wh = homes.week(meters.get(meter).home, meters.get(meter).week)[hour];
        long clipped = Math.min(wh, made.get(cohort).clip().value());
        counts[cohort]++;
        sums[cohort] += clipped;
        largest[cohort] = Math.max(largest[cohort], clipped);
      }
      var totals = new TreeMap<Cohort, CellTotal>(Comparator.comparing(Cohort::id));
      for (int cohort = 0; cohort < made.size(); cohort++) {
        var buckets = Buckets.ofAnHour(made.get(cohort).clip());
        var energy = new WattHours(sums[cohort]);
        totals.put(
            made.get(cohort),
            new CellTotal(
                counts[cohort],
                energy,
                buckets.end(buckets.of(new WattHours(largest[cohort]))).atMost(energy)));
      }
      Instant start = MONDAY.atStartOfDay(ZoneOffset.UTC).toInstant().plusSeconds(3_600L * hour);
      released.add(
          ReleasedCell.of(Grouping.decide(totals), start, totals).stream()
              .filter(cell -> cell.energyKWh().isPresent())
              .map(cell ->
                  new Released(
                      cell.cohorts().stream()
                          .map(id -> Objects.requireNonNull(numbers.get(id)))
                          .sorted()
                          .toList(),
                      cell.energyKWh().getAsLong()))
              .toList());
    }
    return released;
  }

  private static int number(Map<String, Integer> numbers, String cohort) {
    return Objects.requireNonNull(numbers.get(cohort), cohort);
  }

  private static void write(Homes homes, List<HomeWeek> meters, Path file) throws IOException {
    LocalDateTime start = MONDAY.atTime(1, 0); // Dutch winter time
    try (Writer csv = Files.newBufferedWriter(file)) {
      var header = new StringBuilder("datetime");
      meters.forEach(meter -> header.append(",home-%d-%d".formatted(meter.home, meter.week)));
      csv.write(header.append('\n').toString());
      for (int hour = 0; hour < Homes.HOURS; hour++) {
        for (int quarter = 0; quarter < 4; quarter++) {
          LocalDateTime at = start.plusHours(hour).plusMinutes(15L * quarter);
          var row =
              new StringBuilder(
                  "%d-%d-%d %02d:%02d"
                      .formatted(
                          at.getDayOfMonth(),
                          at.getMonthValue(),
                          at.getYear(),
                          at.getHour(),
                          at.getMinute()));
          for (HomeWeek meter : meters) {
            int wh = homes.week(meter.home, meter.week)[hour];
            row.append(',').append(quarter == 0 ? wh - wh / 4 * 3 : wh / 4);
          }
          csv.write(row.append('\n').toString());
        }
      }
    }
  }

  private static List<List<Released>> read(Path cells, Map<String, Integer> numbers)
      throws IOException {
    long start = MONDAY.atStartOfDay(ZoneOffset.UTC).toEpochSecond();
    var byHour = new TreeMap<Integer, List<Released>>();
    for (int hour = 0; hour < Homes.HOURS; hour++) {
      byHour.put(hour, new ArrayList<>());
    }
    List<String> lines = Files.readAllLines(cells);
    for (String line : lines.subList(1, lines.size())) {
      String[] cell = line.split(",", -1);
      int hour = (int) ((Instant.parse(cell[0]).getEpochSecond() - start) / 3_600);
      if (!cell[4].isEmpty()) {
        Objects.requireNonNull(byHour.get(hour), line)
            .add(
                new Released(
                    Arrays.stream(cell[2].split("\\+", -1))
                        .map(cohort -> number(numbers, cohort))
                        .sorted()
                        .toList(),
                    Long.parseLong(cell[4])));
      }
    }
    return List.copyOf(byHour.values());
  }

  private static Map<Integer, Released> byCohort(List<Released> released) {
    var cells = new HashMap<Integer, Released>();
    released.forEach(cell -> cell.cohorts.forEach(cohort -> cells.put(cohort, cell)));
    return cells;
  }

  /// What a meter measured in an hour.
  int energyWh(int meter, int hour) {
    HomeWeek at = meters.get(meter);
    return homes.week(at.home, at.week)[hour];
  }

  /// What is counted of it in a cell, which is cut at the clip.
  static double countedKWh(double wh) {
    return Math.min(wh, CLIP_WH) / WH_PER_KWH;
  }

  /// All homes.
  Homes homes() {
    return homes;
  }

  /// Which home and week each meter is.
  List<HomeWeek> meters() {
    return meters;
  }

  /// The meters that are made of a home.
  int[] metersOf(int home) {
    return IntStream.range(0, meters.size())
        .filter(meter -> meters.get(meter).home == home)
        .toArray();
  }

  /// The cohort a meter is in.
  int cohort(int meter) {
    return cohorts[meter];
  }

  /// How many cohorts there are.
  int cohortCount() {
    return members.length;
  }

  /// How many meters a cohort has.
  int members(int cohort) {
    return members[cohort];
  }

  /// The released cell that a cohort is in; none where it is suppressed.
  Optional<Released> cell(int cohort, int hour) {
    return Optional.ofNullable(cells.get(hour).get(cohort));
  }

  /// What every released cell of an hour is of and what it says.
  List<Released> released(int hour) {
    return released.get(hour);
  }
}

package meterveil.benchmarks.privacy;

import java.time.LocalDate;
import java.util.LinkedHashMap;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import meterveil.block.BlockLength;
import meterveil.block.Epoch;
import meterveil.cell.CellTotal;
import meterveil.cohort.Cohort;
import meterveil.cohort.CohortId;
import meterveil.cohort.DistrictId;
import meterveil.cohort.TariffClass;
import meterveil.energy.Buckets;
import meterveil.energy.Commodity;
import meterveil.energy.WattHours;
import meterveil.tenant.TenantId;
import meterveil.usage.Grouping;

/// How much is released and how exact it is, for other ratios of the buckets, clips, sizes and
/// numbers of cohorts than those in use. Computed in memory by the platform's own decision, not
/// run.
final class Sensitivity {

  private static final Epoch EPOCH = Epoch.of(LocalDate.of(2013, 1, 21));
  private static final int WEEKS = 6;
  private static final double WH_PER_KWH = 1_000;

  /// What may be chosen.
  ///
  /// @param bound what is known of the largest contribution
  /// @param clipWh what an hour of a meter is cut at
  /// @param size meters of a cohort
  /// @param cohorts that a cell may be merged with, and its own
  record Choice(Bound bound, int clipWh, int size, int cohorts) {}

  /// What is released.
  ///
  /// @param released energy in released cells, of all energy that meters measured
  /// @param error of released cells, the mean of the differences without sign
  /// @param own cells that are released by themselves, of all
  record Released(double released, double error, double own) {}

  /// What is known of the largest contribution to a cell.
  interface Bound {

    /// The buckets in use.
    Bound AS_BUILT =
        (wh, clipWh) -> {
          var buckets = Buckets.ofAnHour(new WattHours(clipWh));
          return buckets.end(buckets.of(new WattHours(wh))).value();
        };

    /// Buckets that end at powers of a ratio, however small; 1 for exact contributions.
    static Bound ratio(double ratio) {
      return (wh, _) -> {
        if (ratio <= 1 || wh == 0) {
          return wh;
        }
        double steps = Math.ceil(Math.log(wh) / Math.log(ratio) - 1e-9);
        return (long) Math.ceil(Math.pow(ratio, steps));
      };
    }

    /// @param wh the largest contribution
    /// @return Wh, not below it
    long of(int wh, int clipWh);
  }

  private Sensitivity() {}

  /// Cohorts of random homes in random weeks, for six weeks.
  static Released of(Homes homes, Choice choice, long seed) {
    int size = choice.size;
    int clipWh = choice.clipWh;
    var random = new SplittableRandom(seed);
    double measuredWh = 0;
    double releasedWh = 0;
    double errors = 0;
    int cells = 0;
    int own = 0;
    int all = 0;
    for (int week = 0; week < WEEKS; week++) {
      int[][][] cohorts = new int[choice.cohorts][size][];
      for (int[][] cohort : cohorts) {
        for (int meter = 0; meter < size; meter++) {
          cohort[meter] = homes.week(random.nextInt(homes.count()), random.nextInt(homes.weeks()));
        }
      }
      for (int hour = 0; hour < Homes.HOURS; hour++) {
        var totals = new LinkedHashMap<Cohort, CellTotal>();
        var trueWh = new LinkedHashMap<CohortId, Long>();
        for (int number = 0; number < choice.cohorts; number++) {
          Cohort cohort = cohort(number, size);
          int[][] meters = cohorts[number];
          int at = hour;
          int[] contributions = IntStream.range(0, size).map(m -> meters[m][at]).toArray();
          long wh = IntStream.of(contributions).asLongStream().sum();
          long clipped =
              IntStream.of(contributions).map(c -> Math.min(c, clipWh)).asLongStream().sum();
          int largest = IntStream.of(contributions).map(c -> Math.min(c, clipWh)).max().orElse(0);
          totals.put(
              cohort,
              new CellTotal(
                  size,
                  new WattHours(clipped),
                  new WattHours(Math.min(clipWh, choice.bound.of(largest, clipWh)))));
          trueWh.put(cohort.id(), wh);
          measuredWh += wh;
        }
        for (Grouping.Group group : Grouping.decide(totals).groups()) {
          all += group.cohorts().size();
          if (!group.released()) {
            continue;
          }
          double truth = 0;
          double told = 0;
          for (var entry : totals.entrySet()) {
            if (group.cohorts().contains(entry.getKey().id())) {
              truth += Objects.requireNonNull(trueWh.get(entry.getKey().id()));
              told += entry.getValue().energy().value();
            }
          }
          told = Math.rint(told / WH_PER_KWH) * WH_PER_KWH;
          releasedWh += told;
          errors += Math.abs(told - truth) / truth;
          cells++;
          own += group.cohorts().size() == 1 ? 1 : 0;
        }
      }
    }
    return new Released(releasedWh / measuredWh, errors / Math.max(1, cells), (double) own / all);
  }

  private static Cohort cohort(int number, int size) {
    return new Cohort(
        new TenantId("demo"),
        CohortId.of(EPOCH, "north-re-" + (number + 1)),
        new DistrictId("north"),
        TariffClass.RESIDENTIAL,
        Commodity.ELECTRICITY,
        size,
        BlockLength.DAY);
  }
}

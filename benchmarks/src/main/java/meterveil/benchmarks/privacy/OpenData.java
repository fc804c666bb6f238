package meterveil.benchmarks.privacy;

import java.security.SecureRandom;
import java.util.SplittableRandom;
import meterveil.block.BlockLength;
import meterveil.block.Epoch;
import meterveil.cohort.Cohort;
import meterveil.cohort.CohortId;
import meterveil.cohort.DistrictId;
import meterveil.cohort.TariffClass;
import meterveil.energy.Commodity;
import meterveil.energy.WattHours;
import meterveil.opendata.DailyTotal;
import meterveil.tenant.TenantId;

/// How far daily totals with noise are from the truth.
final class OpenData {

  private static final int TOTALS = 2_000;
  private static final int DAYS = 7;
  private static final int HOURS = 24;

  /// What a home adds at most that reports once a day.
  private static final WattHours METER_MAX =
      new Cohort(
              new TenantId("any"),
              CohortId.of(new Epoch(0), "any"),
              new DistrictId("any"),
              TariffClass.RESIDENTIAL,
              Commodity.ELECTRICITY,
              Cohort.MEMBERS_MAX,
              BlockLength.DAY)
          .blockMaxForEveryone();

  /// Means of the differences without sign, each in terms of the true total.
  ///
  /// @param noise by the noise alone
  /// @param cut by cutting each meter's day at the most it may add
  /// @param both of the figure that is told
  record Errors(double noise, double cut, double both) {}

  private OpenData() {}

  /// Tells days of random homes in random weeks.
  static Errors measure(Homes homes, int meters) {
    var random = new SplittableRandom(meters);
    var secure = new SecureRandom();
    double noise = 0;
    double cut = 0;
    double both = 0;
    for (int total = 0; total < TOTALS; total++) {
      int day = random.nextInt(DAYS);
      long trueWh = 0;
      long cutWh = 0;
      for (int meter = 0; meter < meters; meter++) {
        int[] week = homes.week(random.nextInt(homes.count()), random.nextInt(homes.weeks()));
        long wh = 0;
        for (int hour = day * HOURS; hour < (day + 1) * HOURS; hour++) {
          wh += week[hour];
        }
        trueWh += wh;
        cutWh += Math.min(wh, METER_MAX.value());
      }
      long toldWh =
          new DailyTotal(meters, new WattHours(cutWh), METER_MAX).withNoise(secure).orElseThrow();
      noise += (double) Math.abs(toldWh - cutWh) / trueWh;
      cut += (double) (trueWh - cutWh) / trueWh;
      both += (double) Math.abs(toldWh - trueWh) / trueWh;
    }
    return new Errors(noise / TOTALS, cut / TOTALS, both / TOTALS);
  }
}

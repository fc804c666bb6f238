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

  /// Means of the differences without sign, each in terms of the true total.
  ///
  /// @param noise by the noise alone
  /// @param cut by cutting each meter's blocks at the most they may add
  /// @param both of the figure that is told
  record Errors(double noise, double cut, double both) {}

  private OpenData() {}

  /// What a block of a home adds at most.
  static WattHours blockMax(BlockLength length) {
    return new Cohort(
            new TenantId("any"),
            CohortId.of(new Epoch(0), "any"),
            new DistrictId("any"),
            TariffClass.RESIDENTIAL,
            Commodity.ELECTRICITY,
            Cohort.MEMBERS_MAX,
            length)
        .blockMaxForEveryone();
  }

  /// Tells days of random homes in random weeks.
  ///
  /// @param length what a home reports at once
  static Errors measure(Homes homes, int meters, BlockLength length) {
    long blockMaxWh = blockMax(length).value();
    var meterMax = new WattHours(HOURS / length.hours() * blockMaxWh);
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
        for (int block = day * HOURS; block < (day + 1) * HOURS; block += length.hours()) {
          long wh = 0;
          for (int hour = block; hour < block + length.hours(); hour++) {
            wh += week[hour];
          }
          trueWh += wh;
          cutWh += Math.min(wh, blockMaxWh);
        }
      }
      long toldWh =
          new DailyTotal(meters, new WattHours(cutWh), meterMax).withNoise(secure).orElseThrow();
      noise += (double) Math.abs(toldWh - cutWh) / trueWh;
      cut += (double) (trueWh - cutWh) / trueWh;
      both += (double) Math.abs(toldWh - trueWh) / trueWh;
    }
    return new Errors(noise / TOTALS, cut / TOTALS, both / TOTALS);
  }
}

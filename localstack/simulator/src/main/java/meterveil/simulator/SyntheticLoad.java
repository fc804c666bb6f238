package meterveil.simulator;

import java.time.DayOfWeek;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import meterveil.meter.ThingName;

/// Made-up homes: what a base load, mornings, evenings, weekends and appliances add up to.
///
/// Not a model of any place, but of the shape that matters to cells: loads that rise and fall
/// together, a few homes (heat pumps, electric cars) far above the rest, some hours not measured.
/// The same seed, meters and days always give the same.
public final class SyntheticLoad {

  private static final String LETTERS = "abcdefghijkmnpqrstuvwxyz23456789";
  private static final int NAME_LETTERS = 8;

  private static final double HEAT_PUMPS = 0.08;
  private static final double ELECTRIC_CARS = 0.08;
  private static final int CAR_WH = 7_400;

  /// Days on which a home's meter fails to measure for some hours.
  private static final double DAYS_WITH_GAP = 0.015;

  private SyntheticLoad() {}

  /// Makes up what meters measure, from 00:00 UTC of the first day.
  ///
  /// @param seed what the names and the loads depend on
  /// @throws IllegalArgumentException if there is no meter or no day
  public static Measurements of(long seed, int meters, LocalDate firstDay, int days) {
    if (meters < 1 || days < 1) {
      throw new IllegalArgumentException("at least one meter and one day are needed");
    }
    var random = new SplittableRandom(seed);
    Instant start = firstDay.atStartOfDay(ZoneOffset.UTC).toInstant();
    Map<ThingName, LoadProfile> profiles = LinkedHashMap.newLinkedHashMap(meters);
    while (profiles.size() < meters) {
      profiles.put(name(random), new LoadProfile(start, home(random.split(), start, days)));
    }
    return new Measurements(profiles);
  }

  private static ThingName name(RandomGenerator random) {
    var name = new StringBuilder("meter-");
    for (int i = 0; i < NAME_LETTERS; i++) {
      name.append(LETTERS.charAt(random.nextInt(LETTERS.length())));
    }
    return new ThingName(name.toString());
  }

  private static int[] home(SplittableRandom random, Instant start, int days) {
    double baseWh = 40 + 120 * random.nextDouble() * random.nextDouble();
    double size = Math.exp(0.4 * random.nextGaussian());
    double morning = 5.5 + 3 * random.nextDouble();
    double evening = 17 + 3.5 * random.nextDouble();
    boolean heatPump = random.nextDouble() < HEAT_PUMPS;
    boolean car = random.nextDouble() < ELECTRIC_CARS;
    var energyWh = new double[days * 24];
    for (int hour = 0; hour < energyWh.length; hour++) {
      ZonedDateTime local = start.plusSeconds(hour * 3600L).atZone(ReadingsCsv.ZONE);
      boolean weekend = local.getDayOfWeek().compareTo(DayOfWeek.SATURDAY) >= 0;
      double clock = local.getHour();
      double wh = baseWh;
      wh += size * (weekend ? 90 : 160) * bell(clock, morning + (weekend ? 1.5 : 0), 1.2);
      wh += size * 380 * bell(clock, evening, 2.0);
      wh += size * (weekend ? 130 : 60) * bell(clock, 13, 3.0);
      wh *= 0.75 + 0.5 * random.nextDouble();
      if (heatPump) {
        wh += 1_500 * cold(local) * (0.5 + random.nextDouble());
      }
      energyWh[hour] += wh;
    }
    for (int day = 0; day < days; day++) {
      appliances(random, energyWh, day * 24, size);
      if (car && random.nextDouble() < 0.4) {
        add(energyWh, day * 24 + 17 + random.nextInt(6), 1 + random.nextInt(4), CAR_WH);
      }
    }
    int[] wholeWh = Arrays.stream(energyWh).mapToInt(wh -> (int) Math.round(wh)).toArray();
    for (int day = 0; day < days; day++) {
      if (random.nextDouble() < DAYS_WITH_GAP) {
        int from = day * 24 + random.nextInt(24);
        int to = Math.min(wholeWh.length, from + 1 + random.nextInt(5));
        Arrays.fill(wholeWh, from, to, LoadProfile.NOT_MEASURED);
      }
    }
    return wholeWh;
  }

  private static void appliances(
      RandomGenerator random, double[] energyWh, int midnight, double size) {
    if (random.nextDouble() < 0.6 * Math.min(1.5, size)) {
      add(energyWh, midnight + 8 + random.nextInt(13), 2, 500 + random.nextInt(500));
    }
    if (random.nextDouble() < 0.5) {
      add(energyWh, midnight + 17 + random.nextInt(3), 1, 600 + random.nextInt(1_200));
    }
  }

  private static void add(double[] energyWh, int from, int hours, double wh) {
    for (int hour = from; hour < Math.min(from + hours, energyWh.length); hour++) {
      energyWh[hour] += wh;
    }
  }

  /// 1 at the peak, falling off over `width` hours either side, around the clock.
  private static double bell(double clock, double peak, double width) {
    double apart = Math.abs(clock - peak);
    double hours = Math.min(apart, 24 - apart);
    return Math.exp(-hours * hours / (2 * width * width));
  }

  /// From 0 in July to 1 in January, a little more by night.
  private static double cold(ZonedDateTime local) {
    double season = 0.5 + 0.5 * Math.cos(2 * Math.PI * (local.getDayOfYear() - 15) / 365);
    return season * (0.85 + 0.15 * bell(local.getHour(), 5, 4));
  }
}

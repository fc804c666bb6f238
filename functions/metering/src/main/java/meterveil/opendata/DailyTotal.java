package meterveil.opendata;

import java.util.Locale;
import java.util.OptionalLong;
import java.util.random.RandomGenerator;
import meterveil.energy.Commodity;
import meterveil.energy.WattHours;

/// What a day of many meters is told as: the sum of what each of its blocks adds at most.
///
/// One meter changes a day's total by at most what it may add to it; noise of that scale, divided
/// by epsilon, makes the figure epsilon-differentially private for one meter's day (Dwork et al.
/// 2006; discrete: Ghosh et al. 2009). An epoch's thirty days spend thirty times as much. Whether
/// there is a figure at all has no noise: of just [#METERS_MIN] meters it tells that none was away.
///
/// @param meters how many there are, at least
/// @param energy the total, each meter's part cut at `meterMax`
/// @param meterMax the most one meter adds
public record DailyTotal(int meters, WattHours energy, WattHours meterMax) {

  /// Below so many meters a total is mostly noise, and is not told.
  public static final int METERS_MIN = 100;

  /// What a day costs, in thousandths: epsilon 1.
  public static final int EPSILON_MILLI = 1_000;

  /// What a product may spend in an epoch, in thousandths: thirty days of epsilon 1.
  public static final int BUDGET_MILLI = 30 * EPSILON_MILLI;

  /// @throws IllegalArgumentException if there are no meters, or they cannot add any energy
  public DailyTotal {
    if (meters < 0 || meterMax.value() < 1) {
      throw new IllegalArgumentException("meters that add something");
    }
  }

  /// The product that the daily total of a commodity is.
  public static String product(Commodity commodity) {
    return "daily-total/" + commodity.name().toLowerCase(Locale.ROOT);
  }

  /// The total of these meters and others, over the same time.
  public DailyTotal withOtherMeters(DailyTotal others) {
    return new DailyTotal(
        meters + others.meters,
        energy.plus(others.energy),
        meterMax.compareTo(others.meterMax) >= 0 ? meterMax : others.meterMax);
  }

  /// The total of the same meters over this time and a later one. A meter may be missing from
  /// either, so that there are at least as many as in the fuller.
  public DailyTotal withLaterBlock(DailyTotal later) {
    return new DailyTotal(
        Math.max(meters, later.meters), energy.plus(later.energy), meterMax.plus(later.meterMax));
  }

  /// The total with noise, in watt-hours; never below 0, as a total that is would say that the
  /// noise is larger than the energy. Cutting at 0 tells no more than the noisy figure did, but
  /// makes totals near 0 too large on average.
  ///
  /// @param random secure where it matters
  /// @return nothing for fewer than [#METERS_MIN] meters
  public OptionalLong withNoise(RandomGenerator random) {
    if (meters < METERS_MIN) {
      return OptionalLong.empty();
    }
    long noise = noise().draw(random);
    return OptionalLong.of(Math.max(0, energy.value() + noise));
  }

  /// The noise it takes.
  public DiscreteLaplace noise() {
    return new DiscreteLaplace(
        Math.ceilDiv(Math.multiplyExact(meterMax.value(), 1_000), EPSILON_MILLI));
  }
}

package meterveil.opendata;

import java.util.random.RandomGenerator;

/// The discrete Laplace distribution: the chance of `x` is proportional to `exp(-|x| / scale)`, for
/// all whole numbers.
///
/// Drawn exactly, with whole numbers alone, as floating-point noise has gaps by which the true
/// value can be told (Mironov 2012). The method is algorithm 2 of Canonne, Kamath and Steinke, "The
/// Discrete Gaussian for Differential Privacy" (2020).
///
/// @param scale above 0; the mean distance from 0 comes close to it
public record DiscreteLaplace(long scale) {

  /// The largest scale, which keeps all that is computed within 64 bits.
  public static final long SCALE_MAX = 1L << 31;

  /// @throws IllegalArgumentException if the scale is outside its limits
  public DiscreteLaplace {
    if (scale < 1 || scale > SCALE_MAX) {
      throw new IllegalArgumentException("a scale is 1 to %d, not %d".formatted(SCALE_MAX, scale));
    }
  }

  /// Draws a number.
  ///
  /// @param random secure where it matters, seeded where a test must be repeated
  public long draw(RandomGenerator random) {
    while (true) {
      long low = random.nextLong(scale);
      if (!chanceOfExponential(random, low, scale)) {
        continue;
      }
      long high = 0;
      while (chanceOfExponential(random, 1, 1)) {
        high++;
      }
      long size = Math.addExact(low, Math.multiplyExact(scale, high));
      boolean negative = random.nextBoolean();
      if (negative && size == 0) {
        continue; // or 0 would come twice as often
      }
      return negative ? -size : size;
    }
  }

  /// True with chance exp(-numerator / denominator), for a fraction of 0 to 1.
  private static boolean chanceOfExponential(
      RandomGenerator random, long numerator, long denominator) {
    long k = 1;
    while (random.nextLong(Math.multiplyExact(denominator, k)) < numerator) {
      k++;
    }
    return k % 2 == 1;
  }
}

package meterveil.cell;

import java.math.BigInteger;
import meterveil.energy.Buckets;
import meterveil.energy.WattHours;

/// What contributions to one slot add up to, in one number: their energy, and how many of them fell
/// into each bucket.
///
/// From its low end the number has 28 bits of watt-hours and seven bits for each of the 13 buckets.
/// Of a contribution it is hidden by a mask: both are added modulo 2^119, so that what is written
/// is any number of 119 bits, each as likely as another, whatever was measured. DynamoDB adds these
/// up; [#CONTRIBUTIONS_MAX] come to less than 2^126, which its numbers of 38 digits hold.
///
/// @param energyWh the sum; below 2^28, where it is told with buckets
/// @param count how many contributions fell into a bucket
/// @param highest the highest bucket with a contribution; -1 if there is none
public record Packed(long energyWh, int count, int highest) {

  /// The length of the sum of energies; also read by who looks for what a number tells.
  public static final int ENERGY_BITS = 28;

  /// The length of a bucket's count; see [#ENERGY_BITS].
  public static final int COUNT_BITS = 7;

  private static final long COUNT_MASK = (1L << COUNT_BITS) - 1;

  /// The length of what is hidden, and of its mask; see [#ENERGY_BITS].
  public static final int BITS = ENERGY_BITS + Buckets.COUNT * COUNT_BITS;

  /// How many contributions can be told apart; more than a cohort has meters.
  static final int CONTRIBUTIONS_MAX = (int) COUNT_MASK;

  private static final BigInteger ALL_BITS =
      BigInteger.ONE.shiftLeft(BITS).subtract(BigInteger.ONE);

  /// A contribution that falls into a bucket.
  static BigInteger hidden(WattHours energy, int bucket, BigInteger mask) {
    return hide(
        BigInteger.ONE
            .shiftLeft(ENERGY_BITS + bucket * COUNT_BITS)
            .add(BigInteger.valueOf(energy.value())),
        mask);
  }

  /// A contribution that falls into none.
  static BigInteger hidden(WattHours energy, BigInteger mask) {
    return hide(BigInteger.valueOf(energy.value()), mask);
  }

  private static BigInteger hide(BigInteger packed, BigInteger mask) {
    return packed.add(mask).and(ALL_BITS);
  }

  /// What is left of a sum of contributions without their masks.
  ///
  /// @param masks their sum
  /// @return some number, if these are not the masks
  static BigInteger uncovered(BigInteger sum, BigInteger masks) {
    return sum.subtract(masks).and(ALL_BITS);
  }

  /// Takes it apart.
  ///
  /// @param uncovered a sum without its masks; of a number that is masked still this is nonsense,
  ///   with some 800 contributions
  public static Packed of(BigInteger uncovered) {
    int count = 0;
    int highest = -1;
    for (int bucket = 0; bucket < Buckets.COUNT; bucket++) {
      int here =
          (int) (uncovered.shiftRight(ENERGY_BITS + bucket * COUNT_BITS).longValue() & COUNT_MASK);
      count += here;
      highest = here > 0 ? bucket : highest;
    }
    return new Packed(uncovered.longValue() & ((1L << ENERGY_BITS) - 1), count, highest);
  }
}

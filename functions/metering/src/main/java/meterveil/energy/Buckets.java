package meterveil.energy;

/// A scale of logarithmic buckets for amounts from 0 to a largest one.
///
/// The highest of the [#COUNT] buckets ends at the largest amount, each further one at a part of
/// the one above it, rounded down: so the end of a bucket is above anything in it by less than that
/// part makes up, but for the lowest, which begins at 0. Whole watt-hours lie in exactly one
/// bucket.
public final class Buckets {

  /// How many there are: what fits into a DynamoDB number beside the energy.
  public static final int COUNT = 13;

  /// Shares of 15 % of a cell are in the upper ones.
  private static final int NEAR = 9;

  /// Below it the lowest buckets would end at the same amount.
  private static final long LARGEST_WH_MIN = 1_000;

  private final long[] endsWh = new long[COUNT];

  private record Part(long numerator, long denominator) {}

  private Buckets(WattHours largest, Part near, Part far) {
    if (largest.value() < LARGEST_WH_MIN) {
      throw new IllegalArgumentException("too short a scale");
    }
    endsWh[COUNT - 1] = largest.value();
    for (int i = COUNT - 2; i >= 0; i--) {
      Part part = i >= COUNT - 1 - NEAR ? near : far;
      endsWh[i] = endsWh[i + 1] * part.numerator / part.denominator;
    }
  }

  /// For hours, close above: the upper ten buckets end at 17/20 of the one above, the lower three
  /// at 2/5. 695 to 3,000 Wh, and 44, 111 and 278 Wh, for a home's electricity.
  ///
  /// @param largest where the scale ends
  /// @throws IllegalArgumentException if that is below 1,000 Wh
  public static Buckets ofAnHour(WattHours largest) {
    return new Buckets(largest, new Part(17, 20), new Part(2, 5));
  }

  /// For blocks, which may be much more than any is: each ends at 5/8 of the one above.
  ///
  /// @param largest where the scale ends
  /// @throws IllegalArgumentException if that is below 1,000 Wh
  public static Buckets ofABlock(WattHours largest) {
    return new Buckets(largest, new Part(5, 8), new Part(5, 8));
  }

  /// The bucket that `amount` lies in, from 0.
  ///
  /// @throws IllegalArgumentException beyond the last bucket
  public int of(WattHours amount) {
    for (int bucket = 0; bucket < COUNT; bucket++) {
      if (amount.value() <= endsWh[bucket]) {
        return bucket;
      }
    }
    throw new IllegalArgumentException("beyond the last bucket");
  }

  /// The largest amount in a bucket.
  public WattHours end(int bucket) {
    return new WattHours(endsWh[bucket]);
  }
}

package meterveil.energy;

import java.util.Arrays;

/// A scale of logarithmic buckets: amounts are told apart only to a ratio of 1.25.
///
/// Bucket 0 holds 0 Wh alone. Each further bucket ends at the larger of the previous end plus one
/// and 1.25 times the previous end, rounded down, so that whole watt-hours lie in exactly one
/// bucket and the end of a bucket is at most 1.25 times anything in it.
public final class Buckets {

  /// The most buckets a scale may have: enough for 40 MWh, and for each to have three names of one
  /// byte.
  public static final int COUNT_MAX = 80;

  private static final long[] ENDS_WH = ends();

  private Buckets() {}

  private static long[] ends() {
    var ends = new long[COUNT_MAX];
    for (int i = 1; i < COUNT_MAX; i++) {
      ends[i] = Math.max(ends[i - 1] + 1, ends[i - 1] * 5 / 4);
    }
    return ends;
  }

  /// The bucket that `amount` lies in, from 0.
  ///
  /// @throws IllegalArgumentException beyond the last bucket
  public static int of(WattHours amount) {
    int found = Arrays.binarySearch(ENDS_WH, amount.value());
    int bucket = found >= 0 ? found : -found - 1;
    if (bucket >= COUNT_MAX) {
      throw new IllegalArgumentException("beyond the last bucket");
    }
    return bucket;
  }

  /// How many buckets it takes for amounts up to `largest`.
  ///
  /// @throws IllegalArgumentException beyond the last bucket
  public static int countUpTo(WattHours largest) {
    return of(largest) + 1;
  }

  /// The largest amount in a bucket.
  public static WattHours end(int bucket) {
    return new WattHours(ENDS_WH[bucket]);
  }
}

package meterveil.energy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

class BucketsTest {

  private static final int LAST = Buckets.COUNT - 1;
  private static final int LARGEST_MAX = 10_000_000;

  private static Buckets scale(boolean hourly, long largestWh) {
    var largest = new WattHours(largestWh);
    return hourly ? Buckets.ofAnHour(largest) : Buckets.ofABlock(largest);
  }

  private static WattHours amount(long largestWh, int millionth) {
    return new WattHours(largestWh * millionth / 1_000_000);
  }

  @Property
  void everyAmountLiesInTheOneBucketThatEndsAtOrAboveIt(
      @ForAll boolean hourly,
      @ForAll @LongRange(min = 1_000, max = LARGEST_MAX) long largestWh,
      @ForAll @IntRange(max = 1_000_000) int millionth) {
    var buckets = scale(hourly, largestWh);
    WattHours amount = amount(largestWh, millionth);

    int bucket = buckets.of(amount);

    assertThat(buckets.end(bucket)).isGreaterThanOrEqualTo(amount);
    assertThat(bucket == 0 || buckets.end(bucket - 1).compareTo(amount) < 0).isTrue();
  }

  /// What makes the highest bucket a bound: it overstates the largest contribution to an hour by
  /// little where that may be too large a share of a cell, and the largest block by less than 1.6.
  @Property
  void theEndOfABucketIsNotFarAboveAnythingInIt(
      @ForAll @LongRange(min = 1_000, max = LARGEST_MAX) long largestWh,
      @ForAll @IntRange(max = 1_000_000) int millionth) {
    WattHours amount = amount(largestWh, millionth);
    double hour = overstates(Buckets.ofAnHour(new WattHours(largestWh)), amount);
    double block = overstates(Buckets.ofABlock(new WattHours(largestWh)), amount);

    if (millionth >= 240_000) {
      assertThat(hour).isLessThan(20.0 / 17);
    } else if (millionth >= 16_000) {
      assertThat(hour).isLessThan(2.5);
    }
    if (millionth >= 5_000) {
      assertThat(block).isLessThan(1.6);
    }
  }

  private static double overstates(Buckets buckets, WattHours amount) {
    return (double) buckets.end(buckets.of(amount)).value() / amount.value();
  }

  @Property
  void theEndOfABucketLiesInItAndOneMoreInTheNext(
      @ForAll boolean hourly,
      @ForAll @LongRange(min = 1_000, max = LARGEST_MAX) long largestWh,
      @ForAll @IntRange(max = LAST - 1) int bucket) {
    var buckets = scale(hourly, largestWh);
    WattHours end = buckets.end(bucket);

    assertThat(buckets.of(end)).isEqualTo(bucket);
    assertThat(buckets.of(end.plus(new WattHours(1)))).isEqualTo(bucket + 1);
  }

  @Test
  void endsAtTheLargestAmount() {
    var largest = new WattHours(3_000);
    var buckets = Buckets.ofAnHour(largest);
    assertThat(buckets.end(LAST)).isEqualTo(largest);
    assertThat(buckets.of(WattHours.ZERO)).isZero();
    assertThatIllegalArgumentException().isThrownBy(() -> buckets.of(new WattHours(3_001)));
    assertThatIllegalArgumentException().isThrownBy(() -> Buckets.ofABlock(new WattHours(999)));
  }
}

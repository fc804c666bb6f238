package meterveil.energy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

class BucketsTest {

  private static final int LAST = Buckets.COUNT_MAX - 1;

  @Property
  void everyAmountLiesInTheOneBucketThatEndsAtOrAboveIt(
      @ForAll @LongRange(max = 5_000_000) long wh) {
    var amount = new WattHours(wh);

    int bucket = Buckets.of(amount);

    assertThat(Buckets.end(bucket)).isGreaterThanOrEqualTo(amount);
    assertThat(bucket == 0 || Buckets.end(bucket - 1).compareTo(amount) < 0).isTrue();
  }

  /// What makes the highest bucket a bound: it overstates the largest contribution by a quarter at
  /// most.
  @Property
  void theEndOfABucketIsAtMostAQuarterAboveAnythingInIt(
      @ForAll @LongRange(min = 1, max = 5_000_000) long wh) {
    long endWh = Buckets.end(Buckets.of(new WattHours(wh))).value();

    assertThat(endWh * 4).isLessThanOrEqualTo(wh * 5);
  }

  @Property
  void moreLiesInNoLowerBucket(
      @ForAll @LongRange(max = 5_000_000) long wh, @ForAll @LongRange(max = 1_000) long moreWh) {
    assertThat(Buckets.of(new WattHours(wh + moreWh)))
        .isGreaterThanOrEqualTo(Buckets.of(new WattHours(wh)));
  }

  @Property
  void theEndOfABucketLiesInItAndOneMoreInTheNext(@ForAll @IntRange(max = LAST - 1) int bucket) {
    WattHours end = Buckets.end(bucket);

    assertThat(Buckets.of(end)).isEqualTo(bucket);
    assertThat(Buckets.of(end.plus(new WattHours(1)))).isEqualTo(bucket + 1);
  }

  @Test
  void holdsTwoDaysOfEveryCap() {
    for (Commodity commodity : Commodity.values()) {
      assertThat(Buckets.end(LAST).value()).isGreaterThan(48 * commodity.cap().value());
    }
    assertThat(Buckets.of(WattHours.ZERO)).isZero();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Buckets.of(Buckets.end(LAST).plus(new WattHours(1))));
  }
}

package meterveil.benchmarks.privacy;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.function.IntBinaryOperator;
import meterveil.benchmarks.privacy.OpenItems.Added;
import meterveil.benchmarks.privacy.OpenItems.Told;
import meterveil.energy.Buckets;
import meterveil.energy.WattHours;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/// Looking at copies finds masks that are none, or used twice, names that tell, and tokens that
/// return; and nothing where all is random.
final class OpenItemsTest {

  private static final int COHORTS = 40;
  private static final int SLOTS = 26;
  private static final double CHANCE_MAX = 0.02;

  private final Random random = new Random(1);

  /// The mask of a meter's sum.
  private interface Masks {
    BigInteger of(int meter, int slot);
  }

  @Test
  @DisplayName("T5 copies of masked and renamed totals tell nothing")
  void findsNothingWhereAllIsRandom() {
    Told told = told(this::masks, this::names);
    assertThat(told.energyGain()).isLessThan(CHANCE_MAX);
    assertThat(told.closeSums()).isZero();
    assertThat(told.orderGain()).isLessThan(CHANCE_MAX);
    assertThat(told.equalGain()).isLessThan(CHANCE_MAX);
    assertThat(told.tokensTwice()).isZero();
  }

  @Test
  @DisplayName("T5 sums without a mask are found")
  void findsSumsWithoutAMask() {
    assertThat(told((_, _) -> BigInteger.ZERO, this::names).energyGain()).isGreaterThan(0.4);
  }

  @Test
  @DisplayName("T5 a mask that is used again is found: in hours, in meters, in one total of a day")
  void findsAMaskThatIsUsedAgain() {
    assertThat(told((meter, _) -> fixed(meter), this::names).closeSums()).isPositive();
    assertThat(told((_, slot) -> fixed(slot), this::names).closeSums()).isPositive();
    Masks clippedAsFirstHour =
        (meter, slot) -> slot == 0 || slot == SLOTS - 1 ? fixed(meter) : masks(meter, slot);
    assertThat(told(clippedAsFirstHour, this::names).closeSums()).isPositive();
    Masks onceAgain =
        (meter, slot) -> slot == 3 && (meter == 5 || meter == 9) ? fixed(1) : masks(meter, slot);
    assertThat(told(onceAgain, this::names).closeSums()).isOne();
    Masks ofTwoParts = (meter, slot) -> fixed(meter).add(fixed(1_000 + slot));
    assertThat(told(ofTwoParts, this::names).closeSums()).isPositive();
  }

  @Test
  @DisplayName("T5 names in the order of buckets are found, and names that hold for all hours")
  void findsNamesThatTell() {
    assertThat(told(this::masks, (_, bucket) -> bucket).orderGain()).isGreaterThan(0.4);
    assertThat(told(this::masks, (_, bucket) -> bucket * 8 + random.nextInt(8)).equalGain())
        .isGreaterThan(CHANCE_MAX);
  }

  @Test
  @DisplayName("T5 low buckets whose names were there before are found")
  void findsThatCommonBucketsHaveNamesAlready() {
    IntBinaryOperator commonOnes = (_, bucket) -> bucket < 26 ? 0 : random.nextInt(1, 256);
    assertThat(told(this::masks, commonOnes).repeatGain()).isGreaterThan(0.1);
  }

  @Test
  @DisplayName("T5 a token that returns is found")
  void findsATokenThatReturns() {
    var tokens = List.of(fixed(1), fixed(2), fixed(1));
    assertThat(OpenItems.told(added(this::masks, this::names), tokens).tokensTwice()).isOne();
  }

  private Told told(Masks masks, IntBinaryOperator names) {
    return OpenItems.told(added(masks, names), List.of());
  }

  private BigInteger masks(int meter, int slot) {
    return new BigInteger(64, random);
  }

  private int names(int slot, int bucket) {
    return random.nextInt(256);
  }

  private static BigInteger fixed(int seed) {
    return BigInteger.valueOf(new SplittableRandom(seed).nextLong());
  }

  /// @param names by slot and bucket
  private List<Added> added(Masks masks, IntBinaryOperator names) {
    var all = new ArrayList<Added>();
    for (int cohort = 0; cohort < COHORTS; cohort++) {
      var before = new HashSet<List<Integer>>();
      for (int i = 0; i < OpenItems.METERS; i++) {
        int meter = all.size();
        var sums = new ArrayList<BigInteger>();
        var shown = new ArrayList<Integer>();
        var energiesWh = new ArrayList<Integer>();
        var buckets = new ArrayList<Integer>();
        for (int slot = 0; slot < SLOTS; slot++) {
          int wh = (int) Math.min(3_000, 300 * Math.exp(random.nextGaussian()));
          sums.add(masks.of(meter, slot).add(BigInteger.valueOf(wh)));
          if (slot < SLOTS - 1) {
            int bucket = Buckets.of(new WattHours(wh));
            int name = names.applyAsInt(slot, bucket);
            shown.add(before.add(List.of(slot, name)) ? name : OpenItems.REPEATED);
            energiesWh.add(wh);
            buckets.add(bucket);
          }
        }
        all.add(new Added(cohort, sums, shown, energiesWh, buckets));
      }
    }
    return all;
  }
}

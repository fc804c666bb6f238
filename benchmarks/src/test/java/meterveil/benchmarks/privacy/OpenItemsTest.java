package meterveil.benchmarks.privacy;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import meterveil.benchmarks.privacy.OpenItems.Added;
import meterveil.benchmarks.privacy.OpenItems.Told;
import meterveil.cell.Packed;
import meterveil.energy.Buckets;
import meterveil.energy.WattHours;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/// Looking at copies finds masks that are none, that are too short or used twice, and tokens that
/// return; and nothing where all is random.
final class OpenItemsTest {

  /// Enough for chance to stay below [#CHANCE_MAX].
  private static final int COHORTS = 40;

  private static final int FEW_COHORTS = 8;
  private static final int SLOTS = 26;
  private static final BigInteger MODULUS = BigInteger.TWO.pow(Packed.BITS);
  private static final double CHANCE_MAX = 0.02;
  private static final Buckets BUCKETS = Buckets.ofAnHour(new WattHours(3_000));

  private final Random random = new Random(1);

  /// The mask of a meter's number.
  private interface Masks {
    BigInteger of(int meter, int slot);
  }

  @Test
  @DisplayName("T5 copies of masked totals tell nothing")
  void findsNothingWhereAllIsRandom() {
    Told told = OpenItems.told(added(this::masks, COHORTS), List.of());
    assertThat(told.energyGain()).isLessThan(CHANCE_MAX);
    assertThat(told.higherGain()).isLessThan(CHANCE_MAX);
    assertThat(told.equalGain()).isLessThan(CHANCE_MAX);
    assertThat(told.masksInCommon()).isZero();
    assertThat(told.tokensTwice()).isZero();
  }

  @Test
  @DisplayName("T5 numbers without a mask are found")
  void findsNumbersWithoutAMask() {
    Told told = told((_, _) -> BigInteger.ZERO);
    assertThat(told.energyGain()).isGreaterThan(0.4);
    assertThat(told.higherGain()).isGreaterThan(0.4);
    assertThat(told.equalGain()).isGreaterThan(0.4);
  }

  @Test
  @DisplayName("T5 masks that leave the counts or the energies bare are found")
  void findsMasksThatAreTooShort() {
    Told counts = told((_, _) -> new BigInteger(Packed.ENERGY_BITS, random));
    assertThat(counts.energyGain()).isGreaterThan(0.3);
    assertThat(counts.equalGain()).isGreaterThan(0.4);
    Told energies = told((_, _) -> masks(0, 0).shiftRight(28).shiftLeft(28));
    assertThat(energies.energyGain()).isGreaterThan(0.4);
    assertThat(energies.higherGain()).isGreaterThan(0.4);
  }

  @Test
  @DisplayName("T5 a mask that is used again is found: in hours, in meters, in one total of a day")
  void findsAMaskThatIsUsedAgain() {
    assertThat(told((meter, _) -> fixed(meter)).masksInCommon()).isPositive();
    assertThat(told((_, slot) -> fixed(slot)).masksInCommon()).isPositive();
    assertThat(told((_, slot) -> fixed(slot)).equalGain()).isGreaterThan(0.4);
    Masks clippedAsFirstHour =
        (meter, slot) -> slot == 0 || slot == SLOTS - 1 ? fixed(meter) : masks(meter, slot);
    assertThat(told(clippedAsFirstHour).masksInCommon()).isPositive();
    Masks onceAgain =
        (meter, slot) -> slot == 3 && (meter == 5 || meter == 9) ? fixed(1) : masks(meter, slot);
    assertThat(told(onceAgain).masksInCommon()).isOne();
    Masks ofTwoParts = (meter, slot) -> fixed(meter).add(fixed(1_000 + slot)).mod(MODULUS);
    assertThat(told(ofTwoParts).masksInCommon()).isPositive();
    Masks lateAsWhole =
        (meter, slot) -> slot == SLOTS - 2 || slot == SLOTS ? fixed(meter) : masks(meter, slot);
    assertThat(told(lateAsWhole).masksInCommon()).isPositive();
  }

  @Test
  @DisplayName("T5 a token that returns is found")
  void findsATokenThatReturns() {
    var tokens = List.of(fixed(1), fixed(2), fixed(1));
    assertThat(OpenItems.told(added(this::masks, FEW_COHORTS), tokens).tokensTwice()).isOne();
  }

  private Told told(Masks masks) {
    return OpenItems.told(added(masks, FEW_COHORTS), List.of());
  }

  private BigInteger masks(int meter, int slot) {
    return new BigInteger(Packed.BITS, random);
  }

  private static BigInteger fixed(int seed) {
    return new BigInteger(Packed.BITS, new Random(new SplittableRandom(seed).nextLong()));
  }

  private List<Added> added(Masks masks, int cohorts) {
    var all = new ArrayList<Added>();
    for (int cohort = 0; cohort < cohorts; cohort++) {
      for (int i = 0; i < OpenItems.METERS; i++) {
        int meter = all.size();
        var numbers = new ArrayList<BigInteger>();
        var energiesWh = new ArrayList<Integer>();
        var buckets = new ArrayList<Integer>();
        for (int slot = 0; slot <= SLOTS; slot++) {
          int wh = (int) Math.min(3_000, 300 * Math.exp(random.nextGaussian()));
          int bucket = BUCKETS.of(new WattHours(wh));
          BigInteger count =
              BigInteger.ONE.shiftLeft(Packed.ENERGY_BITS + bucket * Packed.COUNT_BITS);
          numbers.add(
              masks
                  .of(meter, slot)
                  .add(BigInteger.valueOf(wh))
                  .add(slot == SLOTS - 1 ? BigInteger.ZERO : count)
                  .mod(MODULUS));
          if (slot < SLOTS - 1) {
            energiesWh.add(wh);
            buckets.add(bucket);
          }
        }
        all.add(
            new Added(
                cohort,
                numbers.subList(0, SLOTS),
                numbers.subList(SLOTS, SLOTS + 1),
                energiesWh,
                buckets));
      }
    }
    return all;
  }
}

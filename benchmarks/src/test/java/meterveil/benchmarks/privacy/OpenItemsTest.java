package meterveil.benchmarks.privacy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import meterveil.benchmarks.privacy.OpenItems.Added;
import meterveil.benchmarks.privacy.OpenItems.Told;
import meterveil.block.BlockLength;
import meterveil.cell.Packed;
import meterveil.energy.Buckets;
import meterveil.energy.WattHours;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// Looking at copies finds masks that are none, that are too short or used twice, and tokens that
/// return; and nothing where all is random.
final class OpenItemsTest {

  private static final int FEW_COHORTS = 4;
  private static final int SLOTS = 26;

  /// Of shorter blocks of the same day, and of a late one.
  private static final List<Integer> SLOTS_OF_OTHERS = List.of(8, 8, 3);

  private static final BigInteger MODULUS = BigInteger.TWO.pow(Packed.BITS);

  /// Chance stays below it in as many cohorts as the benchmark has.
  private static final double CHANCE_MAX = 0.02;

  private static final Buckets BUCKETS = Buckets.ofAnHour(new WattHours(3_000));

  private final Random random = new Random(1);

  /// The mask of a meter's number, in its first block.
  private interface Masks {
    BigInteger of(int meter, int slot);
  }

  /// The mask of a meter's number in any block.
  private interface MasksOfBlocks {
    BigInteger of(int meter, int block, int slot);
  }

  @Test
  @DisplayName("T5 copies of masked totals tell nothing")
  void findsNothingWhereAllIsRandom() {
    Told told = OpenItems.told(added(this::masks, OpenItems.COHORTS), List.of());
    assertThat(told.bitGain()).isLessThan(CHANCE_MAX);
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
  @DisplayName(
      "T5 masks that leave a few bits bare are found: low ones, or a bucket's that is rare")
  void findsMasksThatAreBareInPart() {
    assertThat(told((_, _) -> bare(0, 10)).bitGain()).isGreaterThan(0.49);
    for (int bucket : List.of(0, 6, Buckets.COUNT - 1)) {
      int lowest = Packed.ENERGY_BITS + bucket * Packed.COUNT_BITS;
      Told told = told((_, _) -> bare(lowest, Packed.COUNT_BITS));
      assertThat(told.bitGain()).as("bucket %d", bucket).isGreaterThan(0.49);
    }
  }

  /// A mask without so many of its bits.
  private BigInteger bare(int lowest, int bits) {
    BigInteger left = BigInteger.ONE.shiftLeft(bits).subtract(BigInteger.ONE).shiftLeft(lowest);
    return masks(0, 0).andNot(left);
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
  }

  @Test
  @DisplayName("T5 a mask that is used again in another block of its meter is found")
  void findsAMaskThatIgnoresTheBlock() {
    MasksOfBlocks ignored = (meter, _, slot) -> fixed(1_000 * meter + slot);
    assertThat(toldOfBlocks(ignored).masksInCommon()).isPositive();
    MasksOfBlocks ofTwoParts =
        (meter, block, slot) ->
            block == 0
                ? masks(meter, slot)
                : fixed(10 * meter + block).add(fixed(10_000 + slot)).mod(MODULUS);
    assertThat(toldOfBlocks(ofTwoParts).masksInCommon()).isPositive();
    for (int block = 1; block <= SLOTS_OF_OTHERS.size(); block++) {
      int other = block;
      MasksOfBlocks once =
          (meter, at, slot) ->
              meter == 7 && ((at == 0 && slot == SLOTS - 2) || (at == other && slot == 1))
                  ? fixed(1)
                  : masks(meter, slot);
      assertThat(toldOfBlocks(once).masksInCommon()).as("block %d", block).isOne();
    }
  }

  @Test
  @DisplayName("T5 a leak of one meter alone is found, of the first as of a later one")
  void findsALeakOfOnePlace() {
    for (int place : List.of(0, 6, OpenItems.METERS - 1)) {
      Masks bare =
          (meter, slot) ->
              meter % OpenItems.METERS == place
                  ? masks(meter, slot).shiftRight(28).shiftLeft(28)
                  : masks(meter, slot);
      assertThat(told(bare).energyGain()).as("place %d", place).isGreaterThan(0.4);
    }
  }

  @Test
  @DisplayName("T5 an item with an attribute that is not looked at stops the benchmark")
  void knowsAllThatIsInAnItem() {
    var six = new HashMap<String, AttributeValue>();
    IntStream.range(0, 6).forEach(hour -> six.put("s" + hour, AttributeValue.fromN("5")));
    List.of("c", "b", "d", "x", "t").forEach(name -> six.put(name, AttributeValue.fromN("1")));
    assertThat(
            OpenItems.added(
                BlockLength.QUARTER_DAY, false, Map.of("s0", AttributeValue.fromN("1")), six))
        .containsExactly(of(4), of(5), of(5), of(5), of(5), of(5), of(1), of(1));
    six.put("n", AttributeValue.fromN("1"));
    assertThatIllegalStateException()
        .isThrownBy(() -> OpenItems.added(BlockLength.QUARTER_DAY, false, Map.of(), six))
        .withMessageContaining("n");
    six.remove("n");
    six.remove("x");
    assertThatIllegalStateException()
        .isThrownBy(() -> OpenItems.added(BlockLength.QUARTER_DAY, false, Map.of(), six));
  }

  private static BigInteger of(int number) {
    return BigInteger.valueOf(number);
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

  private Told toldOfBlocks(MasksOfBlocks masks) {
    return OpenItems.told(addedOfBlocks(masks, FEW_COHORTS), List.of());
  }

  private BigInteger masks(int meter, int slot) {
    return new BigInteger(Packed.BITS, random);
  }

  private static BigInteger fixed(int seed) {
    return new BigInteger(Packed.BITS, new Random(new SplittableRandom(seed).nextLong()));
  }

  private List<Added> added(Masks masks, int cohorts) {
    return addedOfBlocks(
        (meter, block, slot) -> block == 0 ? masks.of(meter, slot) : masks(meter, slot), cohorts);
  }

  private List<Added> addedOfBlocks(MasksOfBlocks masks, int cohorts) {
    var all = new ArrayList<Added>();
    for (int meter = 0; meter < cohorts * OpenItems.METERS; meter++) {
      var energiesWh = new ArrayList<Integer>();
      var buckets = new ArrayList<Integer>();
      for (int slot = 0; slot < SLOTS - 1; slot++) {
        int wh = (int) Math.min(3_000, 300 * Math.exp(random.nextGaussian()));
        energiesWh.add(wh);
        buckets.add(BUCKETS.of(new WattHours(wh)));
      }
      var numbers = new ArrayList<BigInteger>();
      for (int slot = 0; slot < SLOTS; slot++) {
        numbers.add(number(masks.of(meter, 0, slot), energiesWh, buckets, slot));
      }
      var others = new ArrayList<List<BigInteger>>();
      for (int slots : SLOTS_OF_OTHERS) {
        var ofOther = new ArrayList<BigInteger>();
        for (int slot = 0; slot < slots; slot++) {
          ofOther.add(number(masks.of(meter, others.size() + 1, slot), energiesWh, buckets, slot));
        }
        others.add(ofOther);
      }
      all.add(new Added(numbers, others, energiesWh, buckets));
    }
    return all;
  }

  /// What a slot's contribution looks like under a mask; above the clip there is nothing.
  private static BigInteger number(
      BigInteger mask, List<Integer> energiesWh, List<Integer> buckets, int slot) {
    BigInteger packed =
        slot == SLOTS - 1
            ? BigInteger.ZERO
            : BigInteger.ONE
                .shiftLeft(Packed.ENERGY_BITS + buckets.get(slot) * Packed.COUNT_BITS)
                .add(BigInteger.valueOf(energiesWh.get(slot)));
    return mask.add(packed).mod(MODULUS);
  }
}

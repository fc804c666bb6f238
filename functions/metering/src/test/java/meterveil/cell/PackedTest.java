package meterveil.cell;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import java.util.Random;
import meterveil.block.BlockLength;
import meterveil.cohort.Cohort;
import meterveil.cohort.TariffClass;
import meterveil.energy.Buckets;
import meterveil.energy.Commodity;
import meterveil.energy.WattHours;
import net.jqwik.api.ForAll;
import net.jqwik.api.Label;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class PackedTest {

  private static final BigInteger MODULUS = BigInteger.TWO.pow(119);

  /// The most that a slot with buckets takes: a late day of a shop's gas, all hours at the clip.
  private static final long WH_MAX =
      TariffClass.SMALL_BUSINESS.clip(Commodity.GAS).value() * BlockLength.DAY.hours();

  @Property
  void addsUpEnergyAndCountsUnderMasks(
      @ForAll long seed, @ForAll @IntRange(max = Packed.CONTRIBUTIONS_MAX) int contributions) {
    var random = new Random(seed);
    BigInteger sum = BigInteger.ZERO;
    BigInteger masks = BigInteger.ZERO;
    long wh = 0;
    int count = 0;
    int highest = -1;
    for (int i = 0; i < contributions; i++) {
      var mask = new BigInteger(Packed.BITS, random);
      masks = masks.add(mask);
      if (random.nextInt(10) == 0) {
        sum = sum.add(Packed.hidden(WattHours.ZERO, mask));
      } else {
        var energy = new WattHours(random.nextLong(WH_MAX + 1));
        int bucket = random.nextInt(Buckets.COUNT);
        sum = sum.add(Packed.hidden(energy, bucket, mask));
        wh += energy.value();
        count++;
        highest = Math.max(highest, bucket);
      }
    }
    assertThat(Packed.of(Packed.uncovered(sum, masks))).isEqualTo(new Packed(wh, count, highest));
  }

  @Test
  void holdsTheMostThatCanCome() {
    var allOnes = MODULUS.subtract(BigInteger.ONE);
    for (int bucket = 0; bucket < Buckets.COUNT; bucket++) {
      BigInteger sum = BigInteger.ZERO;
      for (int i = 0; i < Packed.CONTRIBUTIONS_MAX; i++) {
        sum = sum.add(Packed.hidden(new WattHours(WH_MAX), bucket, allOnes));
      }
      BigInteger masks = allOnes.multiply(BigInteger.valueOf(Packed.CONTRIBUTIONS_MAX));
      assertThat(Packed.of(Packed.uncovered(sum, masks)))
          .isEqualTo(
              new Packed(Packed.CONTRIBUTIONS_MAX * WH_MAX, Packed.CONTRIBUTIONS_MAX, bucket));
    }
    assertThat(allOnes.multiply(BigInteger.valueOf(Packed.CONTRIBUTIONS_MAX)).toString())
        .as("what DynamoDB has room for")
        .hasSizeLessThanOrEqualTo(38);
    assertThat(Packed.CONTRIBUTIONS_MAX).isGreaterThanOrEqualTo(Cohort.MEMBERS_MAX);
  }

  /// What a number shows, any mask could have made of any contribution: for each pair there is just
  /// the one.
  @Property
  @Label("T2 whatever was measured, what is written is one and the same number under some mask")
  void hidesPerfectly(
      @ForAll @IntRange(max = 100_000) int wh,
      @ForAll @IntRange(max = Buckets.COUNT - 1) int bucket,
      @ForAll long seed) {
    var random = new Random(seed);
    var shown = new BigInteger(Packed.BITS, random);
    var zero = Packed.hidden(new WattHours(wh), bucket, BigInteger.ZERO);
    BigInteger mask = shown.subtract(zero).mod(MODULUS);

    assertThat(Packed.hidden(new WattHours(wh), bucket, mask)).isEqualTo(shown);
    assertThat(Packed.hidden(new WattHours(wh), bucket, mask.add(BigInteger.ONE).mod(MODULUS)))
        .isNotEqualTo(shown);
  }
}

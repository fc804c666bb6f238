package meterveil.cell;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.stream.IntStream;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import meterveil.block.Block;
import meterveil.block.BlockLength;
import meterveil.cohort.CohortId;
import meterveil.energy.Buckets;
import meterveil.meter.ThingName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DayKeyTest {

  private static final Block BLOCK =
      new Block(Instant.parse("2013-01-01T00:00:00Z"), BlockLength.DAY);
  private static final CohortId COHORT = new CohortId("00523-north-re-1");
  private static final ThingName THING = new ThingName("meter-7");
  private final DayKey key = key(1);

  static DayKey key(int seed) {
    var bytes = new byte[DayKey.BYTES];
    Arrays.fill(bytes, (byte) seed);
    return new DayKey(bytes);
  }

  @Test
  void aTokenStandsForOneMeterAndBlock() {
    assertThat(key.token(THING, BLOCK)).isEqualTo(key(1).token(THING, BLOCK));
    assertThat(
            IntStream.range(0, 10_000)
                .mapToObj(i -> key.token(new ThingName("meter-" + i), BLOCK))
                .distinct())
        .hasSize(10_000);
    assertThat(key.token(THING, BLOCK.next())).isNotEqualTo(key.token(THING, BLOCK));
    assertThat(key(2).token(THING, BLOCK)).isNotEqualTo(key.token(THING, BLOCK));
    var hour = new Block(BLOCK.start(), BlockLength.HOUR);
    assertThat(key.token(THING, hour)).isNotEqualTo(key.token(THING, BLOCK));
  }

  @Test
  void masksAreBalancedAndNeverRepeat() {
    var seen = new HashSet<Long>();
    long ones = 0;
    for (int i = 0; i < 400; i++) {
      for (long mask : key.masks(new Token(i), Slots.MASKS)) {
        assertThat(seen.add(mask)).isTrue();
        ones += Long.bitCount(mask);
      }
    }
    double share = ones / (400.0 * Slots.MASKS * Long.SIZE);
    assertThat(share).isBetween(0.497, 0.503);
  }

  @Test
  void aMaskDoesNotDependOnHowManyAreAskedFor() {
    assertThat(key.masks(new Token(5), 3)).isEqualTo(Arrays.copyOf(key.masks(new Token(5), 26), 3));
  }

  @ParameterizedTest
  @ValueSource(ints = {36, 40, 41, Buckets.COUNT_MAX})
  void renamesEveryBucketToAnother(int count) {
    byte[] names = key.permutation(COHORT, BLOCK, 0, count);

    assertThat(names).hasSize(count).doesNotHaveDuplicates();
    assertThat(names).doesNotContain(count, count + 1);
    assertThat(key.permutation(COHORT, BLOCK, 0, count)).isEqualTo(names);
    assertThat(key.permutation(COHORT, BLOCK, 1, count)).isNotEqualTo(names);
    assertThat(key.permutation(new CohortId("00523-north-re-2"), BLOCK, 0, count))
        .isNotEqualTo(names);
    assertThat(key.permutation(COHORT, BLOCK.next(), 0, count)).isNotEqualTo(names);
    assertThat(key(2).permutation(COHORT, BLOCK, 0, count)).isNotEqualTo(names);
  }

  /// By the definition, one digit at a time: what was written under a name must be read under it by
  /// every version.
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 7, 36, 40, 41, 57, Buckets.COUNT_MAX})
  void choosesEachNameAmongThoseLeftByADigitOfOneLongNumber(int count) throws Exception {
    var mac = Mac.getInstance("HmacSHA256");
    var bytes = new byte[DayKey.BYTES];
    Arrays.fill(bytes, (byte) 1);
    mac.init(new SecretKeySpec(bytes, "HmacSHA256"));
    byte[] cohort = COHORT.value().getBytes(US_ASCII);
    BigInteger number = BigInteger.ZERO;
    for (int i = 0; i < (count <= 40 ? 1 : 2); i++) {
      var input = ByteBuffer.allocate(cohort.length + 12).put((byte) 3).put(cohort).put((byte) 0);
      input.putLong(BLOCK.start().getEpochSecond()).put((byte) 5).put((byte) i);
      number = number.shiftLeft(256).or(new BigInteger(1, mac.doFinal(input.array())));
    }
    var names = new byte[count];
    var left = new ArrayList<Integer>(IntStream.range(0, count).boxed().toList());
    for (int base = count; base > 0; base--) {
      int digit = number.mod(BigInteger.valueOf(base)).intValueExact();
      number = number.divide(BigInteger.valueOf(base));
      Collections.swap(left, digit, base - 1);
      names[base - 1] = left.get(base - 1).byteValue();
    }

    assertThat(key(1).permutation(COHORT, BLOCK, 5, count)).isEqualTo(names);
  }

  /// Chi-squared of where bucket 3 goes, 100 times per place on average: with n - 1 degrees of
  /// freedom above n + 6 √(2n) less than once in a million keys.
  @ParameterizedTest
  @ValueSource(ints = {36, Buckets.COUNT_MAX})
  void sendsABucketEverywhereEquallyOften(int count) {
    var counts = new int[count];
    for (int i = 0; i < 100 * count; i++) {
      counts[key.permutation(new CohortId("00523-c-" + i), BLOCK, 0, count)[3]]++;
    }
    double chiSquared =
        Arrays.stream(counts).mapToDouble(n -> (n - 100.0) * (n - 100.0) / 100).sum();
    double deviation = 6 * Math.sqrt(2.0 * count);
    assertThat(chiSquared).isBetween(count - deviation, count + deviation);
  }

  @Test
  void refusesAKeyOfAnotherLength() {
    assertThatIllegalArgumentException().isThrownBy(() -> new DayKey(new byte[16]));
  }
}

package meterveil.cell;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
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
import meterveil.meter.ThingName;
import org.junit.jupiter.api.Test;

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

  @Test
  void everySlotNamesWithAllBytesInAnOrderOfItsOwn() {
    byte[] names = key.names(COHORT, BLOCK, 0);

    assertThat(names).hasSize(256).doesNotHaveDuplicates();
    assertThat(key.names(COHORT, BLOCK, 0)).isEqualTo(names);
    assertThat(key.names(COHORT, BLOCK, 1)).isNotEqualTo(names);
    assertThat(key.names(new CohortId("00523-north-re-2"), BLOCK, 0)).isNotEqualTo(names);
    assertThat(key.names(COHORT, BLOCK.next(), 0)).isNotEqualTo(names);
    assertThat(key(2).names(COHORT, BLOCK, 0)).isNotEqualTo(names);
  }

  /// By the definition: what was written under a name must be read under it by every version.
  @Test
  void shufflesByBytesOfTheSlotsOwnStream() throws Exception {
    var mac = Mac.getInstance("HmacSHA256");
    var bytes = new byte[DayKey.BYTES];
    Arrays.fill(bytes, (byte) 1);
    mac.init(new SecretKeySpec(bytes, "HmacSHA256"));
    byte[] cohort = COHORT.value().getBytes(US_ASCII);
    var input = ByteBuffer.allocate(cohort.length + 11).put((byte) 3).put(cohort).put((byte) 0);
    input.putLong(BLOCK.start().getEpochSecond()).put((byte) 5);
    byte[] seed = mac.doFinal(input.array());
    var stream = ByteBuffer.allocate(100 * 32);
    for (byte i = 0; i < 100; i++) {
      var block = ByteBuffer.allocate(seed.length + 1).put(seed).put(i);
      stream.put(MessageDigest.getInstance("SHA-256").digest(block.array()));
    }
    stream.flip();
    var left = new ArrayList<Integer>(IntStream.range(0, 256).boxed().toList());
    for (int bound = 256; bound > 1; bound--) {
      int number;
      do {
        number = stream.get() & (bound > 128 ? 0xFF : 2 * Integer.highestOneBit(bound - 1) - 1);
      } while (number >= bound);
      Collections.swap(left, number, bound - 1);
    }

    byte[] names = key.names(COHORT, BLOCK, 5);
    assertThat(IntStream.range(0, 256).map(i -> Byte.toUnsignedInt(names[i])).boxed())
        .isEqualTo(left);
  }

  /// Chi-squared of where the third name goes, 40 times per place on average: with 255 degrees of
  /// freedom above 256 + 6 √512 less than once in a million keys.
  @Test
  void sendsANameEverywhereEquallyOften() {
    var counts = new int[256];
    for (int i = 0; i < 40 * 256; i++) {
      counts[Byte.toUnsignedInt(key.names(new CohortId("00523-c-" + i), BLOCK, 0)[3])]++;
    }
    double chiSquared = Arrays.stream(counts).mapToDouble(n -> (n - 40.0) * (n - 40.0) / 40).sum();
    double deviation = 6 * Math.sqrt(2.0 * 256);
    assertThat(chiSquared).isBetween(256 - deviation, 256 + deviation);
  }

  @Test
  void choosesDifferentlyForEachToken() {
    assertThat(key.choices(new Token(5)))
        .hasSizeGreaterThanOrEqualTo(Slots.ALL)
        .isEqualTo(key.choices(new Token(5)))
        .isNotEqualTo(key.choices(new Token(6)))
        .isNotEqualTo(key(2).choices(new Token(5)));
  }

  @Test
  void refusesAKeyOfAnotherLength() {
    assertThatIllegalArgumentException().isThrownBy(() -> new DayKey(new byte[16]));
  }
}

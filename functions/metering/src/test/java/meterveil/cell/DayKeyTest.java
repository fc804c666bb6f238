package meterveil.cell;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.stream.IntStream;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import meterveil.block.Block;
import meterveil.block.BlockLength;
import meterveil.meter.ThingName;
import org.junit.jupiter.api.Test;

class DayKeyTest {

  private static final Block BLOCK =
      new Block(Instant.parse("2013-01-01T00:00:00Z"), BlockLength.DAY);
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
    int slots = Slots.count(BlockLength.DAY);
    var seen = new HashSet<BigInteger>();
    var ones = new int[Packed.BITS];
    for (int i = 0; i < 400; i++) {
      for (BigInteger mask : key.masks(new Token(i), slots)) {
        assertThat(seen.add(mask)).isTrue();
        assertThat(mask.bitLength()).isLessThanOrEqualTo(Packed.BITS);
        for (int bit = 0; bit < Packed.BITS; bit++) {
          ones[bit] += mask.testBit(bit) ? 1 : 0;
        }
      }
    }
    double deviation = 6 * Math.sqrt(400 * slots / 4.0);
    assertThat(Arrays.stream(ones).boxed())
        .as("each bit in half of them")
        .allSatisfy(count -> assertThat(count - 200.0 * slots).isBetween(-deviation, deviation));
  }

  /// By the definition: what was written under a mask must be read under it by every version.
  @Test
  void masksAreHalvesOfTheTokensOwnStream() throws Exception {
    var mac = Mac.getInstance("HmacSHA256");
    var bytes = new byte[DayKey.BYTES];
    Arrays.fill(bytes, (byte) 1);
    mac.init(new SecretKeySpec(bytes, "HmacSHA256"));
    var masks = new ArrayList<BigInteger>();
    for (int counter = 0; counter < 14; counter++) {
      var input = ByteBuffer.allocate(13).put((byte) 2).putLong(77).putInt(counter);
      var output = new BigInteger(1, mac.doFinal(input.array()));
      masks.add(output.shiftRight(256 - 119));
      masks.add(output.shiftRight(128 - 119).mod(BigInteger.TWO.pow(119)));
    }
    assertThat(key.masks(new Token(77), 28)).containsExactlyElementsOf(masks);
  }

  @Test
  void aMaskDoesNotDependOnHowManyAreAskedFor() {
    assertThat(key.masks(new Token(5), 3)).isEqualTo(Arrays.copyOf(key.masks(new Token(5), 26), 3));
  }

  @Test
  void refusesAKeyOfAnotherLength() {
    assertThatIllegalArgumentException().isThrownBy(() -> new DayKey(new byte[16]));
  }
}

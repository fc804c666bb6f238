package meterveil.cell;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.InvalidKeyException;
import java.security.NoSuchAlgorithmException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import meterveil.block.Block;
import meterveil.cohort.CohortId;
import meterveil.meter.ThingName;

/// The random key of one tenant's day, and all that is derived from it with HMAC-SHA-256 used as a
/// pseudo-random function. Each use starts its input with a byte of its own, so that no two uses
/// share an input.
///
/// - A *token* stands for one meter and block: the first 64 bits of HMAC(1 ‖ thing ‖ 0 ‖ start ‖
///   hours).
/// - *Masks* are what a contribution is hidden under: 64 bits per slot, from HMAC(2 ‖ token ‖
///   counter) in counter mode (NIST SP 800-108), four slots to a block of 256 bits.
/// - A *permutation* renames the buckets of one slot of a cohort's item: 512 bits of HMAC(3 ‖
///   cohort ‖ 0 ‖ start ‖ slot ‖ counter) are read as a number in the factorial number system
///   (Lehmer code), whose digits choose each name among those left. With at most 80 names 80! <
///   2^396, so every permutation is as likely as another to within 2^-116.
///
/// Safe for use by many threads. Does not show the key in any text.
public final class DayKey {

  /// The length of a key.
  public static final int BYTES = 32;

  private static final byte TOKEN = 1;
  private static final byte MASK = 2;
  private static final byte PERMUTATION = 3;
  private static final int MASKS_PER_BLOCK = 4;
  private static final int NAMES_OF_ONE_OUTPUT_MAX = 40;
  private static final int WORDS_PER_OUTPUT = 8;

  /// Of so many cohorts and blocks the names are kept at hand, 3 KB each; those of more are made
  /// anew for each message.
  private static final int NAMED_MAX = 1_000;

  private final Mac prototype;
  private final Map<Named, byte[]> named = new ConcurrentHashMap<>();

  private record Named(CohortId cohort, Block block, int slot) {}

  /// @param key 32 random bytes
  /// @throws IllegalArgumentException if there are more or fewer
  public DayKey(byte[] key) {
    if (key.length != BYTES) {
      throw new IllegalArgumentException("a day key has 32 bytes");
    }
    try {
      prototype = Mac.getInstance("HmacSHA256");
      prototype.init(new SecretKeySpec(key, "HmacSHA256"));
    } catch (NoSuchAlgorithmException | InvalidKeyException e) {
      throw new IllegalStateException("every Java has HMAC-SHA-256", e);
    }
  }

  /// The token of a meter for a block.
  public Token token(ThingName thing, Block block) {
    byte[] name = thing.value().getBytes(StandardCharsets.US_ASCII);
    var input = ByteBuffer.allocate(name.length + 11);
    input.put(TOKEN).put(name).put((byte) 0).putLong(block.start().getEpochSecond());
    input.put((byte) block.length().hours());
    return new Token(ByteBuffer.wrap(mac().doFinal(input.array())).getLong());
  }

  /// The masks of a token, one per slot from 0.
  ///
  /// @return `slots` numbers, each of 64 bits without sign
  public long[] masks(Token token, int slots) {
    var masks = new long[slots];
    Mac mac = mac();
    var input = ByteBuffer.allocate(13).put(0, MASK).putLong(1, token.value());
    for (int slot = 0; slot < slots; slot += MASKS_PER_BLOCK) {
      input.putInt(9, slot / MASKS_PER_BLOCK);
      var output = ByteBuffer.wrap(mac.doFinal(input.array()));
      for (int i = slot; i < Math.min(slot + MASKS_PER_BLOCK, slots); i++) {
        masks[i] = output.getLong();
      }
    }
    return masks;
  }

  /// The names of the buckets in one slot of a cohort's item.
  ///
  /// @param count how many buckets there are, up to [Buckets#COUNT_MAX]
  /// @return `names[bucket]`, each of 0 to `count` - 1 once; not to be changed
  public byte[] permutation(CohortId cohort, Block block, int slot, int count) {
    var place = new Named(cohort, block, slot);
    byte[] known = named.get(place);
    if (known != null && known.length == count) {
      return known;
    }
    byte[] names = permuted(place, count);
    if (named.size() < NAMED_MAX * Slots.ALL) {
      named.put(place, names);
    }
    return names;
  }

  private byte[] permuted(Named place, int count) {
    var names = new byte[count];
    for (byte i = 0; i < count; i++) {
      names[i] = i;
    }
    int[] number = number(place, count <= NAMES_OF_ONE_OUTPUT_MAX ? 1 : 2);
    int left = count;
    while (left > 1) {
      int digits = digitsAtOnce(left);
      int several = divide(number, product(left, digits));
      for (int i = 0; i < digits; i++) {
        int chosen = several % left;
        several /= left;
        byte name = names[chosen];
        names[chosen] = names[left - 1];
        names[left - 1] = name;
        left--;
      }
    }
    return names;
  }

  /// How many digits of the factorial number system, from base `left` down, one division of the
  /// long number can give: it is what takes the time.
  private static int digitsAtOnce(int left) {
    int digits = 1;
    while (digits < left - 1 && product(left, digits) <= Integer.MAX_VALUE / (left - digits)) {
      digits++;
    }
    return digits;
  }

  /// `left` times the numbers below it, `digits` of them in all.
  private static int product(int left, int digits) {
    int product = 1;
    for (int i = 0; i < digits; i++) {
      product *= left - i;
    }
    return product;
  }

  private int[] number(Named place, int outputs) {
    byte[] name = place.cohort().value().getBytes(StandardCharsets.US_ASCII);
    var input = ByteBuffer.allocate(name.length + 12);
    input.put(PERMUTATION).put(name).put((byte) 0).putLong(place.block().start().getEpochSecond());
    input.put((byte) place.slot());
    Mac mac = mac();
    var words = new int[outputs * WORDS_PER_OUTPUT];
    for (byte i = 0; i < outputs; i++) {
      byte[] output = mac.doFinal(input.put(input.capacity() - 1, i).array());
      ByteBuffer.wrap(output).asIntBuffer().get(words, i * WORDS_PER_OUTPUT, WORDS_PER_OUTPUT);
    }
    return words;
  }

  /// Divides a number of many 32-bit words by a small one, in place.
  ///
  /// @return the remainder
  private static int divide(int[] words, int divisor) {
    long remainder = 0;
    for (int i = 0; i < words.length; i++) {
      long dividend = (remainder << 32) | Integer.toUnsignedLong(words[i]);
      words[i] = (int) (dividend / divisor);
      remainder = dividend % divisor;
    }
    return (int) remainder;
  }

  private Mac mac() {
    try {
      return (Mac) prototype.clone();
    } catch (CloneNotSupportedException e) {
      throw new IllegalStateException("Java's own HMAC can be cloned", e);
    }
  }
}

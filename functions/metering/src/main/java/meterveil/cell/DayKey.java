package meterveil.cell;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.InvalidKeyException;
import java.security.MessageDigest;
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
/// - The *names* of one slot of a cohort's item are all bytes in a random order: the shuffle of
///   Durstenfeld (1964). Its numbers are the bytes of SHA-256(seed ‖ counter), which is a quarter
///   of the work of HMAC, cut to the bits that are needed and taken again when above, so that every
///   order is as likely as another. The seed is HMAC(3 ‖ cohort ‖ 0 ‖ start ‖ slot).
/// - *Choices* say which of its bucket's names a contribution takes: a byte per slot, from HMAC(4 ‖
///   token).
///
/// Safe for use by many threads. Does not show the key in any text.
public final class DayKey {

  /// The length of a key.
  public static final int BYTES = 32;

  private static final byte TOKEN = 1;
  private static final byte MASK = 2;
  private static final byte NAMES = 3;
  private static final byte CHOICES = 4;
  private static final int MASKS_PER_BLOCK = 4;

  /// How many names there are in a slot: all bytes.
  static final int NAMES_ALL = 256;

  /// Of so many cohorts and blocks the names are kept at hand, 7 KB each; those of more are made
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

  /// What chooses among the names that each slot's bucket has.
  ///
  /// @return a byte without sign for each of [Slots#ALL] slots, and more
  byte[] choices(Token token) {
    return mac().doFinal(ByteBuffer.allocate(9).put(CHOICES).putLong(token.value()).array());
  }

  /// The names in one slot of a cohort's item.
  ///
  /// @return every byte once; not to be changed
  byte[] names(CohortId cohort, Block block, int slot) {
    var place = new Named(cohort, block, slot);
    byte[] known = named.get(place);
    if (known != null) {
      return known;
    }
    byte[] names = shuffled(place);
    if (named.size() < NAMED_MAX * Slots.ALL) {
      named.put(place, names);
    }
    return names;
  }

  private byte[] shuffled(Named place) {
    var names = new byte[NAMES_ALL];
    for (int i = 0; i < NAMES_ALL; i++) {
      names[i] = (byte) i;
    }
    var numbers = new Numbers(place);
    for (int left = NAMES_ALL; left > 1; left--) {
      int chosen = numbers.below(left);
      byte name = names[chosen];
      names[chosen] = names[left - 1];
      names[left - 1] = name;
    }
    return names;
  }

  /// Random numbers for the names of one place, the same each time.
  private final class Numbers {

    private final MessageDigest digest = sha256();
    private final byte[] seed;
    private ByteBuffer output = ByteBuffer.allocate(0);
    private byte counter;

    Numbers(Named place) {
      byte[] name = place.cohort().value().getBytes(StandardCharsets.US_ASCII);
      var input = ByteBuffer.allocate(name.length + 11);
      input.put(NAMES).put(name).put((byte) 0).putLong(place.block().start().getEpochSecond());
      seed = mac().doFinal(input.put((byte) place.slot()).array());
    }

    /// An even one from 0 to `bound` - 1, for bounds from 2 to 256.
    int below(int bound) {
      int mask = Integer.highestOneBit(bound - 1) * 2 - 1;
      int number = next() & mask;
      while (number >= bound) {
        number = next() & mask;
      }
      return number;
    }

    private byte next() {
      if (!output.hasRemaining()) {
        digest.update(seed);
        digest.update(counter++);
        output = ByteBuffer.wrap(digest.digest());
      }
      return output.get();
    }
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  private Mac mac() {
    try {
      return (Mac) prototype.clone();
    } catch (CloneNotSupportedException e) {
      throw new IllegalStateException("Java's own HMAC can be cloned", e);
    }
  }
}

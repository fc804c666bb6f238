package meterveil.cell;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.InvalidKeyException;
import java.security.NoSuchAlgorithmException;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import meterveil.block.Block;
import meterveil.meter.ThingName;

/// The random key of one tenant's day, and all that is derived from it with HMAC-SHA-256 used as a
/// pseudo-random function. Each use starts its input with a byte of its own, so that no two uses
/// share an input.
///
/// - A *token* stands for one meter and block: the first 64 bits of HMAC(1 ‖ thing ‖ 0 ‖ start ‖
///   hours).
/// - *Masks* are what a contribution is hidden under: 119 bits per slot, from HMAC(2 ‖ token ‖
///   counter) in counter mode (NIST SP 800-108), two slots to a block of 256 bits, of each half its
///   first 119.
///
/// Safe for use by many threads. Does not show the key in any text.
public final class DayKey {

  /// The length of a key.
  public static final int BYTES = 32;

  private static final byte TOKEN = 1;
  private static final byte MASK = 2;
  private static final int MASKS_PER_BLOCK = 2;
  private static final int BYTES_PER_MASK = 16;

  private final Mac prototype;

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
  /// @return `slots` numbers from 0 to 2^119 - 1
  BigInteger[] masks(Token token, int slots) {
    var masks = new BigInteger[slots];
    Mac mac = mac();
    var input = ByteBuffer.allocate(13).put(0, MASK).putLong(1, token.value());
    for (int slot = 0; slot < slots; slot += MASKS_PER_BLOCK) {
      input.putInt(9, slot / MASKS_PER_BLOCK);
      byte[] output = mac.doFinal(input.array());
      for (int i = slot; i < Math.min(slot + MASKS_PER_BLOCK, slots); i++) {
        int from = (i - slot) * BYTES_PER_MASK;
        masks[i] =
            new BigInteger(1, output, from, BYTES_PER_MASK)
                .shiftRight(BYTES_PER_MASK * Byte.SIZE - Packed.BITS);
      }
    }
    return masks;
  }

  private Mac mac() {
    try {
      return (Mac) prototype.clone();
    } catch (CloneNotSupportedException e) {
      throw new IllegalStateException("Java's own HMAC can be cloned", e);
    }
  }
}

package meterveil.cell;

import java.nio.ByteBuffer;

/// What stands for one meter and block in a cohort's item, so that nothing is counted twice. Means
/// nothing without the day key.
///
/// @param value 64 bits
public record Token(long value) {

  /// Its eight bytes, as they lie in the item.
  public byte[] bytes() {
    return ByteBuffer.allocate(Long.BYTES).putLong(value).array();
  }

  /// The token of eight bytes.
  ///
  /// @throws IllegalArgumentException if there are more or fewer
  public static Token of(byte[] bytes) {
    if (bytes.length != Long.BYTES) {
      throw new IllegalArgumentException("a token has eight bytes");
    }
    return new Token(ByteBuffer.wrap(bytes).getLong());
  }
}

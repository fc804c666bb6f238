package meterveil.meter;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.util.JsonRecyclerPools;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/// How every message of a meter is read, whatever it is about: in small bounds, as UTF-8 and
/// nothing else, and so that nothing of it outlives it. The parser neither interns nor remembers
/// names (the sender chooses those of unknown members) and does not keep its buffers.
public final class StrictJson {

  /// The most bytes of a message: twenty times what two days of hours need.
  public static final int PAYLOAD_BYTES_MAX = 8 * 1024;

  /// The deepest nesting, of members that are skipped.
  public static final int DEPTH_MAX = 16;

  /// The most digits of a number.
  public static final int NUMBER_DIGITS_MAX = 100;

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          .recyclerPool(JsonRecyclerPools.nonRecyclingPool())
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(DEPTH_MAX)
                  .maxNumberLength(NUMBER_DIGITS_MAX)
                  .build())
          .build();

  private StrictJson() {}

  /// A parser before the first token of a payload. Left to itself it would guess UTF-16 and UTF-32
  /// as well.
  ///
  /// @throws IOException if it is not UTF-8
  public static JsonParser parser(byte[] payload) throws IOException {
    return JSON.createParser(
        StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(payload)).toString());
  }

  /// The number that the parser is at, as it is written; nothing if it is at none, or at one with
  /// an exponent of over ten digits.
  ///
  /// @throws IOException if there is no number of that form
  public static Optional<BigDecimal> number(JsonParser parser) throws IOException {
    if (!parser.currentToken().isNumeric()) {
      return Optional.empty();
    }
    try {
      return Optional.of(parser.getDecimalValue());
    } catch (NumberFormatException _) { // which quotes the number
      return Optional.empty();
    }
  }
}

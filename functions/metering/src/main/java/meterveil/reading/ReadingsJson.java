package meterveil.reading;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.util.JsonRecyclerPools;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import meterveil.block.Block;
import meterveil.block.BlockLength;
import meterveil.energy.Commodity;
import org.jspecify.annotations.Nullable;

/// Readings as JSON. The format is `schemas/readings-1.json`; the tests hold this class, the
/// simulator and a JSON Schema validator to the same examples.
///
/// A streaming parser, as nothing of a message may outlive it: members that mean nothing here are
/// skipped without being read into anything. For the same reason it neither interns nor remembers
/// names (the sender chooses those of unknown members) and does not keep its buffers.
public final class ReadingsJson {

  /// The most bytes of a message: twenty times what two days of hours need.
  public static final int PAYLOAD_BYTES_MAX = 8 * 1024;

  /// The deepest nesting of members that are skipped.
  public static final int DEPTH_MAX = 16;

  /// The most digits of a number.
  private static final int NUMBER_DIGITS_MAX = 100;

  private static final long HIGHEST_CAP_WH =
      Arrays.stream(Commodity.values()).mapToLong(c -> c.cap().value()).max().orElseThrow();

  private static final int HOURS_MAX = 48;
  private static final Pattern START =
      Pattern.compile("(2[0-9]{3})-([0-9]{2})-([0-9]{2})T([01][0-9]|2[0-3]):00:00Z");

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

  private ReadingsJson() {}

  /// What came of decoding.
  public sealed interface Decoded {

    /// The message is well-formed.
    record Accepted(Readings readings) implements Decoded {}

    /// The message is not of the format.
    record Refused(Refusal why) implements Decoded {}
  }

  /// Decodes one message; any bytes whatever are answered, never thrown at.
  public static Decoded decode(byte[] payload) {
    if (payload.length > PAYLOAD_BYTES_MAX) {
      return new Decoded.Refused(Refusal.TOO_LARGE);
    }
    try (JsonParser parser = JSON.createParser(utf8(payload))) {
      return new Decoded.Accepted(readings(parser));
    } catch (RefusedException refused) {
      return new Decoded.Refused(refused.why);
    } catch (IOException _) {
      return new Decoded.Refused(Refusal.NOT_JSON);
    }
  }

  /// The text of a payload. Left to itself the parser would guess UTF-16 and UTF-32 as well.
  private static String utf8(byte[] payload) throws CharacterCodingException {
    return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(payload)).toString();
  }

  private static Readings readings(JsonParser parser) throws IOException, RefusedException {
    require(parser.nextToken() == JsonToken.START_OBJECT, Refusal.NOT_JSON);
    @Nullable Instant start = null;
    int @Nullable [] energyWh = null;
    @Nullable Set<String> unknown = null;
    for (String name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
      parser.nextToken();
      switch (name) {
        case "start" -> {
          require(start == null, Refusal.DUPLICATE_MEMBER);
          start = start(parser);
        }
        case "energyWh" -> {
          require(energyWh == null, Refusal.DUPLICATE_MEMBER);
          energyWh = energyWh(parser);
        }
        default -> {
          if (unknown == null) {
            unknown = new HashSet<>();
          }
          require(unknown.add(name), Refusal.DUPLICATE_MEMBER);
          parser.skipChildren();
        }
      }
    }
    require(parser.nextToken() == null, Refusal.NOT_JSON);
    if (start == null || energyWh == null) {
      throw new RefusedException(Refusal.MISSING_MEMBER);
    }
    return new Readings(
        blocks(start, energyWh.length), energyWh, unknown == null ? 0 : unknown.size());
  }

  private static Instant start(JsonParser parser) throws IOException, RefusedException {
    require(parser.currentToken() == JsonToken.VALUE_STRING, Refusal.BAD_START);
    var parts = START.matcher(parser.getText());
    require(parts.matches(), Refusal.BAD_START);
    try {
      return LocalDate.of(
              Integer.parseInt(parts.group(1)),
              Integer.parseInt(parts.group(2)),
              Integer.parseInt(parts.group(3)))
          .atTime(Integer.parseInt(parts.group(4)), 0)
          .toInstant(ZoneOffset.UTC);
    } catch (DateTimeException _) {
      throw new RefusedException(Refusal.BAD_START);
    }
  }

  private static int[] energyWh(JsonParser parser) throws IOException, RefusedException {
    require(parser.currentToken() == JsonToken.START_ARRAY, Refusal.NOT_WHOLE);
    var hours = new int[HOURS_MAX];
    int count = 0;
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      require(count < HOURS_MAX, Refusal.WRONG_LENGTH);
      hours[count++] =
          switch (parser.currentToken()) {
            case VALUE_NULL -> -1;
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> wholeWh(parser);
            default -> throw new RefusedException(Refusal.NOT_WHOLE);
          };
    }
    return Arrays.copyOf(hours, count);
  }

  /// The blocks of a message. The number of hours tells their length, as twice one length is never
  /// another.
  private static List<Block> blocks(Instant start, int hours) throws RefusedException {
    for (BlockLength length : BlockLength.values()) {
      if (hours == length.hours() || hours == 2 * length.hours()) {
        Block first = Block.containing(start, length);
        require(first.start().equals(start), Refusal.NOT_ALIGNED);
        return hours == length.hours() ? List.of(first) : List.of(first, first.next());
      }
    }
    throw new RefusedException(Refusal.WRONG_LENGTH);
  }

  /// A whole number of watt-hours up to the highest cap there is. `2.0` and `2e0` are whole too, as
  /// they are to JSON Schema.
  private static int wholeWh(JsonParser parser) throws IOException, RefusedException {
    if (parser.currentToken() == JsonToken.VALUE_NUMBER_INT
        && parser.getNumberType() == JsonParser.NumberType.INT) {
      int value = parser.getIntValue();
      require(value >= 0, Refusal.NEGATIVE);
      require(value <= HIGHEST_CAP_WH, Refusal.ABOVE_CAP);
      return value;
    }
    BigDecimal value;
    try {
      value = parser.getDecimalValue();
    } catch (NumberFormatException _) { // which quotes the number; an exponent of over ten digits
      throw new RefusedException(Refusal.NOT_WHOLE);
    }
    require(value.signum() >= 0, Refusal.NEGATIVE);
    require(value.compareTo(BigDecimal.valueOf(HIGHEST_CAP_WH)) <= 0, Refusal.ABOVE_CAP);
    require(value.signum() == 0 || value.stripTrailingZeros().scale() <= 0, Refusal.NOT_WHOLE);
    return value.signum() == 0 ? 0 : value.intValueExact();
  }

  private static void require(boolean holds, Refusal otherwise) throws RefusedException {
    if (!holds) {
      throw new RefusedException(otherwise);
    }
  }

  /// Leaves the parser from any depth; never leaves this class.
  private static final class RefusedException extends Exception {

    private final Refusal why;

    RefusedException(Refusal why) {
      super(why.name(), null, false, false);
      this.why = why;
    }
  }
}

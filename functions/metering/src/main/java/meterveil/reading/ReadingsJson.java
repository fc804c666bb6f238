package meterveil.reading;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.math.BigDecimal;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import meterveil.block.Block;
import meterveil.block.BlockLength;
import meterveil.energy.Commodity;
import meterveil.meter.StrictJson;

/// Readings as JSON. The format is `schemas/readings-1.json`; the tests hold this class, the
/// simulator and a JSON Schema validator to the same examples.
///
/// A streaming parser, as nothing of a message may outlive it: members that mean nothing here are
/// skipped without being read into anything.
public final class ReadingsJson {

  private static final Set<String> MEMBERS = Set.of("start", "energyWh");
  private static final BigDecimal HIGHEST_CAP_WH =
      BigDecimal.valueOf(
          Arrays.stream(Commodity.values()).mapToLong(c -> c.cap().value()).max().orElseThrow());

  private static final int HOURS_MAX = 48;
  private static final Pattern START =
      Pattern.compile("(2[0-9]{3})-([0-9]{2})-([0-9]{2})T([01][0-9]|2[0-3]):00:00Z");

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
    if (payload.length > StrictJson.PAYLOAD_BYTES_MAX) {
      return new Decoded.Refused(Refusal.TOO_LARGE);
    }
    try (JsonParser parser = StrictJson.parser(payload)) {
      return new Decoded.Accepted(readings(parser));
    } catch (RefusedException refused) {
      return new Decoded.Refused(refused.why);
    } catch (IOException _) {
      return new Decoded.Refused(Refusal.NOT_JSON);
    }
  }

  private static Readings readings(JsonParser parser) throws IOException, RefusedException {
    require(parser.nextToken() == JsonToken.START_OBJECT, Refusal.NOT_JSON);
    Instant start = Instant.EPOCH;
    int[] energyWh = {};
    var names = new HashSet<String>();
    for (String name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
      require(names.add(name), Refusal.DUPLICATE_MEMBER);
      parser.nextToken();
      switch (name) {
        case "start" -> start = start(parser);
        case "energyWh" -> energyWh = energyWh(parser);
        default -> parser.skipChildren();
      }
    }
    require(parser.nextToken() == null, Refusal.NOT_JSON);
    require(names.containsAll(MEMBERS), Refusal.MISSING_MEMBER);
    return new Readings(blocks(start, energyWh.length), energyWh, names.size() - MEMBERS.size());
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
      hours[count++] = parser.currentToken() == JsonToken.VALUE_NULL ? -1 : wholeWh(parser);
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

  /// A whole number of watt-hours up to the highest cap there is. `2.0` and `2e0` are whole, as
  /// they are to JSON Schema.
  private static int wholeWh(JsonParser parser) throws IOException, RefusedException {
    Optional<BigDecimal> number = StrictJson.number(parser);
    require(number.isPresent(), Refusal.NOT_WHOLE);
    BigDecimal value = number.get();
    require(value.signum() >= 0, Refusal.NEGATIVE);
    require(value.compareTo(HIGHEST_CAP_WH) <= 0, Refusal.ABOVE_CAP);
    require(value.signum() == 0 || value.stripTrailingZeros().scale() <= 0, Refusal.NOT_WHOLE);
    return value.intValue();
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

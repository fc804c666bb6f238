package meterveil.status;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import meterveil.meter.StrictJson;

/// Status as JSON. The format is `schemas/status-1.json`; the tests hold this class, the simulator
/// and a JSON Schema validator to the same examples.
public final class StatusJson {

  private static final Set<String> MEMBERS =
      Set.of(
          "sequence",
          "firmware",
          "batteryPercent",
          "signalDbm",
          "faults",
          "uptimeSeconds",
          "blocksGivenUp");

  private StatusJson() {}

  /// What came of decoding.
  public sealed interface Decoded {

    /// The message is a status.
    ///
    /// @param unknownMembers how many members meant nothing here; they were dropped
    record Accepted(StatusReport report, int unknownMembers) implements Decoded {}

    /// The message is not of the format.
    record Refused(StatusRefusal why) implements Decoded {}
  }

  /// Decodes one message; any bytes whatever are answered, never thrown at.
  public static Decoded decode(byte[] payload) {
    if (payload.length > StrictJson.PAYLOAD_BYTES_MAX) {
      return new Decoded.Refused(StatusRefusal.TOO_LARGE);
    }
    try (JsonParser parser = StrictJson.parser(payload)) {
      return accepted(parser);
    } catch (RefusedException refused) {
      return new Decoded.Refused(refused.why);
    } catch (ArithmeticException | IllegalArgumentException _) { // not whole, not in limits
      return new Decoded.Refused(StatusRefusal.BAD_MEMBER);
    } catch (IOException _) {
      return new Decoded.Refused(StatusRefusal.NOT_JSON);
    }
  }

  private static Decoded accepted(JsonParser parser) throws IOException, RefusedException {
    require(parser.nextToken() == JsonToken.START_OBJECT, StatusRefusal.NOT_JSON);
    long sequence = 0;
    String firmware = "";
    int batteryPercent = 0;
    int signalDbm = 0;
    List<Fault> faults = List.of();
    long uptimeSeconds = 0;
    long blocksGivenUp = 0;
    var names = new HashSet<String>();
    for (String name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
      require(names.add(name), StatusRefusal.DUPLICATE_MEMBER);
      parser.nextToken();
      switch (name) {
        case "sequence" -> sequence = number(parser).longValueExact();
        case "firmware" -> firmware = text(parser);
        case "batteryPercent" -> batteryPercent = number(parser).intValueExact();
        case "signalDbm" -> signalDbm = number(parser).intValueExact();
        case "faults" -> faults = faults(parser);
        case "uptimeSeconds" -> uptimeSeconds = number(parser).longValueExact();
        case "blocksGivenUp" -> blocksGivenUp = number(parser).longValueExact();
        default -> parser.skipChildren();
      }
    }
    require(parser.nextToken() == null, StatusRefusal.NOT_JSON);
    require(names.containsAll(MEMBERS), StatusRefusal.MISSING_MEMBER);
    return new Decoded.Accepted(
        new StatusReport(
            sequence, firmware, batteryPercent, signalDbm, faults, uptimeSeconds, blocksGivenUp),
        names.size() - MEMBERS.size());
  }

  private static BigDecimal number(JsonParser parser) throws IOException, RefusedException {
    return StrictJson.number(parser)
        .orElseThrow(() -> new RefusedException(StatusRefusal.BAD_MEMBER));
  }

  private static String text(JsonParser parser) throws IOException, RefusedException {
    require(parser.currentToken() == JsonToken.VALUE_STRING, StatusRefusal.BAD_MEMBER);
    return parser.getText();
  }

  private static List<Fault> faults(JsonParser parser) throws IOException, RefusedException {
    require(parser.currentToken() == JsonToken.START_ARRAY, StatusRefusal.BAD_MEMBER);
    var faults = new ArrayList<Fault>();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      faults.add(
          Fault.of(text(parser)).orElseThrow(() -> new RefusedException(StatusRefusal.BAD_MEMBER)));
    }
    return faults;
  }

  private static void require(boolean holds, StatusRefusal otherwise) throws RefusedException {
    if (!holds) {
      throw new RefusedException(otherwise);
    }
  }

  /// Leaves the parser from any depth; never leaves this class.
  private static final class RefusedException extends Exception {

    private final StatusRefusal why;

    RefusedException(StatusRefusal why) {
      super(why.name(), null, false, false);
      this.why = why;
    }
  }
}

package meterveil.simulator;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.time.Instant;

/// What meters tell the platform, as JSON: `schemas/readings-1.json` and `schemas/status-1.json`.
/// Written without a look at the platform's decoders, which the tests hold to the same schemas.
public final class UplinkJson {

  private static final JsonMapper MAPPER = new JsonMapper();

  private UplinkJson() {}

  /// Encodes readings.
  ///
  /// @param start the start of the first block
  /// @param energyWh the hours of one or two blocks, or [LoadProfile#NOT_MEASURED]
  public static byte[] readings(Instant start, int... energyWh) {
    var root = MAPPER.createObjectNode().put("start", start.toString());
    var hours = root.putArray("energyWh");
    for (int wh : energyWh) {
      if (wh == LoadProfile.NOT_MEASURED) {
        hours.addNull();
      } else {
        hours.add(wh);
      }
    }
    return bytes(root);
  }

  /// Encodes a status.
  public static byte[] status(MeterStatus status) {
    var root =
        MAPPER
            .createObjectNode()
            .put("sequence", status.sequence())
            .put("firmware", status.firmware())
            .put("batteryPercent", status.batteryPercent())
            .put("signalDbm", status.signalDbm());
    var faults = root.putArray("faults");
    status.faults().forEach(faults::add);
    root.put("uptimeSeconds", status.uptimeSeconds()).put("blocksGivenUp", status.blocksGivenUp());
    return bytes(root);
  }

  private static byte[] bytes(JsonNode json) {
    try {
      return MAPPER.writeValueAsBytes(json);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree of plain values is always JSON", e);
    }
  }
}

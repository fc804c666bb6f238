package meterveil.meter;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import meterveil.block.BlockLength;
import meterveil.cohort.CohortId;
import meterveil.meter.MeterSettings.Membership;

/// What the platform tells meters, as JSON: `schemas/settings-1.json` and `schemas/resend-1.json`.
public final class DownlinkJson {

  private static final JsonMapper MAPPER = new JsonMapper();

  private DownlinkJson() {}

  /// Encodes settings.
  public static byte[] encode(MeterSettings settings) {
    var root = MAPPER.createObjectNode();
    var epochs = root.putArray("epochs");
    for (Membership membership : settings.memberships()) {
      epochs
          .addObject()
          .put("epoch", membership.epoch().number())
          .put("start", membership.epoch().start().toString())
          .put("end", membership.epoch().end().toString())
          .put("cohort", membership.cohort().value())
          .put("blockHours", membership.blockLength().hours());
    }
    return bytes(root);
  }

  /// Encodes a request.
  public static byte[] encode(ResendRequest request) {
    var root = MAPPER.createObjectNode();
    var blocks = root.putArray("blocks");
    request.blocks().forEach(block -> blocks.add(block.toString()));
    return bytes(root);
  }

  /// Decodes settings. Members it does not know are passed over, so that a later platform may add
  /// some.
  ///
  /// @throws IllegalArgumentException if it is not what [#encode(MeterSettings)] writes
  public static MeterSettings settings(byte[] json) {
    var memberships = new ArrayList<Membership>();
    for (JsonNode epoch : tree(json).path("epochs")) {
      memberships.add(
          new Membership(
              new CohortId(epoch.path("cohort").asText()),
              BlockLength.ofHours(epoch.path("blockHours").asInt())));
    }
    return new MeterSettings(memberships);
  }

  /// Decodes a request.
  ///
  /// @throws IllegalArgumentException if it is not what [#encode(ResendRequest)] writes
  public static ResendRequest resend(byte[] json) {
    var blocks = new ArrayList<Instant>();
    try {
      for (JsonNode block : tree(json).path("blocks")) {
        blocks.add(Instant.parse(block.asText()));
      }
    } catch (DateTimeException e) {
      throw new IllegalArgumentException("a request whose blocks are not instants", e);
    }
    return new ResendRequest(blocks);
  }

  private static JsonNode tree(byte[] json) {
    try {
      return MAPPER.readTree(json);
    } catch (IOException e) {
      throw new IllegalArgumentException("not JSON", e);
    }
  }

  private static byte[] bytes(JsonNode json) {
    try {
      return MAPPER.writeValueAsBytes(json);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree of plain values is always JSON", e);
    }
  }
}

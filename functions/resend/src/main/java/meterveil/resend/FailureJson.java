package meterveil.resend;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.util.JsonRecyclerPools;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import meterveil.block.Block;
import meterveil.meter.ResendRequest;
import meterveil.meter.ThingName;
import meterveil.reading.ReadingsJson;
import meterveil.tenant.TenantId;

/// The records in which AWS hands over what failed, of two formats:
///
/// - of a rule's error action: `ruleName`, `topic`, `base64OriginalPayload` and others;
/// - of a failed asynchronous invocation: the event as `requestPayload`, which the rule made of
///   `payload`, `tenant`, `cohort` and `thing`, and others.
///
/// AWS does not say whether the topic of a record keeps the prefix of Basic Ingest: both are taken.
final class FailureJson {

  private static final String RULE = "collect_readings";
  private static final Pattern TOPIC =
      Pattern.compile("(?:\\$aws/rules/" + RULE + "/)?mv/1/([^/]+)/[^/]+/([^/]+)/readings");

  /// Keeps nothing of one record for the next: no names, no buffers.
  private static final JsonMapper MAPPER =
      new JsonMapper(
          JsonFactory.builder()
              .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
              .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
              .recyclerPool(JsonRecyclerPools.nonRecyclingPool())
              .build());

  private FailureJson() {}

  /// What a record tells.
  sealed interface Decoded {

    /// Whose message it was, and of which blocks.
    record Askable(TenantId tenant, ThingName thing, ResendRequest request) implements Decoded {}

    /// Nothing that a meter could be asked for.
    record NotAskable(Reason why) implements Decoded {}
  }

  /// Why a record is not asked for.
  enum Reason {
    /// Not JSON.
    NOT_JSON,
    /// Neither of the two formats.
    UNKNOWN_FORMAT,
    /// Of a rule or function that does not collect readings.
    NOT_OF_READINGS,
    /// A tenant or thing whose name is none.
    BAD_NAME,
    /// The payload is not base64.
    NOT_BASE64,
    /// The payload is nothing the collector would take.
    NOT_READINGS
  }

  /// Decodes a record; any bytes whatever are answered.
  static Decoded decode(byte[] record) {
    try {
      return decode(MAPPER.readTree(record));
    } catch (IOException _) {
      return new Decoded.NotAskable(Reason.NOT_JSON);
    }
  }

  private static Decoded decode(JsonNode record) {
    if (record.has("base64OriginalPayload")) {
      Matcher topic = TOPIC.matcher(record.path("topic").asText());
      if (!topic.matches() || !record.path("ruleName").asText().equals(RULE)) {
        return new Decoded.NotAskable(Reason.NOT_OF_READINGS);
      }
      return decode(topic.group(1), topic.group(2), record.path("base64OriginalPayload").asText());
    }
    JsonNode event = record.path("requestPayload");
    if (!event.isObject()) {
      return new Decoded.NotAskable(Reason.UNKNOWN_FORMAT);
    }
    // Only the events of the collector name a cohort.
    if (!event.has("cohort")) {
      return new Decoded.NotAskable(Reason.NOT_OF_READINGS);
    }
    return decode(
        event.path("tenant").asText(),
        event.path("thing").asText(),
        event.path("payload").asText());
  }

  private static Decoded decode(String tenant, String thing, String base64) {
    byte[] payload;
    try {
      payload = Base64.getDecoder().decode(base64);
    } catch (IllegalArgumentException _) {
      return new Decoded.NotAskable(Reason.NOT_BASE64);
    }
    if (!(ReadingsJson.decode(payload) instanceof ReadingsJson.Decoded.Accepted(var readings))) {
      return new Decoded.NotAskable(Reason.NOT_READINGS);
    }
    try {
      return new Decoded.Askable(
          new TenantId(tenant),
          new ThingName(thing),
          new ResendRequest(readings.blocks().stream().map(Block::start).toList()));
    } catch (IllegalArgumentException _) {
      return new Decoded.NotAskable(Reason.BAD_NAME);
    }
  }
}

package meterveil.status;

import java.util.Base64;
import java.util.Map;
import meterveil.meter.ThingName;
import meterveil.tenant.TenantId;

/// What the rule `collect_status` hands over: the bytes as the meter sent them, and who sent them
/// by the topic, which the IoT policy ties to the certificate.
///
/// @param tenant the meter's utility
/// @param thing the meter
/// @param payload the bytes, in base64
record StatusEvent(TenantId tenant, ThingName thing, String payload) {

  /// @throws IllegalArgumentException if it is not what the rule makes
  static StatusEvent of(Map<String, String> event) {
    return new StatusEvent(
        new TenantId(member(event, "tenant")),
        new ThingName(member(event, "thing")),
        member(event, "payload"));
  }

  /// The bytes as the meter sent them.
  ///
  /// @throws IllegalArgumentException if the payload is not base64
  byte[] bytes() {
    return Base64.getDecoder().decode(payload);
  }

  private static String member(Map<String, String> event, String name) {
    String value = event.get(name);
    if (value == null) {
      throw new IllegalArgumentException("the event has no " + name);
    }
    return value;
  }
}

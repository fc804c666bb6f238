package meterveil.admit;

import java.util.Map;
import java.util.Optional;
import meterveil.meter.Meter.Certificate;
import meterveil.meter.ThingName;
import meterveil.registry.PresentedCertificate;
import org.jspecify.annotations.Nullable;

/// What IoT Core asks before it provisions.
///
/// @param template by which somebody wants to come in
/// @param connectedAs the client id of the connection that asks
/// @param thing who it says it is
/// @param certificate what it will prove itself by
record AdmitEvent(String template, String connectedAs, ThingName thing, Certificate certificate) {

  /// Reads a request. What lacks something, or is not of its form, is nothing: it comes from
  /// outside.
  static Optional<AdmitEvent> read(Map<String, ? extends @Nullable Object> event) {
    var parameters =
        event.get("parameters") instanceof Map<?, ?> given ? given : Map.<String, Object>of();
    String arn = text(event.get("templateArn"));
    try {
      var thing = new ThingName(text(parameters.get("SerialNumber")));
      return PresentedCertificate.read(text(event.get("certificatePem")))
          .map(presented ->
              new AdmitEvent(
                  arn.substring(arn.lastIndexOf('/') + 1),
                  text(event.get("clientId")),
                  thing,
                  new Certificate(text(event.get("certificateId")), presented.expiresAt())));
    } catch (IllegalArgumentException _) { // which says what a name looks like
      return Optional.empty();
    }
  }

  private static String text(@Nullable Object value) {
    return value instanceof String text ? text : "";
  }
}

package meterveil.embedded.iot;

import java.time.Instant;
import java.util.Locale;

/// One thing the broker refused.
///
/// @param at when, by the platform's clock
/// @param reason why
/// @param clientId who asked
/// @param what the topic, filter or certificate it asked for
public record Refusal(Instant at, Reason reason, String clientId, String what) {

  /// Why the broker refused something.
  public enum Reason {
    /// A connection that ended before it spoke MQTT: no certificate, a foreign one, one that is
    /// over by the wall's clock, or a protocol that is too old. TLS refuses these, and names
    /// nobody.
    HANDSHAKE,
    /// A certificate of the right authority that was never registered.
    CERTIFICATE_UNKNOWN,
    /// A certificate that was switched off.
    CERTIFICATE_INACTIVE,
    /// A certificate that was revoked.
    CERTIFICATE_REVOKED,
    /// A certificate that nothing has activated yet, or one of a registered authority that came for
    /// the first time.
    CERTIFICATE_PENDING,
    /// A certificate that does not hold now, by the platform's clock.
    CERTIFICATE_EXPIRED,
    /// No policy allows the connection, or its session or last will.
    CONNECT,
    /// A topic that IoT Core does not take: too long, or with too many levels.
    TOPIC,
    /// No policy allows the publish.
    PUBLISH,
    /// No policy allows to retain it.
    RETAIN,
    /// No policy allows the last will that was due, or the broker did not take it.
    WILL,
    /// No policy allows the topic filter.
    SUBSCRIBE,
    /// No policy allows to receive the topic: the message is dropped.
    RECEIVE;

    /// Its name in counts and logs, for instance `certificate-expired`.
    public String key() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }
}

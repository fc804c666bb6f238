package meterveil.simulator;

import java.util.random.RandomGenerator;
import software.amazon.awssdk.crt.mqtt5.packets.ConnAckPacket.ConnectReasonCode;

/// How often a meter tries to connect for the first time, and how long it waits in between. Once it
/// has been in, it tries for ever.
///
/// A broker that answers no is believed at once. A failed TLS handshake mostly means a certificate
/// that the other side does not take, but also a broker that has just gone away, so it is tried a
/// few times. All else passes by itself, on a machine or a network that is overloaded: timeouts,
/// refused and broken connections, a broker that is busy.
final class Patience {

  /// Attempts at what a broker has said no to.
  static final int REFUSED_ATTEMPTS_MAX = 1;

  /// Attempts at what is probably wrong for good.
  static final int DOUBTFUL_ATTEMPTS_MAX = 4;

  /// Attempts at what passes: two minutes or a little more, besides the time they take.
  static final int PASSING_ATTEMPTS_MAX = 10;

  /// The longest pause.
  static final long PAUSE_MILLIS_MAX = 60_000;

  private static final long PAUSE_MILLIS_MIN = 500;

  private Patience() {}

  /// How often to try if the broker answers this.
  static int attemptsMax(ConnectReasonCode answer) {
    return switch (answer) {
      case SERVER_UNAVAILABLE, SERVER_BUSY, QUOTA_EXCEEDED, CONNECTION_RATE_EXCEEDED ->
          PASSING_ATTEMPTS_MAX;
      default -> REFUSED_ATTEMPTS_MAX;
    };
  }

  /// How often to try if there is no answer but this.
  ///
  /// @param error the SDK's name of it, such as `AWS_IO_SOCKET_TIMEOUT`
  static int attemptsMax(String error) {
    return switch (error) {
      case "AWS_IO_TLS_ERROR_NEGOTIATION_FAILURE",
          "AWS_IO_TLS_ERROR_ALERT_RECEIVED",
          "AWS_IO_TLS_HOST_NAME_MISMATCH",
          "AWS_IO_TLS_UNKNOWN_ROOT_CERTIFICATE",
          "AWS_IO_TLS_CERTIFICATE_EXPIRED",
          "AWS_IO_DNS_INVALID_NAME" ->
          DOUBTFUL_ATTEMPTS_MAX;
      default -> PASSING_ATTEMPTS_MAX;
    };
  }

  /// How long to wait before the next attempt: twice as long each time, by chance the half of it.
  ///
  /// @param failures attempts that failed since the meter was last connected
  static long pauseMillis(int failures, RandomGenerator random) {
    long upTo = Math.min(PAUSE_MILLIS_MAX, PAUSE_MILLIS_MIN << Math.min(failures, 10));
    return upTo / 2 + random.nextLong(upTo / 2 + 1);
  }
}

package meterveil.simulator;

import java.io.IOException;

/// A meter could not connect, or was not let do what it asked for. The message names the meter and
/// the reason the broker or the network gave.
public final class ConnectionException extends IOException {

  /// @param what names the meter and what it tried
  /// @param reason as the broker or the network gave it
  public ConnectionException(String what, String reason) {
    super(what + ": " + reason);
  }
}

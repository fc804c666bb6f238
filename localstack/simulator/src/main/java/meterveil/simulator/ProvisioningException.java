package meterveil.simulator;

import java.io.IOException;

/// A meter gets no certificate. The message names the meter and the reason that was given.
public final class ProvisioningException extends IOException {

  private final boolean passing;

  /// @param what names the meter and what it asked for
  /// @param passing whether it may be granted when it is asked for again
  ProvisioningException(String what, String reason, boolean passing) {
    super(what + ": " + reason);
    this.passing = passing;
  }

  /// Whether it may be granted when it is asked for again, a little later: the other side was busy,
  /// out of order or out of reach.
  public boolean isPassing() {
    return passing;
  }
}

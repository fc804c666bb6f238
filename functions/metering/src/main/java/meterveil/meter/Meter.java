package meterveil.meter;

import java.time.Instant;
import java.util.Optional;
import meterveil.tenant.TenantId;

/// One meter on the platform's list, and how far it has come.
///
/// @param listed what its utility said of it
/// @param state how far it has come
/// @param listedAt when it came onto the list
/// @param certificate what it proves itself by; nothing before it has one
/// @param leaving whether it is left out of the epochs that are yet to be planned
public record Meter(
    ListedMeter listed,
    State state,
    Instant listedAt,
    Optional<Certificate> certificate,
    boolean leaving) {

  /// How far a meter has come.
  public enum State {
    /// Its utility has named it; nobody has shown up as it.
    LISTED,
    /// It was admitted, and its certificate with it.
    PROVISIONED,
    /// It is never admitted again.
    REVOKED
  }

  /// What a meter proves itself by.
  ///
  /// @param id the registry's: the SHA-256 of the certificate in hexadecimal digits
  /// @param expiresAt after which it opens no connection
  public record Certificate(String id, Instant expiresAt) {

    /// @throws IllegalArgumentException if the id is not of the form above
    public Certificate {
      if (!id.matches("[0-9a-f]{64}")) {
        throw new IllegalArgumentException("a certificate's id has 64 hexadecimal digits");
      }
    }
  }

  /// Its name.
  public ThingName thing() {
    return listed.thing();
  }

  /// Whose it is.
  public TenantId tenant() {
    return listed.tenant();
  }

  /// Whether it belongs into cohorts that are yet to be made.
  public boolean takesPart() {
    return state == State.PROVISIONED && !leaving;
  }
}

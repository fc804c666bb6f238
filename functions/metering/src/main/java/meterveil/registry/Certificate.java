package meterveil.registry;

/// A certificate as the registry knows it.
///
/// @param id the SHA-256 of the certificate in hexadecimal digits
/// @param arn what things and policies know it by
/// @param pem the certificate itself
/// @param status whether it opens connections
public record Certificate(String id, String arn, String pem, Status status) {

  /// Whether a certificate opens connections. Only an active one does.
  public enum Status {
    /// It does.
    ACTIVE,
    /// It does not, and can be made to.
    INACTIVE,
    /// It never will again, by the platform's own rule.
    REVOKED,
    /// It was used for the first time and waits for somebody to decide.
    PENDING_ACTIVATION,
    /// One of IoT Core's others, of which none opens connections.
    OTHER
  }
}

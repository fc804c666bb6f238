package meterveil.embedded.policy;

import java.util.Collection;

/// What policies answer to a [Request].
public enum Decision {
  /// A statement allows it and none denies it.
  ALLOWED,
  /// A statement denies it, whatever others allow.
  DENIED,
  /// No statement speaks of it.
  NOT_ALLOWED;

  /// The answer of several documents that apply together: a denial wins, then a permission.
  public static Decision of(Collection<Decision> decisions) {
    if (decisions.contains(DENIED)) {
      return DENIED;
    }
    return decisions.contains(ALLOWED) ? ALLOWED : NOT_ALLOWED;
  }

  /// Whether the request may go ahead.
  public boolean allowed() {
    return this == ALLOWED;
  }
}

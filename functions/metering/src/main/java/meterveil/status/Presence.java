package meterveil.status;

import java.time.Instant;

/// What the broker says of one connection: that it began, or that it ended.
///
/// @param connected whether it began
/// @param session the connection, by a name that is never used again
/// @param version of the connection; its beginning and its end have the same, a later connection
///   has a higher one, or begins again at 0 after an hour without any
/// @param at when, by the broker's clock, which may be minutes off
public record Presence(boolean connected, String session, long version, Instant at) {

  private static final int SESSION_CHARACTERS_MAX = 64;

  /// @throws IllegalArgumentException if the version is negative, or the session's name empty or
  ///   too long
  public Presence {
    if (version < 0) {
      throw new IllegalArgumentException("the version of a connection is not negative");
    }
    if (session.isEmpty() || session.length() > SESSION_CHARACTERS_MAX) {
      throw new IllegalArgumentException("a session's name has 1 to 64 characters");
    }
  }
}

package meterveil.block;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;

/// When what happens to a block and to its day. Every instant is by the platform's clock.
public final class Times {

  /// From the end of a block until a cohort that misses some of it is asked.
  public static final Duration ASKED_AFTER = Duration.ofHours(6);

  /// From the end of a block until it is frozen and released: the watermark.
  public static final Duration RELEASED_AFTER = Duration.ofHours(24);

  /// How far a collector's clock and the releaser's may differ.
  public static final Duration CLOCKS_DIFFER_MAX = Duration.ofMinutes(5);

  /// From the end of a block until it is no longer accepted.
  public static final Duration ACCEPTED_FOR = Duration.ofHours(72);

  /// From the end of a day until it closes: what was accepted last has had its retries by then.
  public static final Duration CLOSED_AFTER = ACCEPTED_FOR.plusHours(4);

  private Times() {}

  /// Whether a block is over and can still be accepted.
  public static boolean accepts(Block block, Instant now) {
    return !now.isBefore(block.end()) && !now.isAfter(block.end().plus(ACCEPTED_FOR));
  }

  /// Whether a block may be frozen already, by a releaser whose clock runs ahead.
  public static boolean mayBeFrozen(Block block, Instant now) {
    return !now.isBefore(block.end().plus(RELEASED_AFTER).minus(CLOCKS_DIFFER_MAX));
  }

  /// Whether a block is due for release.
  public static boolean isReleased(Block block, Instant now) {
    return !now.isBefore(block.end().plus(RELEASED_AFTER));
  }

  /// The first instant after a UTC day.
  public static Instant end(LocalDate day) {
    return day.plusDays(1).atStartOfDay(ZoneOffset.UTC).toInstant();
  }

  /// Whether a block of a UTC day can still be accepted: it did not end too long ago.
  public static boolean acceptsAnyOf(LocalDate day, Instant now) {
    return !now.isAfter(end(day).plus(ACCEPTED_FOR));
  }

  /// Whether a UTC day is due for closing.
  public static boolean isClosed(LocalDate day, Instant now) {
    return !now.isBefore(end(day).plus(CLOSED_AFTER));
  }
}

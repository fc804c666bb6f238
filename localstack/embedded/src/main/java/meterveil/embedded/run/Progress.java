package meterveil.embedded.run;

import java.io.PrintStream;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;

/// Tells a person how far a run is: a bar that is drawn over on a terminal, a line now and then
/// elsewhere.
///
/// Safe for use by many threads.
final class Progress {

  private static final Duration BAR_EVERY = Duration.ofMillis(100);
  private static final Duration LINE_EVERY = Duration.ofSeconds(5);
  private static final int BAR_LENGTH = 28;

  private final PrintStream out;
  private final boolean terminal;
  private final Clock clock;
  private final Instant start;
  private Instant last = Instant.MIN;
  private int width;

  /// @param out where to
  /// @param terminal whether what is written there can be written over
  /// @param clock the clock on the wall
  Progress(PrintStream out, boolean terminal, Clock clock) {
    this.out = out;
    this.terminal = terminal;
    this.clock = clock;
    this.start = clock.instant();
  }

  /// Says something that stays.
  synchronized void say(String line) {
    clear();
    out.println(line);
    out.flush();
  }

  /// Says how far it is, unless it was said a moment ago.
  ///
  /// @param done of `total`
  /// @param what of what, such as `messages`
  /// @param where such as `day 3 of 7`
  synchronized void at(long done, long total, String what, String where) {
    Instant now = clock.instant();
    if (last.plus(terminal ? BAR_EVERY : LINE_EVERY).isAfter(now) && last.isAfter(Instant.MIN)) {
      return;
    }
    boolean first = last.equals(Instant.MIN);
    last = now;
    if (first && !terminal) {
      return;
    }
    long percent = total == 0 ? 100 : 100 * done / total;
    double seconds = Duration.between(start, now).toMillis() / 1000.0;
    String figures =
        String.format(
            Locale.ROOT,
            "%3d %%  %,d of %,d %s, %s, %.0f s",
            percent,
            done,
            total,
            what,
            where,
            seconds);
    if (!terminal) {
      out.println(figures);
    } else {
      int full = (int) (BAR_LENGTH * percent / 100);
      String line = "█".repeat(full) + "░".repeat(BAR_LENGTH - full) + " " + figures;
      out.print("\r" + line + " ".repeat(Math.max(0, width - line.length())));
      width = line.length();
    }
    out.flush();
  }

  private void clear() {
    if (width > 0) {
      out.print("\r" + " ".repeat(width) + "\r");
      width = 0;
    }
  }
}

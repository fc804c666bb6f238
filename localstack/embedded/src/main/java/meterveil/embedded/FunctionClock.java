package meterveil.embedded;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Clock;

/// The clock in a function's process: the [MovableClock] that the platform moves.
///
/// The platform has our own classes call [#systemUTC()] in place of the JDK's. The function knows
/// nothing of it; the zip and the environment stay exactly as deployed.
public final class FunctionClock {

  /// The system property with the clock's file.
  public static final String FILE = "meterveil.clock";

  private static final Clock CLOCK = follow();

  private FunctionClock() {}

  private static Clock follow() {
    try {
      return MovableClock.follow(Path.of(System.getProperty(FILE)));
    } catch (IOException e) {
      throw new UncheckedIOException("the platform's clock cannot be followed", e);
    }
  }

  /// What the functions call in place of [Clock#systemUTC()].
  public static Clock systemUTC() {
    return CLOCK;
  }
}

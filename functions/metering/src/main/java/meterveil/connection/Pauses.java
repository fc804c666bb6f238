package meterveil.connection;

import java.time.Duration;
import software.amazon.awssdk.core.exception.AbortedException;
import software.amazon.awssdk.retries.api.BackoffStrategy;

/// How long to wait before what the SDK does not try again by itself is tried again: from 0.1 s up
/// to a second, each time twice as long, and half of it by chance.
public final class Pauses {

  private static final BackoffStrategy PAUSE =
      BackoffStrategy.exponentialDelayHalfJitter(Duration.ofMillis(100), Duration.ofSeconds(1));

  private Pauses() {}

  /// Waits.
  ///
  /// @param tries how many there were, from 1
  /// @throws AbortedException if the thread is interrupted
  public static void after(int tries) {
    try {
      Thread.sleep(PAUSE.computeDelay(tries));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw AbortedException.create("interrupted between two tries", e);
    }
  }
}

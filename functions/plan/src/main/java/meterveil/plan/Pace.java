package meterveil.plan;

import java.time.Duration;
import software.amazon.awssdk.core.exception.AbortedException;

/// No more than so many a second, in real time.
///
/// Not safe for use by many threads.
final class Pace {

  private final long nanosEach;
  private long nextNanos;

  /// @param perSecond how many
  Pace(int perSecond) {
    nanosEach = Duration.ofSeconds(1).toNanos() / perSecond;
    nextNanos = System.nanoTime();
  }

  /// Waits until some more may be done.
  ///
  /// @param count how many will be done at once
  /// @throws AbortedException if the thread is interrupted
  void await(int count) {
    long wait = nextNanos - System.nanoTime();
    if (wait > 0) {
      try {
        Thread.sleep(Duration.ofNanos(wait));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw AbortedException.create("interrupted between two updates", e);
      }
    }
    nextNanos = Math.max(nextNanos, System.nanoTime()) + count * nanosEach;
  }
}

package meterveil.simulator;

import java.time.Duration;
import java.util.List;
import java.util.random.RandomGenerator;

/// How long a meter waits before it answers a request for a block: a random time, so that a
/// district asked at once does not answer at once, and longer each time. There are as many answers
/// as there are pauses.
///
/// @param upTo the longest pause before each answer
public record Pauses(List<Duration> upTo) {

  /// Up to 1, 10 and 60 minutes.
  public static final Pauses DEFAULT =
      new Pauses(List.of(Duration.ofMinutes(1), Duration.ofMinutes(10), Duration.ofMinutes(60)));

  /// Three answers, each at once.
  public static final Pauses NONE =
      new Pauses(List.of(Duration.ZERO, Duration.ZERO, Duration.ZERO));

  /// @throws IllegalArgumentException if a pause is negative
  public Pauses {
    upTo = List.copyOf(upTo);
    if (upTo.stream().anyMatch(Duration::isNegative)) {
      throw new IllegalArgumentException("a negative pause");
    }
  }

  /// How often a meter answers for one block.
  public int answersMax() {
    return upTo.size();
  }

  /// The pause before an answer, the first being 0; some whole milliseconds.
  Duration before(int answer, RandomGenerator random) {
    return Duration.ofMillis(random.nextLong(upTo.get(answer).toMillis() + 1));
  }
}

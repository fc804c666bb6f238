package meterveil.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MovableClockTest {

  private static final Instant START = Instant.parse("2013-01-01T00:00:00Z");

  @TempDir Path folder;

  @Test
  void ticksFromItsStart() throws Exception {
    var clock = MovableClock.create(folder.resolve("clock"), START);
    Instant first = clock.instant();
    Thread.sleep(5);
    assertThat(first).isBetween(START, START.plusSeconds(5));
    assertThat(clock.instant()).isAfter(first);
  }

  @Test
  void takesItsFollowersAlong() throws IOException {
    var clock = MovableClock.create(folder.resolve("clock"), START);
    var follower = MovableClock.follow(folder.resolve("clock"));
    clock.moveTo(START.plus(Duration.ofDays(3)));
    assertThat(follower.instant())
        .isBetween(START.plus(Duration.ofDays(3)), START.plus(Duration.ofDays(3)).plusSeconds(5));
  }

  @Test
  void neverGoesBack() throws IOException {
    var clock = MovableClock.create(folder.resolve("clock"), START);
    assertThatThrownBy(() -> clock.moveTo(START.minusSeconds(1)))
        .isInstanceOf(IllegalArgumentException.class);
  }
}

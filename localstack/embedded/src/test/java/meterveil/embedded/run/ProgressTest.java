package meterveil.embedded.run;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;

class ProgressTest {

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final PrintStream out = new PrintStream(bytes, true, UTF_8);
  private Instant now = Instant.EPOCH;
  private final Clock wall =
      new Clock() {
        @Override
        public ZoneOffset getZone() {
          return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(java.time.ZoneId zone) {
          return this;
        }

        @Override
        public Instant instant() {
          return now;
        }
      };

  @Test
  void drawsABarOverItself() {
    var progress = new Progress(out, true, wall);
    progress.at(0, 1_400, "messages", "day 1 of 7");
    now = now.plus(Duration.ofSeconds(2));
    progress.at(700, 1_400, "messages", "day 4 of 7");
    progress.at(701, 1_400, "messages", "day 4 of 7");
    progress.say("Done.");

    assertThat(bytes.toString(UTF_8))
        .contains("\r██████████████░░░░░░░░░░░░░░  50 %  700 of 1,400 messages, day 4 of 7, 2 s")
        .doesNotContain("701")
        .endsWith("\rDone." + System.lineSeparator());
  }

  @Test
  void writesALineNowAndThenWhereNothingCanBeDrawnOver() {
    var progress = new Progress(out, false, wall);
    for (int second = 0; second <= 11; second++) {
      now = Instant.EPOCH.plusSeconds(second);
      progress.at(second, 11, "messages", "day 1 of 1");
    }

    assertThat(bytes.toString(UTF_8).lines().toList())
        .containsExactly(
            " 45 %  5 of 11 messages, day 1 of 1, 5 s",
            " 90 %  10 of 11 messages, day 1 of 1, 10 s");
  }
}

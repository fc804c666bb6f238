package meterveil.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class OutputTest {

  @Test
  void findsTheMedianOfOddAndEvenNumbersOfMeasurements() {
    assertThat(Spread.of(List.of(3.0, 1.0, 2.0))).isEqualTo(new Spread(2, 1, 3));
    assertThat(Spread.of(List.of(4.0, 1.0, 2.0, 3.0))).isEqualTo(new Spread(2.5, 1, 4));
    assertThatIllegalArgumentException().isThrownBy(() -> Spread.of(List.of()));
    assertThat(new Spread(1234.56, 1000, 2000).text(1)).isEqualTo("1,234.6 (1,000.0–2,000.0)");
  }

  @Test
  void judgesGoalsByTheirDirection() {
    assertThat(Goal.atLeast("fast", "times", 10, 10).met()).isTrue();
    assertThat(Goal.atLeast("fast", "times", 9.99, 10).met()).isFalse();
    assertThat(Goal.atMost("small", "ms", 300, 300).met()).isTrue();
    assertThat(Goal.atMost("small", "ms", 300.1, 300).met()).isFalse();
    assertThat(Goal.atMost("never measured", "ms", Double.NaN, 300).met()).isFalse();
    assertThat(Goal.atLeast("never measured", "ms", Double.NaN, 300).met()).isFalse();
  }

  @Test
  void keepsTheGoalsOfPartsThatWereMeasuredBefore(@TempDir Path folder) throws IOException {
    Files.writeString(
        folder.resolve("price.json"),
        "{\"measuredAt\":\"yesterday\",\"goals\":[{\"goal\":\"cheap\"}]}");
    Files.writeString(folder.resolve("speed.json"), "{\"seconds\":1}");
    Files.writeString(folder.resolve("privacy.json"), "{\"goals\":[{\"goal\":\"private\"}]}");
    Files.writeString(folder.resolve("whole.json"), "{\"goals\":[{\"goal\":\"quick\"}]}");
    assertThat(Bench.all(folder))
        .extracting(goal -> goal.path("goal").asText())
        .containsExactly("cheap", "private", "quick");
    assertThat(Bench.all(folder).getFirst().path("measuredAt").asText()).isEqualTo("yesterday");
  }

  @Test
  void refusesHomesThatSayTooLittle(@TempDir Path folder) throws IOException {
    Path few = Files.writeString(folder.resolve("few.csv"), "datetime,a\n1-1-2013 00:00,5\n");
    assertThat(refusal(few.toString()))
        .contains("few.csv has 1 homes and 0 whole weeks", "at least 30 and 4 are needed");
    Path bad = Files.writeString(folder.resolve("bad.csv"), "datetime,a\n1-1-2013 00:00,x\n");
    assertThat(refusal(bad.toString())).contains("bad.csv:2: column 2 (a): \"x\" is not");
  }

  private static String refusal(String readings) {
    var errors = new StringWriter();
    int exit =
        Bench.commandLine(Path.of("no-repository"))
            .setErr(new PrintWriter(errors))
            .execute("privacy", "--readings", readings);
    assertThat(exit).isEqualTo(2);
    return errors.toString();
  }

  @Test
  void alignsTables() {
    assertThat(new Table("Speed", "what", "ms").row("a", "1").row("bcde", "1,000").text())
        .isEqualTo("\nSpeed\n\n  what      ms\n  a          1\n  bcde   1,000\n");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Table("Speed", "what", "ms").row("a"));
  }

  @Test
  void drawsBarsInProportion() {
    String svg = new Chart("A & B", "ms").bar("long", 100, 0, true).bar("half", 50, 0, false).svg();
    assertThat(svg)
        .startsWith("<svg")
        .contains("A &amp; B", ">long<", "width=\"350.0\"", "width=\"175.0\"");
  }
}

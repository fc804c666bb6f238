package meterveil.embedded.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import meterveil.embedded.run.CanaryScan.Hit;
import org.junit.jupiter.api.Test;

class ReportTest {

  private static final LocalDate MONDAY = LocalDate.of(2026, 1, 12);

  @Test
  void tellsOfAWeek() throws IOException {
    String html =
        new Report(Samples.summary(Optional.empty(), 7, List.of()), Samples.cells(MONDAY, 7))
            .html();

    assertThat(html).contains("200 meters, 7 days", "Every watt-hour is accounted for");
    assertThat(html).contains("16,504,321", "north-re-1", "too late");
    assertThat(html).contains("<li class=\"bad\">4,321 Wh never reached the platform</li>");
    assertThat(html).contains("does not hold now", "does not allow to publish there");
    assertThat(html)
        .as("each such hour is drawn, and says so")
        .contains(": merged, ", ": suppressed");
    assertThat(html).doesNotContain("null", "%s", "%d");
    write("report-week.html", html);
  }

  /// 4,321 of 16.5 million watt-hours are less than a line's width of the bar.
  @Test
  void drawsAllPartsOfTheEnergyWithinTheBar() {
    String html =
        new Report(Samples.summary(Optional.empty(), 7, List.of()), Samples.cells(MONDAY, 7))
            .html();
    List<MatchResult> parts =
        Pattern.compile("<rect x=\"([0-9.]+)\" width=\"([0-9.]+)\" height=\"34\"")
            .matcher(html)
            .results()
            .toList();
    assertThat(parts).hasSizeGreaterThan(3);
    assertThat(parts)
        .allSatisfy(
            part -> assertThat(Double.parseDouble(part.group(2))).isGreaterThanOrEqualTo(1));
    MatchResult last = parts.getLast();
    assertThat(Double.parseDouble(last.group(1)) + Double.parseDouble(last.group(2)))
        .as("ends where the bar does, but for the gap between parts")
        .isCloseTo(998.5, within(0.6));
  }

  @Test
  void asksForNothingElse() {
    String html =
        new Report(Samples.summary(Optional.empty(), 7, List.of()), Samples.cells(MONDAY, 7))
            .html();

    assertThat(html).doesNotContain("<script", "http://", "https://", "src=", "@import", "href=");
    assertThat(html).doesNotContainPattern("url\\((?!#)");
  }

  @Test
  void escapesWhatItIsGiven() {
    var summary =
        Samples.summary(
            Optional.of("<img src=x onerror=\"alert('1')\">.csv"),
            7,
            List.of(new Hit("table <b>", "a thing's name")));

    String html = new Report(summary, List.of()).html();

    assertThat(html).doesNotContain("<img", "<b>,", "table <b>");
    assertThat(html).contains("&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;.csv");
    assertThat(html).contains("Traces of single meters were found: 1", "No cell was released.");
  }

  @Test
  void staysSmallForHalfAYear() throws IOException {
    String html =
        new Report(
                Samples.summary(Optional.of("homes.csv"), 182, List.of()),
                Samples.cells(MONDAY, 182))
            .html();

    assertThat(html.length()).isLessThan(3_000_000);
    assertThat(html)
        .as("such hours are drawn")
        .contains("<path fill=\"url(#over)\" d=\"M", "<path fill=\"url(#suppressed)\" d=\"M");
    assertThat(html).contains("200 meters, 182 days of homes.csv", "Jun 2026");
    write("report-half-year.html", html);
  }

  /// For the eye.
  private static void write(String name, String html) throws IOException {
    Files.writeString(Files.createDirectories(Path.of("target", "samples")).resolve(name), html);
  }
}

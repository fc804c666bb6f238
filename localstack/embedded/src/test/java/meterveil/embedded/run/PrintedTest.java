package meterveil.embedded.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import meterveil.embedded.run.CanaryScan.Hit;
import org.junit.jupiter.api.Test;

class PrintedTest {

  @Test
  void tellsOfARun() {
    assertThat(printed(List.of()))
        .contains("200 meters, 7 days from 2026-01-12, blocks of 24 h, 4 cohorts in 2 districts")
        .contains("2  too late", "1  publish, by the broker")
        .contains("661  610 own, 48 merged, 3 suppressed")
        .contains("UNDONE: 4,321 Wh never reached the platform")
        .contains("16,504,321  Wh, by the meters' own books")
        .contains("0  Wh: all that was sent is accounted for")
        .contains("0  of a single meter, in 2,012 items and 1,600 log lines")
        .contains("Nothing expires within the run", "report.html")
        .doesNotContain("null", "%");
  }

  @Test
  void namesTraces() {
    assertThat(printed(List.of(new Hit("table Usage", "a thing's name"))))
        .contains("1  of a single meter", "table Usage: a thing's name");
  }

  private static String printed(List<Hit> hits) {
    return new Printed(Samples.summary(Optional.empty(), 7, hits), Path.of("run")).text();
  }
}

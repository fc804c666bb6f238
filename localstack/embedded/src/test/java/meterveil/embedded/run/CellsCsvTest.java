package meterveil.embedded.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.StringWriter;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import meterveil.cohort.CohortId;
import meterveil.cohort.DistrictId;
import meterveil.usage.Formed;
import meterveil.usage.ReleasedCell;
import org.junit.jupiter.api.Test;

class CellsCsvTest {

  private static final Instant ONE = Instant.parse("2013-01-01T00:00:00Z");
  private static final Instant TWO = Instant.parse("2013-01-01T01:00:00Z");
  private static final CohortId A = new CohortId("00523-north-re-1");
  private static final CohortId B = new CohortId("00523-north-re-2");
  private static final CohortId C = new CohortId("00523-south-re-1");

  @Test
  void writesCellsInTheOrderOfTimeAndName() throws IOException {
    var to = new StringWriter();
    CellsCsv.write(
        List.of(
            Samples.cell("north", TWO, List.of(A, B), Formed.MERGED, 40),
            Samples.cell("north", ONE, List.of(B), Formed.SUPPRESSED, 0),
            Samples.cell("north", ONE, List.of(A), Formed.OWN, 21),
            acrossDistricts(),
            late()),
        to);

    assertThat(to)
        .hasToString(
            """
            hour,level,id,count,energyKWh,formed
            2013-01-01T00:00:00Z,cohort,00523-north-re-1,50,21,own
            2013-01-01T00:00:00Z,cohort,00523-north-re-2,0,,suppressed
            2013-01-01T01:00:00Z,district,00523-north-re-1+00523-north-re-2,100,40,merged
            2013-01-01T01:00:00Z,tenant,00523-north-re-2+00523-south-re-1,95,38,merged
            """);
  }

  private static ReleasedCell acrossDistricts() {
    return new ReleasedCell(
        Samples.TENANT,
        Optional.empty(),
        TWO,
        1,
        List.of(B, C),
        Formed.MERGED,
        95,
        OptionalLong.of(38));
  }

  private static ReleasedCell late() {
    return new ReleasedCell(
        Samples.TENANT,
        Optional.of(new DistrictId("north")),
        ONE,
        24,
        List.of(),
        Formed.LATE,
        15,
        OptionalLong.of(3));
  }
}

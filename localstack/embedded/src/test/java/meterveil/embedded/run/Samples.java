package meterveil.embedded.run;

import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import meterveil.block.Epoch;
import meterveil.cohort.CohortId;
import meterveil.cohort.DistrictId;
import meterveil.embedded.aws.Charges.Calls;
import meterveil.embedded.aws.Charges.Work;
import meterveil.embedded.run.CanaryScan.Hit;
import meterveil.embedded.run.RunSummary.Bill;
import meterveil.embedded.run.RunSummary.Cells;
import meterveil.embedded.run.RunSummary.Counts;
import meterveil.embedded.run.RunSummary.Energy;
import meterveil.embedded.run.RunSummary.Pace;
import meterveil.embedded.run.RunSummary.Scope;
import meterveil.embedded.run.RunSummary.Stored;
import meterveil.embedded.run.RunSummary.WriteUnits;
import meterveil.tenant.TenantId;
import meterveil.usage.Formed;
import meterveil.usage.ReleasedCell;

/// Made-up outcomes of runs.
final class Samples {

  static final TenantId TENANT = new TenantId("demo");

  private Samples() {}

  static RunSummary summary(Optional<String> file, int days, List<Hit> hits) {
    return new RunSummary(
        new Scope(file, 1, LocalDate.of(2026, 1, 12), days, 24, 200, 4, 2, 1 + days / 30, 37),
        new Counts(
            1_400,
            3,
            33_561,
            1_398,
            3,
            Map.of("TOO_LATE", 2L),
            Map.of("publish", 1L, "certificate-expired", 2L),
            Map.of("PlanFunction", 2L)),
        new Energy(16_504_321, 12_000, 4_321, 16_312_000, 8_000, 168_000, 0, 0, 0, 0),
        new Cells(610, 48, 3),
        3,
        new CanaryScan.Result(2_012, 1_600, 8, 200, 0, hits),
        new WriteUnits(2_684, 1_210),
        new Bill(
            Map.of("CollectRole", Map.of("dynamodb:UpdateItem", new Calls(1_400, 0, 2_684))),
            Map.of("CollectFunction", new Work(2, 9.5, List.of(4.2, 5.3))),
            Map.of("collect_readings.TopicMatch", 1_403L),
            123_456,
            17,
            Map.of("Usage", new Stored(0, 45_678))),
        new Pace(
            7.4,
            10.0,
            List.of(6.0, 7.5, 80.0),
            21.3,
            OptionalLong.of(1_403_000_000L),
            Map.of("database", 12.34),
            Map.of("database", 2.34)),
        List.of("Nothing expires within the run: what is released is kept for 37 days."));
  }

  /// The same with nothing undone.
  static RunSummary done(Energy energy, List<Hit> hits) {
    RunSummary other = summary(Optional.empty(), 7, hits);
    return new RunSummary(
        other.scope(),
        new Counts(1_400, 3, 33_561, 1_398, 3, Map.of("TOO_LATE", 2L), Map.of(), Map.of()),
        energy,
        other.cells(),
        other.dailyTotals(),
        other.scan(),
        other.writeUnits(),
        other.bill(),
        other.pace(),
        other.notes());
  }

  /// Two districts with two cohorts each, in which some hours are merged and some suppressed.
  static List<ReleasedCell> cells(LocalDate firstDay, int days) {
    var random = new SplittableRandom(1);
    var cells = new ArrayList<ReleasedCell>();
    for (int hour = 0; hour < days * 24; hour++) {
      Instant start = Instant.ofEpochSecond(firstDay.toEpochDay() * 86_400 + hour * 3_600L);
      Epoch epoch = Epoch.containing(start);
      for (String district : List.of("north", "south")) {
        var one = CohortId.of(epoch, district + "-re-1");
        var two = CohortId.of(epoch, district + "-re-2");
        int kind = random.nextInt(30);
        if (kind == 0) {
          cells.add(cell(district, start, List.of(one, two), Formed.SUPPRESSED, 0));
        } else if (kind < 4) {
          cells.add(cell(district, start, List.of(one, two), Formed.MERGED, 2 * kWh(random, hour)));
        } else {
          cells.add(cell(district, start, List.of(one), Formed.OWN, kWh(random, hour)));
          cells.add(cell(district, start, List.of(two), Formed.OWN, kWh(random, hour)));
        }
      }
    }
    return cells;
  }

  static ReleasedCell cell(
      String district, Instant start, List<CohortId> cohorts, Formed formed, long kWh) {
    boolean told = formed != Formed.SUPPRESSED;
    return new ReleasedCell(
        TENANT,
        Optional.of(new DistrictId(district)),
        start,
        1,
        cohorts,
        formed,
        told ? 50 * cohorts.size() : 0,
        told ? OptionalLong.of(kWh) : OptionalLong.empty());
  }

  private static long kWh(SplittableRandom random, int hour) {
    double day = 14 + 9 * Math.sin((hour % 24 - 12) * Math.PI / 12) + 6 * Math.sin(hour / 400.0);
    return Math.max(1, Math.round(day + random.nextInt(4)));
  }
}

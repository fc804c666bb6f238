package meterveil.embedded;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import meterveil.block.Block;
import meterveil.block.BlockLength;
import meterveil.block.Epoch;
import meterveil.cohort.Cohort;
import meterveil.energy.WattHours;
import meterveil.usage.Formed;
import meterveil.usage.Reconciliation.Figures;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// From messages to released cells and a closed day, when nothing goes wrong.
@Tag("place")
class MainLineTest {

  private static final Block DAY =
      new Block(Instant.parse("2024-01-10T00:00:00Z"), BlockLength.DAY);

  /// More than this over what was measured is a regression.
  private static final double HEADROOM = 1.15;

  @Test
  void releasesADayAndClosesIt() throws Exception {
    try (var line = MainLine.startingAt("2024-01-11T00:10:00Z")) {
      Cohort cohort = line.cohort(Epoch.containing(DAY.start()), "north", 1, 50, BlockLength.DAY);
      line.report(cohort, DAY, 50, member -> 200 + member);
      line.quiet();

      assertThat(line.counted("Counted")).isEqualTo(50);
      long hourWh = 50 * 200 + 49 * 50 / 2;
      assertThat(line.totals(cohort, DAY).hours())
          .allSatisfy(hour -> assertThat(hour.energy()).isEqualTo(new WattHours(hourWh)));
      assertThat(line.cells("north")).isEmpty();

      line.moveTo("2024-01-12T00:10:00Z");
      assertThat(line.cells("north"))
          .hasSize(24)
          .allSatisfy(cell -> {
            assertThat(cell.formed()).isEqualTo(Formed.OWN);
            assertThat(cell.count()).isEqualTo(50);
            assertThat(cell.energyKWh()).hasValue(11);
          });

      line.moveTo("2024-01-14T04:10:00Z");
      assertThat(line.reconciliation("2024-01-10").orElseThrow().figures())
          .contains(new Figures(24 * hourWh, 24 * 11_000, 0, 24 * (hourWh - 11_000)));
      assertThat(line.item(cohort, DAY).orElseThrow().tokens()).isEmpty();
      assertThat(line.dayKeyTable.openDays(MainLine.GRID)).isEmpty();
      takesOfAMeterHour(line, "Collect", 50, 0.0435, 0.13, 0.005);
      takesOfAMeterHour(line, "Release", 50, 0.0275, 0.1, 0.0117);
    }
  }

  @Test
  void releasesADayOfHourlyBlocksAndClosesIt() throws Exception {
    try (var line = MainLine.startingAt("2024-01-11T00:10:00Z")) {
      Epoch epoch = Epoch.containing(DAY.start());
      Cohort one = line.cohort(epoch, "north", 1, 50, BlockLength.HOUR);
      Cohort two = line.cohort(epoch, "north", 2, 50, BlockLength.HOUR);
      Block hour = Block.containing(DAY.start(), BlockLength.HOUR);
      for (; hour.end().compareTo(DAY.end()) <= 0; hour = hour.next()) {
        line.report(one, hour, 50, member -> 200 + member);
        line.report(two, hour, 50, member -> 200 + member);
      }
      line.quiet();
      line.moveTo("2024-01-12T00:10:00Z");
      assertThat(line.cells("north"))
          .hasSize(2 * 24)
          .allSatisfy(cell -> assertThat(cell.energyKWh()).hasValue(11));
      line.moveTo("2024-01-14T04:10:00Z");
      assertThat(line.reconciliation("2024-01-10")).isPresent();
      takesOfAMeterHour(line, "Collect", 100, 1.001, 1.05, 0.0075);
      takesOfAMeterHour(line, "Release", 100, 0.09, 0.1, 0.0367);
    }
  }

  /// @param meters that reported a day
  /// @param writeUnits what was measured; an item's size depends on its random names by some bytes
  /// @param writeUnitsMax what is promised
  /// @param readUnits what was measured; of collect what three processes may take, as each asks
  ///   once
  private static void takesOfAMeterHour(
      MainLine line,
      String role,
      int meters,
      double writeUnits,
      double writeUnitsMax,
      double readUnits) {
    var charges = line.platform.aws().charges();
    double meterHours = meters * 24;
    assertThat(charges.writeUnits(role) / meterHours)
        .isBetween(0.01, Math.min(writeUnitsMax, writeUnits * HEADROOM));
    assertThat(charges.readUnits(role) / meterHours).isBetween(0.001, readUnits * HEADROOM);
  }
}

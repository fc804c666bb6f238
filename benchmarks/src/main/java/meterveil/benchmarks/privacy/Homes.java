package meterveil.benchmarks.privacy;

import java.io.IOException;
import java.nio.file.Path;
import java.time.DayOfWeek;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.temporal.TemporalAdjusters;
import java.util.List;
import meterveil.meter.ThingName;
import meterveil.simulator.LoadProfile;
import meterveil.simulator.Measurements;
import meterveil.simulator.ReadingsCsv;

/// Real homes over whole weeks of UTC hours.
final class Homes {

  /// Hours of a week.
  static final int HOURS = 7 * 24;

  private final int[][][] energyWh;

  /// @param energyWh by home, week, and hour of the week from Monday; an hour that was not measured
  ///   is 0
  Homes(int[][][] energyWh) {
    this.energyWh = energyWh;
  }

  /// A home's week, hour by hour from Monday; not to be changed.
  int[] week(int home, int week) {
    return energyWh[home][week];
  }

  /// Reads a file as `scripts/run --readings` does.
  static Homes read(Path file) throws IOException {
    Measurements measurements = ReadingsCsv.read(file).measurements();
    LocalDate first =
        LocalDate.ofInstant(measurements.start().plusSeconds(24 * 3_600 - 1), ZoneOffset.UTC)
            .with(TemporalAdjusters.nextOrSame(DayOfWeek.MONDAY));
    Instant start = first.atStartOfDay(ZoneOffset.UTC).toInstant();
    long hours = (measurements.end().getEpochSecond() - start.getEpochSecond()) / 3_600;
    int weeks = (int) Math.max(0, hours / HOURS);
    List<ThingName> things = measurements.things();
    var energyWh = new int[things.size()][weeks][HOURS];
    for (int home = 0; home < things.size(); home++) {
      LoadProfile profile = measurements.of(things.get(home));
      for (int week = 0; week < weeks; week++) {
        for (int hour = 0; hour < HOURS; hour++) {
          Instant at = start.plusSeconds(3_600L * (week * HOURS + hour));
          energyWh[home][week][hour] = Math.max(0, profile.energyWh(at));
        }
      }
    }
    return new Homes(energyWh);
  }

  int count() {
    return energyWh.length;
  }

  int weeks() {
    return energyWh[0].length;
  }
}

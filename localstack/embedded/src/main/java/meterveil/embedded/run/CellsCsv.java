package meterveil.embedded.run;

import java.io.IOException;
import java.io.Writer;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import meterveil.usage.Formed;
import meterveil.usage.ReleasedCell;

/// `cells.csv`: the released cells as the store holds them, in the order of time.
///
/// A line is `hour,level,id,count,energyKWh,formed`, such as
/// `2013-01-01T00:00:00Z,cohort,00523-north-re-1,50,21,own`. Of a suppressed cell the count is 0
/// and the energy empty. Late totals are of blocks, not of hours, and are not in it.
final class CellsCsv {

  private CellsCsv() {}

  static void write(List<ReleasedCell> cells, Writer to) throws IOException {
    to.write("hour,level,id,count,energyKWh,formed\n");
    var order = Comparator.comparing(ReleasedCell::start).thenComparing(ReleasedCell::id);
    for (ReleasedCell cell : cells.stream().sorted(order).toList()) {
      if (cell.formed() != Formed.LATE) {
        to.write(line(cell));
      }
    }
  }

  private static String line(ReleasedCell cell) {
    return String.join(
            ",",
            cell.start().toString(),
            cell.level().name().toLowerCase(Locale.ROOT),
            cell.id(),
            Integer.toString(cell.count()),
            cell.energyKWh().isPresent() ? Long.toString(cell.energyKWh().getAsLong()) : "",
            cell.formed().name().toLowerCase(Locale.ROOT))
        + "\n";
  }
}

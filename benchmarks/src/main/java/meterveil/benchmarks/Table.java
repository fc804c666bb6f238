package meterveil.benchmarks;

import java.util.ArrayList;
import java.util.List;

/// A table of texts, as a person reads it in a terminal.
public final class Table {

  private final String title;
  private final List<String> columns;
  private final List<List<String>> rows = new ArrayList<>();

  /// @param title above it
  /// @param columns their names; the first is on the left, the others on the right
  public Table(String title, String... columns) {
    this.title = title;
    this.columns = List.of(columns);
  }

  /// Adds a row.
  ///
  /// @throws IllegalArgumentException if it has more or fewer cells than there are columns
  public Table row(String... cells) {
    if (cells.length != columns.size()) {
      throw new IllegalArgumentException(
          "%d cells in %d columns".formatted(cells.length, columns.size()));
    }
    rows.add(List.of(cells));
    return this;
  }

  /// Several lines.
  public String text() {
    var widths = new int[columns.size()];
    var all = new ArrayList<List<String>>();
    all.add(columns);
    all.addAll(rows);
    for (List<String> row : all) {
      for (int i = 0; i < widths.length; i++) {
        widths[i] = Math.max(widths[i], row.get(i).length());
      }
    }
    var text = new StringBuilder("%n%s%n%n".formatted(title));
    for (List<String> row : all) {
      var line = new StringBuilder("  ");
      for (int i = 0; i < widths.length; i++) {
        String space = " ".repeat(widths[i] - row.get(i).length());
        line.append(i == 0 ? row.get(i) + space : "   " + space + row.get(i));
      }
      text.append(line.toString().stripTrailing()).append('\n');
    }
    return text.toString();
  }
}

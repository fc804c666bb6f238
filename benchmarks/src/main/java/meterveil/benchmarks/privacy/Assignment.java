package meterveil.benchmarks.privacy;

import java.util.Arrays;

/// The cheapest one-to-one assignment (the Hungarian method with potentials, Kuhn 1955, Munkres
/// 1957; in time of the third power).
final class Assignment {

  private Assignment() {}

  /// @param cost square, by row and column
  /// @return each row's column
  static int[] cheapest(double[][] cost) {
    int size = cost.length;
    var rowPotential = new double[size + 1];
    var columnPotential = new double[size + 1];
    var rowOf = new int[size + 1]; // of each column, from 1; 0 for none
    var before = new int[size + 1];
    for (int row = 1; row <= size; row++) {
      rowOf[0] = row;
      var least = new double[size + 1];
      Arrays.fill(least, Double.POSITIVE_INFINITY);
      var done = new boolean[size + 1];
      int column = 0;
      do {
        done[column] = true;
        int current = rowOf[column];
        double delta = Double.POSITIVE_INFINITY;
        int next = 0;
        for (int j = 1; j <= size; j++) {
          if (!done[j]) {
            double reduced = cost[current - 1][j - 1] - rowPotential[current] - columnPotential[j];
            if (reduced < least[j]) {
              least[j] = reduced;
              before[j] = column;
            }
            if (least[j] < delta) {
              delta = least[j];
              next = j;
            }
          }
        }
        for (int j = 0; j <= size; j++) {
          if (done[j]) {
            rowPotential[rowOf[j]] += delta;
            columnPotential[j] -= delta;
          } else {
            least[j] -= delta;
          }
        }
        column = next;
      } while (rowOf[column] != 0);
      while (column != 0) {
        int previous = before[column];
        rowOf[column] = rowOf[previous];
        column = previous;
      }
    }
    var columns = new int[size];
    for (int j = 1; j <= size; j++) {
      columns[rowOf[j] - 1] = j - 1;
    }
    return columns;
  }
}

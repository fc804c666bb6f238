package meterveil.benchmarks.privacy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

final class AssignmentTest {

  @Property(tries = 300)
  void findsTheCheapestOfAllAssignments(
      @ForAll @Size(16) int @Size(16) [] numbers, @ForAll @IntRange(min = 1, max = 4) int size) {
    var cost = new double[size][size];
    for (int i = 0; i < size; i++) {
      for (int j = 0; j < size; j++) {
        cost[i][j] = numbers[i * size + j] % 1_000;
      }
    }
    int[] columns = Assignment.cheapest(cost);
    assertThat(columns).hasSize(size).doesNotHaveDuplicates();
    double sum = 0;
    for (int i = 0; i < size; i++) {
      sum += cost[i][columns[i]];
    }
    assertThat(sum).isEqualTo(cheapestOfAll(cost, 0, new boolean[size]));
  }

  private static double cheapestOfAll(double[][] cost, int row, boolean[] taken) {
    if (row == cost.length) {
      return 0;
    }
    double best = Double.POSITIVE_INFINITY;
    for (int column = 0; column < cost.length; column++) {
      if (!taken[column]) {
        boolean[] more = Arrays.copyOf(taken, taken.length);
        more[column] = true;
        best = Math.min(best, cost[row][column] + cheapestOfAll(cost, row + 1, more));
      }
    }
    return best;
  }
}

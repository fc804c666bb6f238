package meterveil.benchmarks.privacy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.nio.file.Path;
import java.util.SplittableRandom;
import meterveil.benchmarks.Goal;
import meterveil.benchmarks.MainLineRuns;
import org.junit.jupiter.api.Test;

/// The part is held to all that it should be, whatever it comes to.
final class PrivacyTest {

  private static final int HOMES = 10;
  private static final int WEEKS = 12;

  @Test
  void hasAGoalForEachAttackAndUse() {
    var homes = homes();
    var store = Resampled.decided(homes, 50, 1);
    var summary = JsonNodeFactory.instance.objectNode().put("canaryHits", 0);
    var ran = new Resampled.Ran(store, new MainLineRuns.Run(Path.of("any"), summary), Homes.HOURS);
    var told = new OpenItems.Told(0, 0, 0, 0, 0, 0, 1);

    assertThat(Privacy.outcomes(homes, ran, new Copied(15, 1, 0, 1), told))
        .flatExtracting(outcome -> outcome.goals())
        .extracting(Goal::goal)
        .containsExactly(
            "R1: the fewest meters of an item that the run has left",
            "R1: tokens in more than one item of the run's open days",
            "R1: tokens of meters that are in more than one item, of two days and lengths",
            "R2: a known home's cohort found in the run's store, upper bound",
            "R3: what its cell in the run's store adds to guessing at a home",
            "R2: a known home's cohort of 50 found, upper bound",
            "R3: what its cell adds to guessing at a home",
            "R4: traces of a meter in any store",
            "R5: released cells that overlap or differ by 1 to 14 meters",
            "use: error of an hour's cell",
            "use: energy released after merging",
            "hours of the store that are as decided in memory",
            "open items: any bit of what a masked number hides, above guessing",
            "open items: an hour's energy from its masked number, above guessing",
            "open items: the higher of two meters' buckets, above guessing",
            "open items: equal buckets of two meters, hours or cohorts, above guessing",
            "open items: pairs of masked numbers that have a mask in common",
            "use: error of an hour's cell of four cohorts",
            "use: energy released of four cohorts");
  }

  private static Homes homes() {
    var random = new SplittableRandom(1);
    var energyWh = new int[HOMES][WEEKS][Homes.HOURS];
    for (int[][] weeks : energyWh) {
      for (int[] week : weeks) {
        for (int hour = 0; hour < Homes.HOURS; hour++) {
          week[hour] = random.nextInt(600);
        }
      }
    }
    return new Homes(energyWh);
  }
}

package meterveil.benchmarks.privacy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/// The attacks find what is there to be found, and nothing where there is nothing.
final class AttackTest {

  private static final int WEEKS = 6;
  private static final int HOMES = 20;

  @Test
  @DisplayName(
      "T5 the linking attack finds homes that have habits, and only guesses where none have")
  void linksHomesByTheirHabits() {
    Linking.Found habits = Linking.link(homes(1), 2, 1);
    assertThat(habits.nearest()).isGreaterThan(0.9);
    assertThat(habits.assigned()).isGreaterThanOrEqualTo(habits.nearest() - 0.02);
    Linking.Found none = Linking.link(homes(0), 4, 1);
    assertThat(none.nearest()).isCloseTo(none.guessing(), within(0.1));
  }

  @Test
  void tellsNothingByAnAreaOfOneHalf() {
    var perfect = new Auc();
    var useless = new Auc();
    for (int i = 0; i < 10; i++) {
      perfect.add(i, i >= 5);
      useless.add(1, i >= 5);
    }
    assertThat(perfect.value()).isEqualTo(1);
    assertThat(useless.value()).isEqualTo(0.5);
    var mixed = new Auc();
    mixed.add(1, false);
    mixed.add(2, true);
    mixed.add(3, false);
    mixed.add(4, true);
    assertThat(mixed.value()).isEqualTo(0.75);
  }

  @Test
  void releasesMoreOfLargerCohorts() {
    Homes homes = homes(1);
    var small = Sensitivity.of(homes, 1.25, 3_000, 15, 1);
    var large = Sensitivity.of(homes, 1.25, 3_000, 50, 1);
    assertThat(large.own()).isGreaterThan(small.own());
    assertThat(large.released()).isBetween(0.9, 1.01);
    assertThat(large.error()).isLessThan(0.05);
  }

  /// @param habit how much of an hour is the home's own; the rest is chance
  private static Homes homes(double habit) {
    var random = new SplittableRandom(1);
    var energyWh = new int[HOMES][WEEKS][Homes.HOURS];
    for (int home = 0; home < HOMES; home++) {
      var usual = new double[24];
      for (int hour = 0; hour < 24; hour++) {
        usual[hour] = random.nextDouble(2) - 1;
      }
      for (int[] week : energyWh[home]) {
        for (int hour = 0; hour < Homes.HOURS; hour++) {
          week[hour] =
              (int) (300 * Math.exp(habit * usual[hour % 24] + 0.5 * random.nextGaussian()));
        }
      }
    }
    return new Homes(energyWh);
  }
}

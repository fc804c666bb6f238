package meterveil.benchmarks.privacy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import meterveil.benchmarks.privacy.Resampled.Released;
import meterveil.benchmarks.privacy.Sensitivity.Bound;
import meterveil.benchmarks.privacy.Sensitivity.Choice;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/// The attacks find what is there to be found, and nothing where there is nothing.
final class AttackTest {

  private static final int WEEKS = 6;
  private static final int HOMES = 20;

  /// So much that a kilowatt-hour, to which cells are rounded, is less than what a home uses.
  private static final int LARGE_WH = 1_000;

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
  @DisplayName("T5 a home's cohort is found where cohorts are small, and guessed without habits")
  void findsTheCohortOfAHomeByItsHabits() {
    Attacks.Times habits = timesGuessing(told(homes(1, LARGE_WH), 2, 1));
    assertThat(habits.low()).isGreaterThan(25); // of 50
    assertThat(habits.mean()).isBetween(habits.low(), habits.high());
  }

  @Test
  @DisplayName("T5 a home's cohort is only guessed where homes have no habits")
  void guessesTheCohortOfAHomeWithoutHabits() {
    Homes homes = homes(0, LARGE_WH);
    List<Resampled> deals =
        IntStream.range(0, 20).mapToObj(seed -> Resampled.decided(homes, 20, seed)).toList();
    Attacks.Times none = Attacks.timesGuessing(deals, List.of(new Filter(homes, 0.7)));
    assertThat(none.mean()).isCloseTo(1, within(0.3));
  }

  private static Attacks.Times timesGuessing(Resampled run) {
    return Attacks.timesGuessing(List.of(run), List.of(new Filter(run.homes(), 0.7)));
  }

  @Test
  void prefersTheFilterThatFindsMore() {
    Resampled run = told(homes(1, LARGE_WH), 2, 1);
    var other = new Filter(homes(0, LARGE_WH), 1);
    var better = new Filter(run.homes(), 1);
    assertThat(Attacks.timesGuessing(List.of(run), List.of(other, better)))
        .isEqualTo(Attacks.timesGuessing(List.of(run), List.of(better)))
        .isNotEqualTo(Attacks.timesGuessing(List.of(run), List.of(other)));
  }

  @Test
  @DisplayName("T5 a cell of few homes tells whether one is above its usual, one of more less")
  void tellsOfAHomeByASmallCell() {
    Homes homes = homes(0, LARGE_WH);
    assertThat(gain(told(homes, 2, 1)).added()).isGreaterThan(0.25);
    assertThat(gain(told(homes, 10, 1)).added()).isBetween(0.1, 0.2);
  }

  @Test
  @DisplayName("T5 a cell tells more to whoever knows which of its homes swing")
  void tellsMoreOfTheHomesThatSwing() {
    var energyWh = new int[HOMES][WEEKS][];
    Homes swinging = homes(0, LARGE_WH);
    for (int home = 0; home < HOMES; home++) {
      for (int week = 0; week < WEEKS; week++) {
        int[] hours = swinging.week(home, week);
        energyWh[home][week] =
            home % 2 == 0
                ? hours
                : Arrays.stream(hours).map(wh -> LARGE_WH + wh % 10).toArray(); // hardly any
      }
    }
    assertThat(gain(told(new Homes(energyWh), 10, 1)).added()).isBetween(0.12, 0.15);
  }

  private static Attacks.Gain gain(Resampled run) {
    return Attacks.gain(run, Attacks.Usual.of(run.homes()));
  }

  @Test
  void takesAHomesShareOutOfACellOfSeveralCohorts() {
    Homes homes = homes(0.5, LARGE_WH);
    Attacks.Gain own = gain(told(homes, 10, 1));
    Attacks.Gain merged = gain(told(homes, 5, 2));
    assertThat(merged.own()).isCloseTo(own.own(), within(1e-6));
    assertThat(merged.without()).isCloseTo(own.without(), within(1e-6));
  }

  @Test
  @DisplayName("T5 released cells that overlap or differ by 1 to 14 meters are found")
  void findsCellsThatAreTooClose() {
    Homes homes = homes(1);
    var cohorts = new int[Resampled.meters(homes).size()];
    Arrays.fill(cohorts, 2);
    Arrays.fill(cohorts, 0, 10, 0); // of 10 meters
    Arrays.fill(cohorts, 10, 14, 1); // of 4
    assertThat(closePairs(homes, cohorts, List.of(0, 1), List.of(2))).isZero();
    assertThat(closePairs(homes, cohorts, List.of(0), List.of(1))).isEqualTo(Homes.HOURS);
    assertThat(closePairs(homes, cohorts, List.of(2), List.of(1, 2))).isEqualTo(Homes.HOURS);
    assertThat(closePairs(homes, cohorts, List.of(2), List.of(2))).isEqualTo(Homes.HOURS);
  }

  private static int closePairs(
      Homes homes, int[] cohorts, List<Integer> one, List<Integer> other) {
    List<Released> released = List.of(new Released(one, 100), new Released(other, 100));
    return Attacks.closePairs(
        new Resampled(
            homes, Resampled.meters(homes), cohorts, Collections.nCopies(Homes.HOURS, released)));
  }

  @Test
  @DisplayName("T5 cohorts of any size are released in cells that neither overlap nor come close")
  void releasesNoCloseCellsOfCohortsOfAnySize() {
    int small = 0;
    int cells = 0;
    for (int seed = 0; seed < 10; seed++) {
      Resampled run = Resampled.ofAnySize(homes(1), seed);
      assertThat(Attacks.closePairs(run)).isZero();
      for (int cohort = 0; cohort < run.cohortCount(); cohort++) {
        small += run.members(cohort) < 15 ? 1 : 0;
      }
      cells += run.released(0).size();
    }
    assertThat(small).isGreaterThan(10);
    assertThat(cells).isGreaterThan(10);
  }

  /// A store that tells what the rule would not: every cell, however few meters are in it.
  private static Resampled told(Homes homes, int cohortSize, int cohortsInACell) {
    List<Resampled.HomeWeek> meters = new ArrayList<>(Resampled.meters(homes));
    Collections.shuffle(meters, new Random(1));
    int[] cohorts = IntStream.range(0, meters.size()).map(meter -> meter / cohortSize).toArray();
    int cellSize = cohortSize * cohortsInACell;
    var released = new ArrayList<List<Released>>();
    for (int hour = 0; hour < Homes.HOURS; hour++) {
      var cells = new ArrayList<Released>();
      for (int from = 0; from < meters.size(); from += cellSize) {
        double kWh = 0;
        for (Resampled.HomeWeek meter : meters.subList(from, from + cellSize)) {
          kWh += Resampled.countedKWh(homes.week(meter.home(), meter.week())[hour]);
        }
        int first = from / cohortSize;
        cells.add(
            new Released(
                IntStream.range(first, first + cohortsInACell).boxed().toList(), Math.round(kWh)));
      }
      released.add(cells);
    }
    return new Resampled(homes, meters, cohorts, released);
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
    var small = Sensitivity.of(homes, new Choice(Bound.AS_BUILT, 3_000, 15, 8), 1);
    var large = Sensitivity.of(homes, new Choice(Bound.AS_BUILT, 3_000, 50, 8), 1);
    var few = Sensitivity.of(homes, new Choice(Bound.AS_BUILT, 3_000, 15, 2), 1);
    assertThat(few.released()).as("with fewer to be merged with").isLessThan(small.released());
    assertThat(large.own()).isGreaterThan(small.own());
    assertThat(large.released()).isBetween(0.9, 1.01);
    assertThat(large.error()).isLessThan(0.05);
  }

  private static Homes homes(double habit) {
    return homes(habit, 300);
  }

  /// @param habit how much of an hour is the home's own; the rest is chance
  /// @param usualWh of an hour
  private static Homes homes(double habit, int usualWh) {
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
              (int) (usualWh * Math.exp(habit * usual[hour % 24] + 0.5 * random.nextGaussian()));
        }
      }
    }
    return new Homes(energyWh);
  }
}

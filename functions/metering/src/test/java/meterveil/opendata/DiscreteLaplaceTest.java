package meterveil.opendata;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.HashMap;
import java.util.SplittableRandom;
import meterveil.energy.WattHours;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DiscreteLaplaceTest {

  private static final int DRAWS = 200_000;

  /// Pearson's chi-square against the exact chances, `(1-q)/(1+q) · q^|x|` with `q =
  /// exp(-1/scale)`. With `cells - 1` degrees of freedom it comes to as many on average with a
  /// deviation of the root of twice that; five deviations are not passed by chance.
  ///
  /// @param scale small, and those of a home's day, of a shop's, and the largest there may be
  /// @param width numbers of a cell
  @ParameterizedTest
  @CsvSource({"1,1", "2,1", "7,1", "40,1", "30000,500", "100000,2000", "2147483648,33554432"})
  void drawsEachNumberAsOftenAsItsChanceSays(long scale, long width) {
    var random = new SplittableRandom(scale);
    var noise = new DiscreteLaplace(scale);
    var counts = new HashMap<Long, Integer>();
    for (int i = 0; i < DRAWS; i++) {
      counts.merge(Math.floorDiv(noise.draw(random), width), 1, Integer::sum);
    }
    double chiSquare = 0;
    double expectedOfRest = DRAWS;
    int countOfRest = DRAWS;
    int cells = 1;
    long reach = 4 * scale / width;
    for (long cell = -reach; cell <= reach; cell++) {
      double expected = DRAWS * (below((cell + 1) * width, scale) - below(cell * width, scale));
      int count = counts.getOrDefault(cell, 0);
      chiSquare += (count - expected) * (count - expected) / expected;
      expectedOfRest -= expected;
      countOfRest -= count;
      cells++;
    }
    chiSquare += (countOfRest - expectedOfRest) * (countOfRest - expectedOfRest) / expectedOfRest;
    assertThat(chiSquare).isLessThan(cells - 1 + 5 * Math.sqrt(2.0 * (cells - 1)));
  }

  /// The chance of a number below `x`: the sum of the chances.
  private static double below(long x, long scale) {
    double q = Math.exp(-1.0 / scale);
    double tail = Math.exp(-(double) Math.abs(x) / scale) / (1 + q);
    return x > 0 ? 1 - tail : q * tail;
  }

  @Test
  void neverTellsANegativeTotalAndPaysForItNearZero() {
    var random = new SplittableRandom(3);
    var large = new DailyTotal(200, new WattHours(1_000_000), new WattHours(10_000));
    var none = new DailyTotal(200, WattHours.ZERO, new WattHours(10_000));
    double sumOfLarge = 0;
    double sumOfNone = 0;
    int zeros = 0;
    int draws = 20_000;
    for (int i = 0; i < draws; i++) {
      sumOfLarge += large.withNoise(random).orElseThrow();
      long told = none.withNoise(random).orElseThrow();
      assertThat(told).isNotNegative();
      zeros += told == 0 ? 1 : 0;
      sumOfNone += told;
    }
    assertThat(sumOfLarge / draws).isCloseTo(1_000_000, within(500.0));
    // Half of the noise is cut away; the other half has a mean of the scale.
    assertThat((double) zeros / draws).isCloseTo(0.5, within(0.02));
    assertThat(sumOfNone / draws).isCloseTo(5_000, within(200.0));
  }

  @Test
  @DisplayName("T5 a day in blocks takes the noise of all that a meter may add in any of them")
  void takesTheNoiseOfAllBlocksTogether() {
    var ofHomes = new DailyTotal(90, new WattHours(50_000), new WattHours(2_500));
    var ofShops = new DailyTotal(20, new WattHours(40_000), new WattHours(10_000));
    var hour = ofHomes.withOtherMeters(ofShops);
    var next = new DailyTotal(104, new WattHours(1_000), new WattHours(10_000));

    assertThat(hour).isEqualTo(new DailyTotal(110, new WattHours(90_000), new WattHours(10_000)));
    assertThat(hour.withLaterBlock(next))
        .isEqualTo(new DailyTotal(110, new WattHours(91_000), new WattHours(20_000)));
    assertThat(hour.withLaterBlock(next).noise()).isEqualTo(new DiscreteLaplace(20_000));
  }

  @Test
  void refusesScalesAndTotalsThatCannotBe() {
    assertThatIllegalArgumentException().isThrownBy(() -> new DiscreteLaplace(0));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new DiscreteLaplace(DiscreteLaplace.SCALE_MAX + 1));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new DailyTotal(100, WattHours.ZERO, WattHours.ZERO));
  }
}

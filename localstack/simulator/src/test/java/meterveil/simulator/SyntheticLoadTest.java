package meterveil.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.LocalDate;
import java.util.Arrays;
import java.util.stream.IntStream;
import meterveil.block.Block;
import meterveil.block.BlockLength;
import meterveil.energy.Commodity;
import org.junit.jupiter.api.Test;

class SyntheticLoadTest {

  private static final LocalDate MONDAY = LocalDate.of(2024, 1, 8);

  @Test
  void isTheSameForTheSameSeed() {
    var once = SyntheticLoad.of(7, 20, MONDAY, 3);
    var again = SyntheticLoad.of(7, 20, MONDAY, 3);

    assertThat(again.things()).isEqualTo(once.things());
    assertThat(again.total()).isEqualTo(once.total());
    assertThat(again.measuredHours()).isEqualTo(once.measuredHours());
  }

  @Test
  void hasOtherHomesForAnotherSeed() {
    var other = SyntheticLoad.of(8, 20, MONDAY, 3);

    assertThat(other.things())
        .doesNotContainAnyElementsOf(SyntheticLoad.of(7, 20, MONDAY, 3).things());
    assertThat(other.total()).isNotEqualTo(SyntheticLoad.of(7, 20, MONDAY, 3).total());
  }

  @Test
  void coversWholeUtcDays() {
    var homes = SyntheticLoad.of(1, 200, MONDAY, 7);

    assertThat(homes.things()).hasSize(200).doesNotHaveDuplicates();
    assertThat(homes.start()).isEqualTo("2024-01-08T00:00:00Z");
    assertThat(homes.end()).isEqualTo("2024-01-15T00:00:00Z");
    assertThat(homes.blocks(BlockLength.DAY)).isEqualTo(7);
    assertThat(homes.blocks(BlockLength.HOUR)).isEqualTo(168);
  }

  @Test
  void looksLikeHomes() {
    var homes = SyntheticLoad.of(1, 200, MONDAY, 7);
    int[] allWh =
        homes.profiles().values().stream()
            .flatMapToInt(p -> hours(p, 7))
            .filter(wh -> wh != LoadProfile.NOT_MEASURED)
            .toArray();

    double meanWh = Arrays.stream(allWh).average().orElseThrow();
    long aboveClip = Arrays.stream(allWh).filter(wh -> wh > 3_000).count();

    assertThat(meanWh).isBetween(200.0, 600.0);
    assertThat(Arrays.stream(allWh)).allMatch(wh -> wh < Commodity.ELECTRICITY.cap().value());
    assertThat((double) aboveClip / allWh.length).isBetween(0.001, 0.02);
    assertThat(200 * 168 - allWh.length).as("hours not measured").isBetween(10, 200);
    assertThat(meanAtUtcHour(homes, 18)).isGreaterThan(2 * meanAtUtcHour(homes, 2));
  }

  @Test
  void needsAMeterAndADay() {
    assertThatIllegalArgumentException().isThrownBy(() -> SyntheticLoad.of(1, 0, MONDAY, 1));
    assertThatIllegalArgumentException().isThrownBy(() -> SyntheticLoad.of(1, 1, MONDAY, 0));
  }

  private static double meanAtUtcHour(Measurements homes, int hour) {
    return homes.profiles().values().stream()
        .mapToInt(p -> p.energyWh(p.start().plusSeconds(hour * 3600L)))
        .filter(wh -> wh != LoadProfile.NOT_MEASURED)
        .average()
        .orElseThrow();
  }

  private static IntStream hours(LoadProfile profile, int days) {
    var first = new Block(profile.start(), BlockLength.DAY);
    return IntStream.range(0, days)
        .boxed()
        .flatMapToInt(day ->
            Arrays.stream(
                profile.energyWh(
                    new Block(first.start().plusSeconds(day * 86_400L), BlockLength.DAY))));
  }
}

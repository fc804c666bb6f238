package meterveil.infrastructure;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The arithmetic of `docs/architecture.md`.
class LoadTest {

  @Test
  void isWhatTheArchitectureSaysOfAMillionMeters() {
    var load = new Load(1_000_000);

    assertThat(load.reportsPerSecond()).isEqualTo(3_334);
    assertThat(load.deliveriesPerSecond()).isEqualTo(6_667);
    assertThat(load.connectsPerSecond()).isEqualTo(500);
    assertThat(load.collectAtOnce()).isEqualTo(334);
    assertThat(load.resendAtOnce()).isEqualTo(67);
    assertThat(load.statusAtOnce()).isEqualTo(25);
    assertThat(load.releaseAtOnce()).isEqualTo(2);
    assertThat(load.provisionedPerSecond()).isEqualTo(2);
    assertThat(load.presenceAtOnce()).isEqualTo(50);
    assertThat(load.plannedPerSecond()).isEqualTo(60);
  }

  @Test
  void givesTheSmallestStageSomeOfEach() {
    var load = new Load(1);

    assertThat(load.collectAtOnce()).isEqualTo(10);
    assertThat(load.resendAtOnce()).isEqualTo(5);
    assertThat(load.statusAtOnce()).isEqualTo(5);
    assertThat(load.releaseAtOnce()).isEqualTo(2);
  }

  /// What is reserved must leave the 100 that Lambda wants unreserved, of the 1,000 it gives.
  @ParameterizedTest
  @ValueSource(ints = {1, 10_000, 100_000, StageSettings.METERS_MAX})
  void fitsIntoLambdasDefault(int meters) {
    var load = new Load(meters);

    assertThat(load.instances()).isLessThanOrEqualTo(1_000);
  }
}

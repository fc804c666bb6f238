package meterveil.energy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class WattHoursTest {

  @Test
  void addsUpWithoutWrappingRound() {
    assertThat(new WattHours(2).plus(new WattHours(3))).isEqualTo(new WattHours(5));
    assertThatExceptionOfType(ArithmeticException.class)
        .isThrownBy(() -> new WattHours(Long.MAX_VALUE).plus(new WattHours(1)));
  }

  @Test
  void isNeverNegative() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new WattHours(-1))
        .withMessage("negative energy");
  }

  @Test
  void isLimited() {
    assertThat(new WattHours(2_501).atMost(new WattHours(2_500))).isEqualTo(new WattHours(2_500));
    assertThat(new WattHours(2_499).atMost(new WattHours(2_500))).isEqualTo(new WattHours(2_499));
  }
}

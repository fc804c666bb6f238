package meterveil.benchmarks.price;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.time.LocalDate;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class PriceListTest {

  @Test
  void hasADateAndPricesOfOneUnit() throws IOException {
    PriceList prices = PriceList.read();
    assertThat(LocalDate.parse(prices.dated())).isAfter("2026-01-01");
    assertThat(prices.of("dynamoDbWriteUnit")).isCloseTo(0.625e-6, within(1e-12));
    assertThat(prices.usd())
        .hasSizeGreaterThan(10)
        .allSatisfy((_, usd) -> assertThat(usd).isPositive());
    assertThatIllegalArgumentException().isThrownBy(() -> prices.of("love"));
  }

  @Test
  void addsUpWhatIsUsed() throws IOException {
    PriceList prices = PriceList.read();
    Use use = new Use.Sum().add("iotMessage", 1).add("iotMessage", 1).add("kmsRequest", 1).done();
    assertThat(use.units()).isEqualTo(Map.of("iotMessage", 2.0, "kmsRequest", 1.0));
    assertThat(use.times(1e6).usd(prices)).isCloseTo(2 + 3, within(1e-9));
    assertThat(use.times(1e6).usd(prices, "iot")).isCloseTo(2, within(1e-9));
    assertThat(use.plus(use)).isEqualTo(use.times(2));
  }
}

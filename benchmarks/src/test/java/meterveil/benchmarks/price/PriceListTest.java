package meterveil.benchmarks.price;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class PriceListTest {

  @Test
  void saysOfEachPriceWhereAndWhenItWasSeen() throws IOException {
    PriceList prices = PriceList.read();
    assertThat(prices.of("dynamoDbWriteUnit")).isCloseTo(0.625e-6, within(1e-12));
    assertThat(prices.prices())
        .hasSizeGreaterThan(10)
        .allSatisfy((_, line) -> {
          assertThat(line.usd()).isPositive();
          assertThat(line.unit()).isNotBlank();
          assertThat(line.source()).hasScheme("https").hasHost("aws.amazon.com");
          assertThat(line.source().getPath()).endsWith("/").contains("/pricing/");
          assertThat(line.section()).isNotBlank();
          assertThat(line.seen()).isBetween("2026-01-01", "2030-01-01");
        });
    assertThat(prices.dated()).isEqualTo("2026-11-21");
    assertThat(prices.json()).hasSameSizeAs(prices.prices());
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

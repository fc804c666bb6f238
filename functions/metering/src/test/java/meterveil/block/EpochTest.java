package meterveil.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

class EpochTest {

  @Property
  void everyInstantLiesInOneEpoch(@ForAll @LongRange(max = 32_503_680_000_000L) long millis) {
    Instant instant = Instant.ofEpochMilli(millis);

    Epoch epoch = Epoch.containing(instant);

    assertThat(instant).isBetween(epoch.start(), epoch.end()).isNotEqualTo(epoch.end());
  }

  @Property
  void epochsFollowEachOtherEveryThirtyDays(@ForAll @IntRange(max = 99_998) int number) {
    var epoch = new Epoch(number);

    assertThat(epoch.next().start()).isEqualTo(epoch.end());
    assertThat(Duration.between(epoch.start(), epoch.end())).isEqualTo(Duration.ofDays(30));
    assertThat(Epoch.containing(epoch.start())).isEqualTo(epoch);
    assertThat(Epoch.containing(epoch.end().minusNanos(1))).isEqualTo(epoch);
    assertThat(Epoch.containing(epoch.end())).isEqualTo(epoch.next());
  }

  @Test
  void isTheDaysSince1970ByThirty() {
    assertThat(Epoch.of(LocalDate.parse("1970-01-01"))).isEqualTo(new Epoch(0));
    assertThat(Epoch.of(LocalDate.parse("2012-12-15"))).isEqualTo(new Epoch(522));
    assertThat(Epoch.of(LocalDate.parse("2012-12-16"))).isEqualTo(new Epoch(523));
    assertThat(Epoch.of(LocalDate.parse("2013-01-14"))).isEqualTo(new Epoch(523));
    assertThat(new Epoch(523).end()).isEqualTo(Instant.parse("2013-01-15T00:00:00Z"));
  }

  @Test
  void hasAtMostFiveDigits() {
    assertThatIllegalArgumentException().isThrownBy(() -> new Epoch(-1));
    assertThatIllegalArgumentException().isThrownBy(() -> new Epoch(100_000));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Epoch.containing(Instant.parse("1969-12-31T23:59:59Z")));
  }
}

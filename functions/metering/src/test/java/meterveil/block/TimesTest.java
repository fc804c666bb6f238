package meterveil.block;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

class TimesTest {

  private static final Block BLOCK =
      new Block(Instant.parse("2013-01-01T18:00:00Z"), BlockLength.QUARTER_DAY);
  private static final LocalDate DAY = LocalDate.parse("2013-01-01");
  private static final Instant END = Instant.parse("2013-01-02T00:00:00Z");

  @Test
  void acceptsABlockFromItsEndForSeventyTwoHours() {
    assertThat(Times.accepts(BLOCK, END.minusNanos(1))).isFalse();
    assertThat(Times.accepts(BLOCK, END)).isTrue();
    assertThat(Times.accepts(BLOCK, END.plus(Duration.ofHours(72)))).isTrue();
    assertThat(Times.accepts(BLOCK, END.plus(Duration.ofHours(72)).plusNanos(1))).isFalse();
  }

  @Test
  void releasesABlockADayAfterItsEnd() {
    assertThat(Times.isReleased(BLOCK, END.plus(Duration.ofHours(24)).minusNanos(1))).isFalse();
    assertThat(Times.isReleased(BLOCK, END.plus(Duration.ofHours(24)))).isTrue();
  }

  @Test
  void expectsABlockFrozenFiveMinutesEarlier() {
    Instant first = END.plus(Duration.ofHours(24)).minus(Duration.ofMinutes(5));

    assertThat(Times.mayBeFrozen(BLOCK, first.minusNanos(1))).isFalse();
    assertThat(Times.mayBeFrozen(BLOCK, first)).isTrue();
  }

  @Test
  void closesADayFourHoursAfterItsLastBlockCouldCome() {
    assertThat(Times.end(DAY)).isEqualTo(END);
    assertThat(Times.acceptsAnyOf(DAY, END.plus(Duration.ofHours(72)))).isTrue();
    assertThat(Times.acceptsAnyOf(DAY, END.plus(Duration.ofHours(72)).plusNanos(1))).isFalse();
    assertThat(Times.isClosed(DAY, END.plus(Duration.ofHours(76)).minusNanos(1))).isFalse();
    assertThat(Times.isClosed(DAY, END.plus(Duration.ofHours(76)))).isTrue();
  }

  /// The order without which something could be counted that is not released any more.
  @Property
  void nothingIsAcceptedOnceItsDayIsClosed(
      @ForAll @LongRange(max = 86_399) long secondOfDay,
      @ForAll BlockLength length,
      @ForAll @LongRange(min = -100_000, max = 500_000) long secondsAfterEnd) {
    Block block = Block.containing(END.minusSeconds(86_400).plusSeconds(secondOfDay), length);
    Instant now = END.plusSeconds(secondsAfterEnd);

    if (Times.accepts(block, now)) {
      assertThat(Times.isClosed(block.day(), now)).isFalse();
      assertThat(Times.acceptsAnyOf(block.day(), now)).isTrue();
    }
    if (Times.isReleased(block, now)) {
      assertThat(Times.mayBeFrozen(block, now)).isTrue();
    }
    if (Times.isClosed(block.day(), now)) {
      assertThat(Times.isReleased(block, now)).isTrue();
    }
  }
}

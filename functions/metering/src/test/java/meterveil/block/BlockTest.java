package meterveil.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.time.Instant;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

class BlockTest {

  /// Instants of the years 1970 to 2999, in milliseconds.
  private static final long MILLIS_MAX = 32_503_680_000_000L;

  @Property
  void everyInstantLiesInOneBlockOfEachLength(
      @ForAll @LongRange(max = MILLIS_MAX) long millis, @ForAll BlockLength length) {
    Instant instant = Instant.ofEpochMilli(millis);

    Block block = Block.containing(instant, length);

    assertThat(instant).isBetween(block.start(), block.end()).isNotEqualTo(block.end());
    assertThat(Block.containing(block.start(), length)).isEqualTo(block);
    assertThat(Block.containing(block.end(), length)).isEqualTo(block.next());
    assertThat(Block.containing(block.end().minusNanos(1), length)).isEqualTo(block);
  }

  @Property
  void blocksFollowEachOther(
      @ForAll @LongRange(max = MILLIS_MAX) long millis, @ForAll BlockLength length) {
    Block block = Block.containing(Instant.ofEpochMilli(millis), length);

    assertThat(block.next().start()).isEqualTo(block.end());
    assertThat(block.next().previous()).isEqualTo(block);
    assertThat(Duration.between(block.start(), block.end()))
        .isEqualTo(Duration.ofHours(length.hours()));
  }

  @Property
  void aBlockLiesInOneDayAndOneEpoch(
      @ForAll @LongRange(max = MILLIS_MAX) long millis, @ForAll BlockLength length) {
    Block block = Block.containing(Instant.ofEpochMilli(millis), length);

    assertThat(block.hours()).hasSize(length.hours()).startsWith(block.start());
    for (Instant hour : block.hours()) {
      Block ofHour = Block.containing(hour, BlockLength.HOUR);
      assertThat(ofHour.start()).isEqualTo(hour);
      assertThat(ofHour.day()).isEqualTo(block.day());
      assertThat(ofHour.epoch()).isEqualTo(block.epoch());
    }
    assertThat(block.end()).isBeforeOrEqualTo(Times.end(block.day()));
  }

  @Test
  void startsOnAMultipleOfItsLength() {
    Instant six = Instant.parse("2013-01-01T06:00:00Z");

    assertThat(new Block(six, BlockLength.QUARTER_DAY).end())
        .isEqualTo(Instant.parse("2013-01-01T12:00:00Z"));
    assertThatIllegalArgumentException().isThrownBy(() -> new Block(six, BlockLength.DAY));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Block(six.plusSeconds(1), BlockLength.HOUR));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Block(six.plusNanos(1), BlockLength.HOUR));
  }

  @Test
  void hasOneSixOrTwentyFourHours() {
    assertThat(BlockLength.ofHours(1)).isEqualTo(BlockLength.HOUR);
    assertThat(BlockLength.ofHours(6)).isEqualTo(BlockLength.QUARTER_DAY);
    assertThat(BlockLength.ofHours(24)).isEqualTo(BlockLength.DAY);
    assertThatIllegalArgumentException().isThrownBy(() -> BlockLength.ofHours(12));
  }
}

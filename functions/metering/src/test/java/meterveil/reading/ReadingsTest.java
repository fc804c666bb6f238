package meterveil.reading;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import meterveil.block.Block;
import meterveil.block.BlockLength;
import meterveil.block.Epoch;
import meterveil.cohort.Cohort;
import meterveil.cohort.CohortId;
import meterveil.cohort.DistrictId;
import meterveil.cohort.TariffClass;
import meterveil.energy.Commodity;
import meterveil.energy.WattHours;
import meterveil.reading.Readings.Judged;
import meterveil.tenant.TenantId;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ReadingsTest {

  private static final Instant START = Instant.parse("2013-01-01T00:00:00Z");
  private static final Instant END = Instant.parse("2013-01-02T00:00:00Z");
  private static final Cohort DAILY = cohort(BlockLength.DAY, Commodity.ELECTRICITY);
  private static final Cohort HOURLY = cohort(BlockLength.HOUR, Commodity.ELECTRICITY);

  @Test
  void findsABlockRight() {
    Readings readings = message(START, "[188, null, 60000%s]".formatted(", 0".repeat(21)));

    BlockReading block = only(readings.judge(DAILY, END));

    assertThat(block.block()).isEqualTo(new Block(START, BlockLength.DAY));
    assertThat(block.measuredHours()).isEqualTo(23);
    assertThat(block.energy(0)).isEqualTo(new WattHours(188));
    assertThat(block.isMeasured(1)).isFalse();
    assertThat(block.energy(2)).isEqualTo(new WattHours(60_000));
    assertThat(block.energy(3)).isEqualTo(WattHours.ZERO);
  }

  @Test
  void cutsTwoBlocksApart() {
    Judged judged = message(START, "[1, null]").judge(HOURLY, END);

    List<BlockReading> blocks = ((Judged.Right) judged).blocks();
    assertThat(blocks)
        .extracting(reading -> reading.block().start())
        .containsExactly(START, START.plus(Duration.ofHours(1)));
    assertThat(blocks.get(0).energy(0)).isEqualTo(new WattHours(1));
    assertThat(blocks.get(1).isMeasured(0)).isFalse();
  }

  @Test
  void refusesALengthThatIsNotTheCohorts() {
    assertThat(message(START, hours(24)).judge(HOURLY, END))
        .isEqualTo(refused(Refusal.WRONG_LENGTH));
    assertThat(message(START, hours(6)).judge(DAILY, END)).isEqualTo(refused(Refusal.WRONG_LENGTH));
    assertThat(message(START, hours(2)).judge(DAILY, END)).isEqualTo(refused(Refusal.WRONG_LENGTH));
  }

  @Test
  void refusesAnotherEpoch() {
    Instant before = DAILY.id().epoch().start().minus(Duration.ofDays(1));
    Instant after = DAILY.id().epoch().end();
    Instant now = after.plus(Duration.ofDays(1));

    assertThat(message(before, hours(24)).judge(DAILY, now))
        .isEqualTo(refused(Refusal.WRONG_EPOCH));
    assertThat(message(after, hours(24)).judge(DAILY, now)).isEqualTo(refused(Refusal.WRONG_EPOCH));
    assertThat(message(Instant.parse("2000-01-01T00:00:00Z"), hours(24)).judge(DAILY, now))
        .isEqualTo(refused(Refusal.WRONG_EPOCH));
    assertThat(message(Instant.parse("2999-12-31T00:00:00Z"), hours(48)).judge(DAILY, now))
        .isEqualTo(refused(Refusal.WRONG_EPOCH));
  }

  @Test
  void refusesTwoBlocksAcrossAnEpochsBoundary() {
    Instant lastDay = DAILY.id().epoch().end().minus(Duration.ofDays(1));
    Instant now = lastDay.plus(Duration.ofDays(2));

    assertThat(message(lastDay, hours(48)).judge(DAILY, now))
        .isEqualTo(refused(Refusal.WRONG_EPOCH));
    assertThat(message(lastDay, hours(24)).judge(DAILY, now)).isInstanceOf(Judged.Right.class);
    assertThat(message(lastDay.minus(Duration.ofDays(1)), hours(48)).judge(DAILY, now))
        .isInstanceOf(Judged.Right.class);
  }

  @Test
  void refusesABlockThatIsNotOver() {
    assertThat(message(START, hours(24)).judge(DAILY, END.minusNanos(1)))
        .isEqualTo(refused(Refusal.NOT_OVER));
    assertThat(message(START, hours(24)).judge(DAILY, END)).isInstanceOf(Judged.Right.class);
    assertThat(message(START, hours(24)).judge(DAILY, START.minus(Duration.ofDays(300))))
        .isEqualTo(refused(Refusal.NOT_OVER));
  }

  @Test
  void refusesTwoBlocksOfWhichTheSecondIsNotOver() {
    assertThat(message(START, hours(2)).judge(HOURLY, START.plus(Duration.ofMinutes(119))))
        .isEqualTo(refused(Refusal.NOT_OVER));
    assertThat(message(START, hours(2)).judge(HOURLY, START.plus(Duration.ofMinutes(120))))
        .isInstanceOf(Judged.Right.class);
  }

  @Test
  void acceptsForSeventyTwoHours() {
    Instant last = END.plus(Duration.ofHours(72));

    assertThat(message(START, hours(24)).judge(DAILY, last)).isInstanceOf(Judged.Right.class);
    assertThat(message(START, hours(24)).judge(DAILY, last.plusNanos(1)))
        .isEqualTo(refused(Refusal.TOO_LATE));
  }

  @Test
  void refusesTwoBlocksOfWhichTheFirstIsTooLate() {
    Instant last = START.plus(Duration.ofHours(73));

    assertThat(message(START, hours(2)).judge(HOURLY, last)).isInstanceOf(Judged.Right.class);
    assertThat(message(START, hours(2)).judge(HOURLY, last.plusSeconds(1)))
        .isEqualTo(refused(Refusal.TOO_LATE));
  }

  @ParameterizedTest
  @EnumSource
  void refusesWhatTheCommodityCannotBe(Commodity commodity) {
    Cohort cohort = cohort(BlockLength.HOUR, commodity);
    long capWh = commodity.cap().value();

    assertThat(message(START, "[%d]".formatted(capWh)).judge(cohort, END))
        .isInstanceOf(Judged.Right.class);
    if (commodity != Commodity.GAS) { // more than the highest cap the decoder refuses
      assertThat(message(START, "[0, %d]".formatted(capWh + 1)).judge(cohort, END))
          .isEqualTo(refused(Refusal.ABOVE_CAP));
    }
  }

  /// Whatever the block and the clock: right exactly from the block's end until 72 hours later.
  @Property
  void isRightForSeventyTwoHoursFromItsEnd(
      @ForAll @IntRange(max = 29) int day,
      @ForAll @LongRange(min = -100_000, max = 400_000) long secondsAfterEnd) {
    Epoch epoch = DAILY.id().epoch();
    Instant start = epoch.start().plus(Duration.ofDays(day));
    Instant now = start.plus(Duration.ofDays(1)).plusSeconds(secondsAfterEnd);

    assertThat(message(start, hours(24)).judge(DAILY, now) instanceof Judged.Right)
        .isEqualTo(secondsAfterEnd >= 0 && secondsAfterEnd <= 72 * 3600);
  }

  private static Judged refused(Refusal why) {
    return new Judged.Refused(why);
  }

  private static BlockReading only(Judged judged) {
    assertThat(judged).isInstanceOf(Judged.Right.class);
    assertThat(((Judged.Right) judged).blocks()).hasSize(1);
    return ((Judged.Right) judged).blocks().getFirst();
  }

  private static Readings message(Instant start, String energyWh) {
    byte[] json =
        "{\"start\": \"%s\", \"energyWh\": %s}".formatted(start, energyWh).getBytes(UTF_8);
    return ((ReadingsJson.Decoded.Accepted) ReadingsJson.decode(json)).readings();
  }

  private static String hours(int hours) {
    return "[5%s]".formatted(", 5".repeat(hours - 1));
  }

  private static Cohort cohort(BlockLength length, Commodity commodity) {
    return new Cohort(
        new TenantId("tenant-1"),
        CohortId.of(Epoch.containing(START), "north-1"),
        new DistrictId("north"),
        TariffClass.RESIDENTIAL,
        commodity,
        50,
        length);
  }
}

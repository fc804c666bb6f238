package meterveil.cell;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.math.BigInteger;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import meterveil.LocalDynamoDb;
import meterveil.block.Block;
import meterveil.block.BlockLength;
import meterveil.cell.OpenBlock.State;
import meterveil.cohort.Cohort;
import meterveil.cohort.CohortId;
import meterveil.cohort.DistrictId;
import meterveil.cohort.TariffClass;
import meterveil.energy.Buckets;
import meterveil.energy.Commodity;
import meterveil.energy.WattHours;
import meterveil.meter.ThingName;
import meterveil.reading.BlockReading;
import meterveil.tenant.TenantId;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ReturnConsumedCapacity;

@Tag("place")
class OpenBlockTableTest {

  private static final String TABLE = LocalDynamoDb.openBlocks("open-blocks");
  private static final Block DAY =
      new Block(Instant.parse("2013-01-01T00:00:00Z"), BlockLength.DAY);
  private static int cohorts;

  private final DayKey key = DayKeyTest.key(9);
  private final Cohort cohort = cohort(BlockLength.DAY);
  private final OpenBlockTable table = new OpenBlockTable(LocalDynamoDb.CLIENT, TABLE);

  private static Cohort cohort(BlockLength length) {
    return new Cohort(
        new TenantId("grid"),
        new CohortId("00523-north-re-" + ++cohorts),
        new DistrictId("north"),
        TariffClass.RESIDENTIAL,
        Commodity.ELECTRICITY,
        75,
        length);
  }

  private Contribution contribution(String thing, int... wh) {
    return contribution(thing, DAY, wh);
  }

  private Contribution contribution(String thing, Block block, int... wh) {
    var reading = new BlockReading(block, wh);
    return Contribution.of(key, cohort, key.token(new ThingName(thing), block), reading);
  }

  private static int[] flat(int wh) {
    var hours = new int[24];
    Arrays.fill(hours, wh);
    return hours;
  }

  private OpenBlock item() {
    return table.find(cohort, DAY).orElseThrow();
  }

  @Test
  void addsUpWhatMetersSendAndTellsTheLargest() {
    var random = new Random(1);
    var sums = new long[24];
    var counts = new int[24];
    var largest = new long[24];
    long clipped = 0;
    long forEveryone = 0;
    for (int meter = 0; meter < 60; meter++) {
      int[] wh = random.ints(24, -200, 4_000).map(v -> Math.max(v, -1)).toArray();
      assertThat(table.add(cohort, DAY, contribution("m" + meter, wh))).isTrue();
      long day = 0;
      for (int hour = 0; hour < 24; hour++) {
        if (wh[hour] >= 0) {
          long counted = Math.min(wh[hour], 3_000);
          day += counted;
          sums[hour] += counted;
          clipped += wh[hour] - counted;
          counts[hour]++;
          largest[hour] = Math.max(largest[hour], counted);
        }
      }
      forEveryone += Math.min(day, 30_000);
    }

    OpenBlock.Totals totals = item().totals(key);
    for (int hour = 0; hour < 24; hour++) {
      CellTotal cell = totals.hours().get(hour);
      assertThat(cell.energy()).isEqualTo(new WattHours(sums[hour]));
      assertThat(cell.count()).isEqualTo(counts[hour]);
      assertThat(cell.largest().value()).isBetween(largest[hour], largest[hour] * 20 / 17);
    }
    assertThat(totals.clipped()).isEqualTo(new WattHours(clipped));
    assertThat(totals.forEveryone()).isEqualTo(new WattHours(forEveryone));
    assertThat(totals.blocks()).isEqualTo(60);
    assertThat(item().missing()).isEqualTo(15);
  }

  @Test
  void countsAMeterAndBlockOnceWhateverItHolds() {
    assertThat(table.add(cohort, DAY, contribution("m", flat(100)))).isTrue();
    assertThat(table.add(cohort, DAY, contribution("m", flat(100)))).isFalse();
    assertThat(table.add(cohort, DAY, contribution("m", flat(2_000)))).isFalse();

    assertThat(item().totals(key).accepted()).isEqualTo(new WattHours(2_400));
  }

  @Test
  void takesLateBlocksAsOneTotalOnceTheHoursAreFrozen() {
    table.add(cohort, DAY, contribution("early", flat(100)));
    assertThat(table.addLate(cohort, DAY, contribution("late", flat(100)))).isFalse();
    assertThat(table.freeze(cohort, DAY).state()).isEqualTo(State.FROZEN);
    OpenBlock frozen = item();

    assertThat(table.add(cohort, DAY, contribution("late", flat(3_500)))).isFalse();
    assertThat(table.addLate(cohort, DAY, contribution("late", flat(3_500)))).isTrue();
    assertThat(table.addLate(cohort, DAY, contribution("late", flat(3_500)))).isFalse();
    assertThat(table.addLate(cohort, DAY, contribution("early", flat(100)))).isFalse();

    assertThat(item().hours()).isEqualTo(frozen.hours());
    OpenBlock.Totals totals = item().totals(key);
    assertThat(totals.late().energy()).isEqualTo(new WattHours(24 * 3_000));
    assertThat(totals.late().count()).isEqualTo(1);
    assertThat(totals.late().largest().value()).isEqualTo(72_000L);
    assertThat(totals.clipped()).isEqualTo(new WattHours(24 * 500));
    assertThat(totals.accepted()).isEqualTo(new WattHours(2_400 + 84_000));
    assertThat(totals.forEveryone()).isEqualTo(new WattHours(2_400 + 30_000));
    assertThat(totals.largestWhole().value()).isEqualTo(84_000L);
  }

  @Test
  void freezesWhatIsNotThereSoThatLatecomersChangeNoDecision() {
    assertThat(table.freeze(cohort, DAY).hours()).containsOnly(BigInteger.ZERO);

    assertThat(table.add(cohort, DAY, contribution("m", flat(100)))).isFalse();
    assertThat(table.addLate(cohort, DAY, contribution("m", flat(100)))).isTrue();
    assertThat(table.freeze(cohort, DAY)).isEqualTo(item());
  }

  @Test
  void takesNothingOnceClosedAndNothingIsLeftOnceEmptied() {
    table.add(cohort, DAY, contribution("m", flat(100)));
    table.freeze(cohort, DAY);
    OpenBlock closed = table.close(cohort, DAY);
    assertThat(closed.state()).isEqualTo(State.CLOSED);
    assertThat(table.close(cohort, DAY)).isEqualTo(closed);
    assertThat(table.add(cohort, DAY, contribution("n", flat(100)))).isFalse();
    assertThat(table.addLate(cohort, DAY, contribution("n", flat(100)))).isFalse();

    table.empty(cohort, DAY);
    assertThat(table.close(cohort, DAY).state()).isEqualTo(State.EMPTIED);
    assertThat(raw().keySet()).containsExactlyInAnyOrder("c", "b", "z", "e");
    assertThat(Instant.ofEpochSecond(Long.parseLong(Objects.requireNonNull(raw().get("e")).n())))
        .as("after the closing of the day")
        .isEqualTo(Instant.parse("2013-01-12T04:00:00Z"));
    assertThat(table.add(cohort, DAY, contribution("n", flat(100)))).isFalse();
    assertThat(table.addLate(cohort, DAY, contribution("n", flat(100)))).isFalse();
  }

  @Test
  @DisplayName("T2 what lies in the table shows no energy, even of a meter that is alone")
  void showsNoEnergyWithoutTheKey() {
    table.add(cohort, DAY, contribution("alone", flat(1_237)));

    assertThat(item().hours())
        .as("24 equal hours under 24 masks")
        .doesNotHaveDuplicates()
        .allMatch(hour -> hour.bitLength() <= Packed.BITS)
        .anyMatch(hour -> hour.bitLength() == Packed.BITS);
    assertThat(raw().keySet()).as("and no other attribute").hasSize(2 + 24 + 2 + 1);
    assertThatIllegalStateException().isThrownBy(() -> item().totals(DayKeyTest.key(8)));

    table.freeze(cohort, DAY);
    table.addLate(cohort, DAY, contribution("late", flat(1_237)));
    assertThat(List.of(item().clipped(), item().whole(), item().late()))
        .as("two masks, two masks, one mask")
        .allMatch(masked -> masked.bitLength() > Packed.BITS - 40)
        .doesNotHaveDuplicates();
  }

  @Test
  void masksTheSumOfAnHourThatWasNotMeasuredToo() {
    int[] wh = flat(-1);
    table.add(cohort, DAY, contribution("silent", wh));

    assertThat(item().hours().getFirst().bitLength()).isGreaterThan(40);
    assertThat(item().totals(key).hours()).containsOnly(CellTotal.EMPTY);
    assertThat(item().totals(key).blocks()).isEqualTo(1);
  }

  @Test
  void aDayOfSeventyFiveMetersStaysUnderTwoKilobytes() {
    var random = new Random(2);
    for (int meter = 0; meter < 75; meter++) {
      table.add(cohort, DAY, contribution("m" + meter, random.ints(24, 0, 3_000).toArray()));
    }
    var written =
        LocalDynamoDb.CLIENT.updateItem(update ->
            update
                .tableName(TABLE)
                .key(rawKey())
                .updateExpression("SET q = :q")
                .expressionAttributeValues(Map.of(":q", AttributeValue.fromN("1")))
                .returnConsumedCapacity(ReturnConsumedCapacity.TOTAL));
    assertThat(written.consumedCapacity().capacityUnits()).isLessThanOrEqualTo(2.0);
  }

  @Test
  void remembersThatACohortWasAsked() {
    table.markAsked(OpenBlock.absent(cohort, DAY), Instant.parse("2013-01-02T06:00:00Z"));
    assertThat(item().asked()).isTrue();
    assertThat(item().state()).isEqualTo(State.OPEN);
    assertThat(raw()).containsKey("e");

    assertThat(table.add(cohort, DAY, contribution("m", flat(100)))).isTrue();
    table.freeze(cohort, DAY);
    assertThat(raw()).as("an item with something in it does not expire").doesNotContainKey("e");
    assertThat(item().asked()).isTrue();
  }

  @Test
  void keepsBlocksOfAnHourToo() {
    var hourly = cohort(BlockLength.HOUR);
    var hour = new Block(Instant.parse("2013-01-01T17:00:00Z"), BlockLength.HOUR);
    IntStream.range(0, 20)
        .forEach(i -> {
          Token token = key.token(new ThingName("m" + i), hour);
          var reading = new BlockReading(hour, 100 + i);
          assertThat(table.add(hourly, hour, Contribution.of(key, hourly, token, reading)))
              .isTrue();
        });

    var buckets = Buckets.ofAnHour(hourly.clip());
    Optional<OpenBlock> item = table.find(hourly, hour);
    assertThat(item.orElseThrow().totals(key).hours())
        .containsExactly(
            new CellTotal(20, new WattHours(2_190), buckets.end(buckets.of(new WattHours(119)))));
  }

  private Map<String, AttributeValue> rawKey() {
    return Map.of(
        "c",
        AttributeValue.fromS("grid/" + cohort.id()),
        "b",
        AttributeValue.fromS("2013-01-01T00"));
  }

  private Map<String, AttributeValue> raw() {
    return LocalDynamoDb.CLIENT.getItem(get -> get.tableName(TABLE).key(rawKey())).item();
  }
}

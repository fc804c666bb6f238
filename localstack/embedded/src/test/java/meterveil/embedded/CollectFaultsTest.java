package meterveil.embedded;

import static meterveil.embedded.MainLine.flat;
import static meterveil.embedded.MainLine.member;
import static meterveil.embedded.MainLine.message;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import meterveil.block.Block;
import meterveil.block.BlockLength;
import meterveil.block.Epoch;
import meterveil.cohort.Cohort;
import meterveil.embedded.aws.Faults.Fault;
import meterveil.embedded.aws.Functions.Delivery;
import meterveil.energy.WattHours;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What goes wrong between a meter's message and its cohort's totals: nothing is lost, and nothing
/// counted twice.
@Tag("place")
class CollectFaultsTest {

  private static MainLine line;
  private static int districts;

  @BeforeAll
  static void start() throws Exception {
    line = MainLine.startingAt("2024-01-01T00:00:00Z");
  }

  @AfterAll
  static void stop() throws Exception {
    line.close();
  }

  private static Cohort cohort(Block block) {
    return line.cohort(Epoch.containing(block.start()), "d" + ++districts, 1, 50, block.length());
  }

  private static void assertCounted(Cohort cohort, Block block, int blocks, long wh) {
    var totals = line.totals(cohort, block);
    assertThat(totals.blocks()).isEqualTo(blocks);
    assertThat(totals.accepted()).isEqualTo(new WattHours(wh));
  }

  @Test
  void countsEveryMessageOnceThoughAllAreDeliveredTwice() throws Exception {
    Block day = line.nextDay();
    Cohort cohort = cohort(day);
    long duplicates = line.counted("Duplicates");
    line.report(cohort, day, 20, _ -> 100);
    line.report(cohort, day, 20, _ -> 100);
    line.quiet();

    assertCounted(cohort, day, 20, 20 * 24 * 100);
    assertThat(line.counted("Duplicates") - duplicates).isEqualTo(20);
  }

  @Test
  void losesNothingWhenTwoInstancesMakeTheKeyOfADayAtOnce() throws Exception {
    Block first = line.nextDay();
    try (var _ =
        line.platform
            .faults()
            .inject("Collect", "UpdateItem", new Fault.Before(() -> pause(200)))) {
      line.report(cohort(first), first, 20, _ -> 100); // so slow that a second instance comes up
      line.quiet();
    }

    Block day = line.nextDay();
    Cohort cohort = cohort(day);
    var both = new CountDownLatch(2);
    try (var met =
        line.platform
            .faults()
            .inject("Collect", "PutItem", n -> n <= 2, new Fault.Before(() -> meet(both)))) {
      line.report(cohort, day, 2, _ -> 100);
      line.quiet();
      assertThat(met.hits()).isEqualTo(2);
      assertThat(both.getCount()).isZero();
    }

    assertCounted(cohort, day, 2, 2 * 2_400);
  }

  /// Waits until both are here, if they come before the caller takes it for silence.
  private static void meet(CountDownLatch both) {
    both.countDown();
    try {
      boolean _ = both.await(1_500, TimeUnit.MILLISECONDS);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private static void pause(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void countsABlockOnceThoughDynamoDbDoesNotAnswer() throws Exception {
    Block day = line.nextDay();
    Cohort cohort = cohort(day);
    try (var silence =
        line.platform.faults().inject("Collect", "UpdateItem", n -> n <= 2, new Fault.Silence())) {
      line.arrive(cohort, member(cohort, 0), flat(day, 100));
      line.quiet();
      assertThat(silence.hits()).isEqualTo(2);
    }

    assertCounted(cohort, day, 1, 2_400);
  }

  @Test
  void keepsABlockAsItWasFirstSent() throws Exception {
    Block day = line.nextDay();
    Cohort cohort = cohort(day);
    line.arrive(cohort, member(cohort, 0), flat(day, 100));
    line.quiet();
    line.arrive(cohort, member(cohort, 0), flat(day, 999));
    line.quiet();

    assertCounted(cohort, day, 1, 2_400);
  }

  @Test
  void countsTheNewOneOfTwoBlocksOfWhichOneWasCounted() throws Exception {
    Block second = line.nextDay();
    Block first = second.previous();
    Cohort cohort = cohort(second);
    line.arrive(cohort, member(cohort, 0), flat(first, 100));
    line.quiet();
    line.arrive(
        cohort,
        member(cohort, 0),
        message(first.start(), IntStream.range(0, 48).map(i -> i < 24 ? 777 : 50).toArray()));
    line.quiet();

    assertCounted(cohort, first, 1, 2_400);
    assertCounted(cohort, second, 1, 1_200);
  }

  @Test
  void countsBothOfTwoBlocksThoughTheWriteOfOneFails() throws Exception {
    Block second = line.nextDay();
    Block first = second.previous();
    Cohort cohort = cohort(second);
    String wanted = first.start().toString().substring(0, 13);
    try (var fault =
        line.platform
            .faults()
            .inject(
                call -> call.operation().equals("UpdateItem") && call.body().contains(wanted),
                n -> n <= 8,
                new Fault.ServerError())) {
      line.arrive(
          cohort,
          member(cohort, 0),
          message(first.start(), IntStream.range(0, 48).map(i -> i < 24 ? 10 : 20).toArray()));
      line.quiet();
      assertThat(fault.hits()).isEqualTo(8);
    }

    assertCounted(cohort, first, 1, 240);
    assertCounted(cohort, second, 1, 480);
  }

  @Test
  void countsBothOfTwoBlocksThoughTheProcessDiesBetweenTheirWrites() throws Exception {
    Block second = line.nextDay();
    Block first = second.previous();
    Cohort cohort = cohort(second);
    try (var fault = line.dieAfter("Collect", "UpdateItem", 1)) {
      line.arrive(
          cohort,
          member(cohort, 0),
          message(first.start(), IntStream.range(0, 48).map(i -> i < 24 ? 10 : 20).toArray()));
      line.quiet();
      assertThat(fault.hits()).isEqualTo(1);
    }

    assertCounted(cohort, first, 1, 240);
    assertCounted(cohort, second, 1, 480);
  }

  @ParameterizedTest
  @CsvSource({"UpdateItem", "GetItem", "PutItem"})
  void survivesThrottling(String operation) throws Exception {
    Block day = line.nextDay();
    Cohort cohort = cohort(day);
    try (var fault =
        line.platform
            .faults()
            .inject("Collect", operation, n -> n % 2 == 1 && n < 40, new Fault.Throttled())) {
      line.report(cohort, day, 20, _ -> 100);
      line.quiet();
      assertThat(fault.hits()).isPositive();
    }

    assertCounted(cohort, day, 20, 20 * 24 * 100);
  }

  @Test
  void survivesWritesThatAreDoneAndNeverAnswered() throws Exception {
    Block day = line.nextDay();
    Cohort cohort = cohort(day);
    try (var fault =
        line.platform
            .faults()
            .inject("Collect", "UpdateItem", n -> n % 3 == 1 && n < 30, new Fault.AnswerLost())) {
      line.report(cohort, day, 20, _ -> 100);
      line.quiet();
      assertThat(fault.hits()).isPositive();
    }

    assertCounted(cohort, day, 20, 20 * 24 * 100);
  }

  @ParameterizedTest
  @CsvSource({"GenerateDataKey, 1", "PutItem, 1", "UpdateItem, 1", "UpdateItem, 5"})
  void survivesAProcessThatDiesAfterACall(String operation, int number) throws Exception {
    Block day = line.nextDay();
    Cohort cohort = cohort(day);
    try (var fault = line.dieAfter("Collect", operation, number)) {
      line.report(cohort, day, 10, _ -> 100);
      line.quiet();
      assertThat(fault.hits()).isEqualTo(1);
    }

    assertCounted(cohort, day, 10, 10 * 24 * 100);
  }

  @Test
  void survivesAProcessThatDiesWithTheMessageInItsHands() throws Exception {
    Block day = line.nextDay();
    Cohort cohort = cohort(day);
    line.platform
        .functions()
        .setFault("Collect", (n, _) -> n % 4 == 1 && n < 12 ? Delivery.CRASH : Delivery.DELIVER);
    line.report(cohort, day, 10, _ -> 100);
    line.quiet();
    line.platform.functions().clearFault("Collect");

    assertCounted(cohort, day, 10, 10 * 24 * 100);
  }

  @Test
  void countsBlocksInWhateverOrderTheyCome() throws Exception {
    Block third = line.nextDay();
    Block second = third.previous();
    Block first = second.previous();
    Cohort cohort = cohort(third);
    for (Block block : new Block[] {third, first, second}) {
      line.report(cohort, block, 5, _ -> 100);
    }
    line.quiet();

    // The first day ended 48 hours ago: its block was never frozen, as nobody had reported it.
    for (Block block : new Block[] {first, second, third}) {
      assertThat(line.totals(cohort, block).accepted()).isEqualTo(new WattHours(5 * 2_400));
    }
  }

  @Test
  void refusesTheFutureAndWhatEndedMoreThanThreeDaysAgo() throws Exception {
    Block day = line.nextDay();
    Cohort cohort = cohort(day);
    long future = line.counted("Refused", "NOT_OVER");
    long past = line.counted("Refused", "TOO_LATE");
    line.arrive(cohort, member(cohort, 0), flat(day.next(), 100));
    line.quiet();
    line.moveTo(day, Duration.ofHours(72).minusMinutes(1));
    line.arrive(cohort, member(cohort, 1), flat(day, 100));
    line.quiet();
    line.moveTo(day, Duration.ofHours(72).plusMinutes(1));
    line.arrive(cohort, member(cohort, 2), flat(day, 100));
    line.quiet();

    assertThat(line.counted("Refused", "NOT_OVER") - future).isEqualTo(1);
    assertThat(line.counted("Refused", "TOO_LATE") - past).isEqualTo(1);
    assertCounted(cohort, day, 1, 2_400);
  }

  @Test
  void takesBlocksOfTheOldEpochAfterEveryMeterChangedItsCohort() throws Exception {
    Block inOld = line.nextDay();
    Block last = new Block(inOld.epoch().end().minus(Duration.ofDays(1)), BlockLength.DAY);
    Block first = last.next();
    line.moveTo(first, Duration.ofMinutes(10));
    Cohort old = line.cohort(last.epoch(), "boundary", 1, 50, BlockLength.DAY);
    Cohort young = line.cohort(first.epoch(), "boundary", 1, 50, BlockLength.DAY);
    long refused = line.counted("Refused", "WRONG_EPOCH");

    line.report(old, last, 20, _ -> 100);
    line.report(young, first, 20, _ -> 200);
    line.arrive(young, member(young, 30), flat(last, 100));
    line.arrive(old, member(old, 30), flat(first, 100));
    line.quiet();

    assertThat(line.counted("Refused", "WRONG_EPOCH") - refused).isEqualTo(2);
    assertCounted(old, last, 20, 20 * 2_400);
    assertCounted(young, first, 20, 20 * 4_800);
  }
}

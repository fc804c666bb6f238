package meterveil.embedded;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static meterveil.embedded.MainLine.CLOSED;
import static meterveil.embedded.MainLine.RELEASED;
import static meterveil.embedded.MainLine.flat;
import static meterveil.embedded.MainLine.member;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import meterveil.block.Block;
import meterveil.block.BlockLength;
import meterveil.block.Epoch;
import meterveil.cell.OpenBlock.State;
import meterveil.cell.OpenBlockTable;
import meterveil.cohort.Cohort;
import meterveil.cohort.CohortTable;
import meterveil.cohort.DistrictId;
import meterveil.embedded.aws.Faults.Call;
import meterveil.embedded.aws.Faults.Fault;
import meterveil.energy.Commodity;
import meterveil.energy.WattHours;
import meterveil.opendata.DailyTotal;
import meterveil.tenant.Tenant;
import meterveil.tenant.TenantId;
import meterveil.tenant.TenantTable;
import meterveil.usage.Formed;
import meterveil.usage.Reconciliation.Figures;
import meterveil.usage.ReleasedCell;
import meterveil.usage.UsageTable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import software.amazon.awssdk.enhanced.dynamodb.DynamoDbEnhancedClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// What goes wrong between totals and released cells: every cell is released once, as it would have
/// been had nothing gone wrong, and every day adds up.
///
/// Each test has a day and a district of its own: one cohort of 50 that may be released by itself,
/// one of 20 that one meter dominates and that takes in the first, and one that nobody reports for.
@Tag("place")
class ReleaseFaultsTest {

  private static MainLine line;
  private static int districts;

  /// What the reporting cohorts of a test's day add up to.
  private static final long LARGE_WH = 24 * (50 * 400 + 49 * 50 / 2);

  private static final long SMALL_WH = 24 * (19 * 100 + 2_400);

  @BeforeAll
  static void start() throws Exception {
    line = MainLine.startingAt("2024-01-01T00:00:00Z");
  }

  @AfterAll
  static void stop() throws Exception {
    line.close();
  }

  private record Reported(Block day, String district, Cohort large, Cohort small, Cohort silent) {

    static Reported now() throws Exception {
      Block day = line.nextDay();
      String district = "d" + ++districts;
      Epoch epoch = day.epoch();
      var reported =
          new Reported(
              day,
              district,
              line.cohort(epoch, district, 1, 50, BlockLength.DAY),
              line.cohort(epoch, district, 2, 20, BlockLength.DAY),
              line.cohort(epoch, district, 3, 50, BlockLength.DAY));
      line.report(reported.large, day, 50, member -> 400 + member);
      line.report(reported.small, day, 20, member -> member == 0 ? 2_400 : 100);
      line.quiet();
      return reported;
    }

    List<ReleasedCell> cells() {
      return read(new Tenant(MainLine.GRID, Tenant.RETENTION_MAX), Instant.EPOCH);
    }

    List<ReleasedCell> read(Tenant tenant, Instant now) {
      return line.usage
          .read(tenant, Optional.of(new DistrictId(district)), day.start(), day.end(), now)
          .toList();
    }

    /// Its cells as they lie in the table.
    List<UsageTable.Kept> kept() {
      return DynamoDbEnhancedClient.builder()
          .dynamoDbClient(line.dynamoDb)
          .build()
          .table(line.platform.table("Usage"), UsageTable.SCHEMA)
          .scan()
          .items()
          .stream()
          .filter(kept -> kept.cell().district().equals(Optional.of(new DistrictId(district))))
          .toList();
    }

    List<ReleasedCell> lateTotals() {
      return cells().stream().filter(cell -> cell.formed() == Formed.LATE).toList();
    }

    /// A cohort of another commodity in the same district, which nobody has reported for.
    Cohort gas() {
      return line.cohort(day.epoch(), district, 4, 50, BlockLength.DAY, Commodity.GAS);
    }

    /// As nothing but the fault-free rule makes them.
    void assertReleasedAsEver() {
      List<ReleasedCell> hourly =
          cells().stream().filter(cell -> cell.formed() != Formed.LATE).toList();
      assertThat(hourly).hasSize(48);
      assertThat(hourly.stream().filter(cell -> cell.formed() == Formed.MERGED))
          .hasSize(24)
          .allSatisfy(cell -> {
            assertThat(cell.cohorts()).containsExactly(large.id(), small.id());
            assertThat(cell.count()).isEqualTo(70);
            assertThat(cell.energyKWh()).hasValue(26);
          });
      assertThat(hourly.stream().filter(cell -> cell.formed() == Formed.SUPPRESSED))
          .hasSize(24)
          .allSatisfy(cell -> assertThat(cell.cohorts()).containsExactly(silent.id()));
    }

    OptionalLong toldToEveryone() {
      return line.openData.find(
          new Tenant(MainLine.GRID, Tenant.RETENTION),
          DailyTotal.product(Commodity.ELECTRICITY),
          day.day(),
          line.platform.clock().instant());
    }

    void assertReconciled(long moreAcceptedWh, long lateToldWh) {
      long accepted = LARGE_WH + SMALL_WH + moreAcceptedWh;
      long released = 24 * 26_000;
      assertThat(line.reconciliation(day.day().toString()).orElseThrow().figures())
          .contains(new Figures(accepted, released, lateToldWh, accepted - released - lateToldWh));
      assertClosed();
    }

    /// Closed, with a record that has no figures.
    void assertNotTold() {
      assertThat(line.reconciliation(day.day().toString()).orElseThrow().figures()).isEmpty();
      assertClosed();
    }

    private void assertClosed() {
      for (Cohort cohort : List.of(large, silent)) {
        var item = line.item(cohort, day).orElseThrow();
        assertThat(item.state()).isEqualTo(State.EMPTIED);
        assertThat(item.missing()).as("nothing is in it").isEqualTo(cohort.members());
      }
      assertThat(line.dayKeyTable.openDays(MainLine.GRID)).doesNotContain(day.day());
    }
  }

  @Test
  void releasesMergesSuppressesAndReconciles() throws Exception {
    var reported = Reported.now();
    var before = Counted.now();
    var cohorts = new CohortTable(line.dynamoDb, line.platform.table("Cohorts"));
    int others = 24 * (cohorts.of(MainLine.GRID, reported.day.epoch()).size() - 3); // other tests'
    line.moveTo(reported.day, RELEASED);
    reported.assertReleasedAsEver();
    assertThat(Counted.now())
        .isEqualTo(
            new Counted(
                before.blocks + 1,
                before.cells + 48 + others,
                before.suppressed + 24 + others,
                before.closed));
    line.moveTo(reported.day, CLOSED);
    reported.assertReconciled(0, 0);
    assertThat(Counted.now().closed).isEqualTo(before.closed + 1);
  }

  /// What release counts, for the alarms on suppressed cells and on blocks that are due.
  private record Counted(long blocks, long cells, long suppressed, long closed) {

    static Counted now() throws IOException {
      return new Counted(
          line.counted("BlocksReleased"),
          line.counted("CellsDecided"),
          line.counted("CellsSuppressed"),
          line.counted("DaysClosed"));
    }
  }

  @Test
  void tellsHowLongTheOldestBlockHasWaited() throws Exception {
    var reported = Reported.now();
    long runs = line.counted("Runs", "\"Service\":\"release\"");
    long hours = line.counted("OldestUnreleasedHours");
    line.moveTo(reported.day, RELEASED.plusHours(3));
    assertThat(line.counted("Runs", "\"Service\":\"release\"") - runs).isEqualTo(1);
    assertThat(line.counted("OldestUnreleasedHours") - hours).isEqualTo(3);
  }

  @ParameterizedTest
  @CsvSource({
    "UpdateItem, 1",
    "UpdateItem, 3",
    "PutItem, 1",
    "BatchWriteItem, 1",
    "BatchWriteItem, 2",
  })
  void goesOnWhereAReleaserDied(String operation, int number) throws Exception {
    var reported = Reported.now();
    try (var fault = line.dieAfter("Release", operation, number)) {
      line.moveTo(reported.day, RELEASED);
      assertThat(fault.hits()).isEqualTo(1);
    }
    line.moveTo(reported.day, RELEASED.plusHours(1));
    reported.assertReleasedAsEver();
    line.moveTo(reported.day, CLOSED);
    reported.assertReconciled(0, 0);
  }

  @ParameterizedTest
  @CsvSource({
    "UpdateItem, 1",
    "UpdateItem, 3",
    "PutItem, 1",
    "PutItem, 2",
    "PutItem, 4",
    "PutItem, 5"
  })
  void goesOnWhereACloserDied(String operation, int number) throws Exception {
    var reported = Reported.now();
    line.moveTo(reported.day, RELEASED);
    try (var fault = line.dieAfter("Release", operation, number)) {
      line.moveTo(reported.day, CLOSED);
      assertThat(fault.hits()).isEqualTo(1);
    }
    line.moveTo(reported.day, CLOSED.plusHours(1));
    reported.assertReleasedAsEver();
    reported.assertReconciled(0, 0);
  }

  @Test
  @DisplayName("T5 everyone is told a day of 100 meters once, with noise, though a closer died")
  void tellsEveryoneADayOnce() throws Exception {
    var reported = Reported.now();
    line.moveTo(reported.day, RELEASED);
    line.report(reported.silent, reported.day, 40, _ -> 2_000);
    line.quiet();
    try (var fault = line.dieAfter("Release", "TransactWriteItems", 1)) {
      line.moveTo(reported.day, CLOSED);
      assertThat(fault.hits()).isEqualTo(1);
    }
    OptionalLong told = reported.toldToEveryone();
    long cutWh = LARGE_WH + SMALL_WH - 24 * 2_400 + 41 * 30_000;
    assertThat(told.orElseThrow())
        .as("30 times the noise's scale comes once in ten thousand billion")
        .isCloseTo(cutWh, within(30 * 30_000L))
        .isNotEqualTo(cutWh);

    line.moveTo(reported.day, CLOSED.plusHours(1));
    assertThat(reported.toldToEveryone()).isEqualTo(told);
    reported.assertReconciled(40 * 48_000, 40 * 48_000);
  }

  @Test
  void tellsEveryoneNothingOfADayOfFewerThanAHundredMeters() throws Exception {
    var reported = Reported.now();
    line.report(reported.silent, reported.day, 29, _ -> 2_000);
    line.quiet();
    line.moveTo(reported.day, CLOSED);
    assertThat(reported.toldToEveryone()).isEmpty();
  }

  @Test
  void twoReleasersAtOnceReleaseEachCellOnce() throws Exception {
    String release = line.platform.functions().functionArn("Release");
    try (var _ =
        line.platform.faults().inject("Release", "Scan", new Fault.Before(() -> pause(1_500)))) {
      line.platform.functions().invokeAsync(release, "{}".getBytes(UTF_8));
      line.platform.functions().invokeAsync(release, "{}".getBytes(UTF_8));
      line.quiet(); // so slow that a second instance came up
    }
    var reported = Reported.now();
    var together = new CountDownLatch(2);
    try (var meeting =
        line.platform
            .faults()
            .inject("Release", "UpdateItem", n -> n <= 2, new Fault.Before(() -> meet(together)))) {
      line.platform.clock().moveTo(reported.day.end().plus(RELEASED));
      line.platform.functions().invokeAsync(release, "{}".getBytes(UTF_8));
      line.platform.functions().invokeAsync(release, "{}".getBytes(UTF_8));
      line.quiet();
      assertThat(meeting.hits()).isEqualTo(2);
      assertThat(together.getCount()).isZero();
    }
    reported.assertReleasedAsEver();
    line.platform.clock().moveTo(reported.day.end().plus(CLOSED));
    line.platform.functions().invokeAsync(release, "{}".getBytes(UTF_8));
    line.platform.functions().invokeAsync(release, "{}".getBytes(UTF_8));
    line.quiet();
    reported.assertReconciled(0, 0);
  }

  private static void pause(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  /// Waits until both are here, if they come before the caller takes it for silence.
  private static void meet(CountDownLatch together) {
    together.countDown();
    try {
      boolean _ = together.await(1_500, TimeUnit.MILLISECONDS);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void survivesThrottlingSilenceAndLostAnswers() throws Exception {
    var reported = Reported.now();
    try (var silent =
            line.platform.faults().inject("Release", "PutItem", n -> n == 1, new Fault.Silence());
        var throttled =
            line.platform
                .faults()
                .inject("Release", "BatchWriteItem", n -> n <= 2, new Fault.Throttled());
        var lost =
            line.platform
                .faults()
                .inject("Release", "UpdateItem", n -> n == 2, new Fault.AnswerLost())) {
      line.moveTo(reported.day, RELEASED);
      assertThat(silent.hits()).isPositive();
      assertThat(throttled.hits()).isPositive();
      assertThat(lost.hits()).isPositive();
    }
    line.moveTo(reported.day, RELEASED.plusHours(1));
    reported.assertReleasedAsEver();
    line.moveTo(reported.day, CLOSED);
    reported.assertReconciled(0, 0);
  }

  @Test
  void releasesAndClosesOtherDaysWhileAnItemDoesNotOpen() throws Exception {
    var reported = Reported.now();
    Block before = reported.day.previous();
    Block after = reported.day.next();
    Cohort earlier = line.cohort(before.epoch(), reported.district, 5, 50, BlockLength.DAY);
    Cohort later = line.cohort(after.epoch(), reported.district, 6, 50, BlockLength.DAY);
    line.report(earlier, before, 50, _ -> 100);
    line.quiet();
    long failed = line.counted("TenantsFailed");
    Map<String, AttributeValue> key =
        Map.of(
            OpenBlockTable.PARTITION_KEY,
            AttributeValue.fromS(MainLine.GRID + "/" + reported.large.id()),
            OpenBlockTable.SORT_KEY,
            AttributeValue.fromS(reported.day.start().toString().substring(0, 13)));
    String table = line.platform.table("OpenBlocks");
    Map<String, AttributeValue> item =
        line.dynamoDb.getItem(get -> get.tableName(table).key(key)).item();
    var token = AttributeValue.fromBs(List.of(requireNonNull(item.get("t")).bs().getFirst()));
    var tokens = Map.of(":token", token);
    line.dynamoDb.updateItem(update ->
        update
            .tableName(table)
            .key(key)
            .updateExpression("DELETE t :token")
            .expressionAttributeValues(tokens));

    line.platform.moveTo(after.end());
    line.report(later, after, 50, _ -> 100);
    line.quiet();
    line.moveTo(after, RELEASED);
    line.moveTo(before, CLOSED);
    assertThat(line.counted("TenantsFailed")).isGreaterThan(failed);
    assertThat(reported.cells()).isEmpty();
    assertThat(
            line.usage.read(
                new Tenant(MainLine.GRID, Tenant.RETENTION_MAX),
                Optional.of(new DistrictId(reported.district)),
                after.start(),
                after.end(),
                Instant.EPOCH))
        .as("the day after is released")
        .anyMatch(cell -> cell.cohorts().equals(List.of(later.id())) && cell.count() == 50);
    assertThat(line.dayKeyTable.openDays(MainLine.GRID))
        .as("and the day before is closed")
        .contains(reported.day.day())
        .doesNotContain(before.day());

    line.dynamoDb.updateItem(update ->
        update
            .tableName(table)
            .key(key)
            .updateExpression("ADD t :token")
            .expressionAttributeValues(tokens));
    try (var refused =
        line.platform.faults().inject("Release", "BatchWriteItem", new Fault.ServerError())) {
      line.moveTo(before, CLOSED.plusHours(1));
      assertThat(refused.hits()).as("it is decided now, after a later one").isPositive();
    }
    assertThat(reported.cells()).isEmpty();
    line.moveTo(before, CLOSED.plusHours(2));
    assertThat(reported.cells())
        .filteredOn(cell -> cell.cohorts().contains(reported.large.id()))
        .hasSize(24)
        .allMatch(cell -> cell.count() == 70);
    line.moveTo(reported.day, CLOSED);
    reported.assertReconciled(0, 0);
  }

  @Test
  void releasesAllTenantsBeforeItClosesADayAndBeginsWithAnotherEachHour() throws Exception {
    var theirs = new TenantId("theirs");
    var cohorts = new CohortTable(line.dynamoDb, line.platform.table("Cohorts"));
    new TenantTable(line.dynamoDb, line.platform.table("Tenants"))
        .add(new Tenant(theirs, Tenant.RETENTION));
    Block day = line.nextDay();
    Block later = day.next().next();
    String district = "d" + ++districts;
    for (Block block : List.of(day, later)) {
      if (block.end().isAfter(line.platform.clock().instant())) {
        line.moveTo(block, Duration.ofMinutes(10));
      }
      Cohort own = line.cohort(block.epoch(), district, 1, 50, BlockLength.DAY);
      var other =
          new Cohort(
              theirs,
              own.id(),
              own.district(),
              own.tariffClass(),
              own.commodity(),
              own.members(),
              own.blockLength());
      cohorts.put(other);
      line.report(own, block, 50, _ -> 100);
      line.report(other, block, 50, _ -> 100);
      line.quiet();
    }

    List<String> first = stepsOf(theirs, () -> line.moveTo(day, CLOSED));
    List<String> second = stepsOf(theirs, () -> line.moveTo(day, CLOSED.plusHours(1)));
    assertThat(first)
        .filteredOn(step -> !step.startsWith("looks"))
        .containsExactly("releases", "releases", "closes", "closes");
    assertThat(first)
        .filteredOn(step -> step.startsWith("looks"))
        .containsExactlyInAnyOrder("looks at ours", "looks at theirs")
        .isNotEqualTo(second);
    assertThat(second).containsExactlyInAnyOrder("looks at ours", "looks at theirs");
    line.moveTo(later, CLOSED);
  }

  private interface Step {
    void make() throws Exception;
  }

  /// What the releaser asks of the database meanwhile: whose open days, and what it decides and
  /// records.
  private static List<String> stepsOf(TenantId theirs, Step meanwhile) throws Exception {
    var steps = new CopyOnWriteArrayList<String>();
    Predicate<Call> watch =
        call -> {
          if (isReleasers(call, "Query", "DayKeys")) {
            boolean other = call.body().contains('"' + theirs.value() + '"');
            steps.add(other ? "looks at theirs" : "looks at ours");
          } else if (isReleasers(call, "PutItem", "Groupings")) {
            steps.add("releases");
          } else if (isReleasers(call, "PutItem", "Reconciliations")) {
            steps.add("closes");
          }
          return false;
        };
    try (var _ = line.platform.faults().inject(watch, _ -> true, new Fault.ServerError())) {
      meanwhile.make();
    }
    return List.copyOf(steps);
  }

  private static boolean isReleasers(Call call, String operation, String table) {
    return call.role().startsWith("Release")
        && call.operation().equals(operation)
        && call.body().contains('"' + line.platform.table(table) + '"');
  }

  @Test
  void releasesWhileNobodyCanBeAsked() throws Exception {
    var reported = Reported.now();
    Block following = reported.day.next();
    long failed = line.counted("TenantsFailed");
    long asked = line.counted("CohortsAsked");
    try (var refused =
        line.platform.faults().inject("Release", "Publish", new Fault.ServerError())) {
      line.moveTo(following, Duration.ofHours(7));
      assertThat(refused.hits()).isPositive();
    }
    assertThat(line.counted("TenantsFailed")).isGreaterThan(failed);
    assertThat(line.counted("CohortsAsked")).isEqualTo(asked);
    reported.assertReleasedAsEver();

    line.moveTo(following, Duration.ofHours(8));
    assertThat(line.counted("CohortsAsked") - asked).as("all but the silent one").isEqualTo(2);
    line.moveTo(reported.day, CLOSED);
    reported.assertReconciled(0, 0);
  }

  @Test
  void tellsALateTotalOfACohortThatComesBackAfterItsSiblingsWereReleased() throws Exception {
    var reported = Reported.now();
    line.moveTo(reported.day, RELEASED);
    List<ReleasedCell> released = reported.cells();
    line.moveTo(reported.day, RELEASED.plusHours(2));
    line.report(reported.silent, reported.day, 50, _ -> 100);
    line.quiet();
    assertThat(line.totals(reported.silent, reported.day).late().energy())
        .isEqualTo(new WattHours(50 * 2_400));

    line.moveTo(reported.day, CLOSED);
    assertThat(reported.cells()).containsAll(released);
    assertThat(reported.lateTotals())
        .singleElement()
        .satisfies(cell -> {
          assertThat(cell.count()).isEqualTo(50);
          assertThat(cell.energyKWh()).hasValue(120);
        });
    reported.assertReconciled(120_000, 120_000);
  }

  @Test
  @DisplayName("T5 late blocks of different commodities are never added up")
  void tellsALateTotalOfEachCommodity() throws Exception {
    var reported = Reported.now();
    Cohort gas = reported.gas();
    line.moveTo(reported.day, RELEASED);
    line.report(reported.silent, reported.day, 15, _ -> 100);
    line.report(gas, reported.day, 20, _ -> 1_000);
    line.quiet();
    line.moveTo(reported.day, CLOSED);

    assertThat(reported.lateTotals())
        .extracting(ReleasedCell::cohorts, ReleasedCell::count, ReleasedCell::energyWh)
        .containsExactlyInAnyOrder(
            tuple(
                List.of(reported.large.id(), reported.small.id(), reported.silent.id()),
                15,
                36_000L),
            tuple(List.of(gas.id()), 20, 480_000L));
    reported.assertReconciled(516_000, 516_000);
  }

  @Test
  @DisplayName("T5 late blocks of different commodities do not make up the fifteen together")
  void withholdsLateTotalsOfTooFewOfEachCommodity() throws Exception {
    var reported = Reported.now();
    Cohort gas = reported.gas();
    line.moveTo(reported.day, RELEASED);
    line.report(reported.silent, reported.day, 8, _ -> 100);
    line.report(gas, reported.day, 7, _ -> 100);
    line.quiet();
    line.moveTo(reported.day, CLOSED);

    assertThat(reported.lateTotals()).isEmpty();
    reported.assertNotTold();
  }

  @ParameterizedTest
  @CsvSource({"49, 50, 100", "0, 14, 100", "0, 20, 2400"})
  @DisplayName("T5 what is left of a day is not the day of a few late meters, or of a large one")
  void withholdsALateTotalOfTooFewAndTheDaysFigures(int inTime, int all, int firstWh)
      throws Exception {
    var reported = Reported.now();
    line.report(reported.silent, reported.day, inTime, _ -> 100);
    line.quiet();
    line.moveTo(reported.day, RELEASED);
    line.report(reported.silent, reported.day, all, member -> member == 0 ? firstWh : 100);
    line.quiet();
    assertThat(line.totals(reported.silent, reported.day).late().count()).isEqualTo(all - inTime);
    line.moveTo(reported.day, CLOSED);

    assertThat(reported.lateTotals()).isEmpty();
    reported.assertNotTold();
  }

  @ParameterizedTest
  @CsvSource({"1, false", "14, false", "20, true"})
  @DisplayName("T5 what is left of a day is not the suppressed hours of a few meters")
  void tellsADayUnlessASuppressedHourIsOfTooFew(int meters, boolean told) throws Exception {
    var reported = Reported.now();
    Cohort gas = reported.gas();
    line.report(gas, reported.day, meters, member -> member == 0 ? 2_400 : 100);
    line.quiet();
    line.moveTo(reported.day, CLOSED);

    assertThat(reported.cells().stream().filter(cell -> cell.cohorts().contains(gas.id())))
        .hasSize(24)
        .allSatisfy(cell -> assertThat(cell.formed()).isEqualTo(Formed.SUPPRESSED));
    if (told) {
      reported.assertReconciled(24 * (2_400 + 19 * 100), 0);
    } else {
      reported.assertNotTold();
    }
  }

  @ParameterizedTest
  @CsvSource({"true", "false"})
  void countsAMessageThatArrivesWhileItsBlockIsBeingFrozen(boolean before) throws Exception {
    var reported = Reported.now();
    Runnable arrival =
        () -> {
          try {
            line.arrive(reported.silent, member(reported.silent, 7), flat(reported.day, 100));
            awaitCounted(reported);
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        };
    try (var fault =
        line.platform
            .faults()
            .inject(
                call ->
                    call.role().startsWith("Release")
                        && call.operation().equals("UpdateItem")
                        && call.body().contains(reported.silent.id().value()),
                n -> n == 1,
                before ? new Fault.Before(arrival) : new Fault.After(arrival))) {
      line.moveTo(reported.day, RELEASED);
      assertThat(fault.hits()).isEqualTo(1);
    }
    var totals = line.totals(reported.silent, reported.day);
    assertThat(totals.accepted()).isEqualTo(new WattHours(2_400));
    assertThat(totals.late().count()).isEqualTo(before ? 0 : 1);

    line.report(reported.silent, reported.day, 16, _ -> 100); // so many that the day is told
    line.quiet();
    line.moveTo(reported.day, CLOSED);
    reported.assertReconciled(16 * 2_400, before ? 36_000 : 38_000);
  }

  private static void awaitCounted(Reported reported) {
    await(
        Duration.ofSeconds(10),
        () ->
            line.item(reported.silent, reported.day)
                .filter(item -> item.missing() < 50)
                .isPresent());
  }

  /// Waits for something, or as long as it may take at most.
  private static void await(Duration atMost, BooleanSupplier there) {
    for (long end = System.nanoTime() + atMost.toNanos();
        !there.getAsBoolean() && System.nanoTime() < end; ) {
      LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
    }
  }

  /// The message is judged while its block is still accepted, and its write is held until the item
  /// is closed, or emptied: the age of the block can refuse it no more, and the item's state must.
  @ParameterizedTest
  @CsvSource({"CLOSED, false", "EMPTIED, false", "EMPTIED, true"})
  void refusesAWriteThatComesOnceItsDayIsClosed(State state, boolean repeated) throws Exception {
    var reported = Reported.now();
    Cohort cohort = repeated ? reported.large : reported.silent;
    line.moveTo(reported.day, RELEASED);
    line.moveTo(reported.day, Duration.ofHours(71));
    List<ReleasedCell> released = reported.cells();
    long refused = tooLate();

    var missing = new AtomicInteger(cohort.members());
    Runnable looking =
        () -> {
          await(Duration.ofMillis(1_500), () -> tooLate() > refused);
          missing.set(line.item(cohort, reported.day).orElseThrow().missing());
        };
    var close = new AtomicBoolean(true);
    Runnable closing =
        () -> {
          if (close.getAndSet(false)) { // a collector that waits too long tries again
            move(reported.day, CLOSED);
          }
          await(
              Duration.ofSeconds(10),
              () -> line.item(cohort, reported.day).orElseThrow().state() == state);
        };
    try (var held =
            line.platform.faults().inject("Collect", "UpdateItem", new Fault.Before(closing));
        var record =
            line.platform
                .faults()
                .inject(
                    "Release",
                    "PutItem",
                    n -> n == 1 && state == State.CLOSED,
                    new Fault.Before(looking))) {
      line.arrive(cohort, member(cohort, 7), flat(reported.day, 100));
      line.quiet();
      assertThat(held.hits()).as("of adding and of adding as late").isGreaterThanOrEqualTo(2);
      assertThat(record.hits()).isEqualTo(state == State.CLOSED ? 1 : 0);
    }

    assertThat(tooLate() - refused).isEqualTo(1);
    assertThat(missing).as("nothing was added before the item was emptied").hasValue(50);
    assertThat(reported.cells()).isEqualTo(released);
    reported.assertReconciled(0, 0);
    line.moveTo(reported.day, CLOSED.plusHours(2));
    reported.assertReconciled(0, 0);
  }

  private static void move(Block block, Duration after) {
    try {
      line.platform.moveTo(block.end().plus(after));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static long tooLate() {
    try {
      return line.counted("Refused", "TOO_LATE");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void losesNothingWhileNobodyMayUseTheKeyOfDayKeys() throws Exception {
    var reported = Reported.now();
    Block following = reported.day.next();
    Cohort late = reported.silent;
    long failed = line.counted("TenantsFailed");
    long asked = line.counted("Asked");
    String key = line.platform.aws().key("DayKeyKey");
    line.platform.functions().kill("Collect"); // as one that remembers the day's key needs no KMS
    try (var kms = line.platform.kms()) {
      kms.disableKey(disable -> disable.keyId(key));
      try {
        line.report(late, reported.day, 20, _ -> 100);
        line.quiet();
        line.moveTo(reported.day, RELEASED);
        line.report(late, following, 20, _ -> 100);
        line.quiet();

        assertThat(line.counted("Asked") - asked).isEqualTo(40);
        assertThat(line.counted("TenantsFailed")).isGreaterThan(failed);
        assertThat(reported.cells()).isEmpty();
        assertThat(line.item(late, reported.day).orElseThrow().missing()).isEqualTo(50);
        assertThat(line.item(late, following)).isEmpty();
      } finally {
        kms.enableKey(enable -> enable.keyId(key));
      }
    }

    line.report(late, reported.day, 20, _ -> 100); // as they were asked to
    line.report(late, following, 20, _ -> 100);
    line.quiet();
    line.moveTo(reported.day, RELEASED.plusHours(1));
    reported.assertReleasedAsEver();
    line.moveTo(reported.day, CLOSED);
    reported.assertReconciled(20 * 2_400, 20 * 2_400);
    line.moveTo(following, CLOSED);
    assertThat(line.reconciliation(following.day().toString()).orElseThrow().figures())
        .contains(new Figures(20 * 2_400, 24 * 2_000, 0, 0));
  }

  @Test
  @DisplayName("T54 a tenant that shortens its retention sees at once no more than that")
  void forgetsAtOnceWhatATenantNoLongerKeeps() throws Exception {
    var reported = Reported.now();
    line.moveTo(reported.day, RELEASED);
    line.report(reported.silent, reported.day, 15, _ -> 100);
    line.quiet();
    var tenants = new TenantTable(line.dynamoDb, line.platform.table("Tenants"));
    Tenant before = tenants.find(MainLine.GRID).orElseThrow();
    var after = new Tenant(MainLine.GRID, Tenant.RETENTION_MIN);
    try {
      assertThat(tenants.replace(before, after)).isTrue();
      line.moveTo(reported.day, CLOSED);
      reported.assertReconciled(36_000, 36_000);
      assertThat(reported.kept())
          .hasSize(49)
          .allSatisfy(kept -> {
            boolean isNew = kept.cell().formed() == Formed.LATE;
            assertThat(kept.expiresAt())
                .isEqualTo((isNew ? after : before).expiry(kept.cell().start()));
          });

      Instant end = after.expiry(reported.day.start());
      assertThat(reported.read(after, end.minusMillis(1))).hasSize(49);
      assertThat(line.reconciliations.read(after, end.minusMillis(1)))
          .anyMatch(record -> record.day().equals(reported.day.day()));
      Instant hour23 = end.plus(Duration.ofHours(23));
      assertThat(reported.read(before, hour23)).as("written before").hasSize(48);
      assertThat(reported.read(after, hour23)).isEmpty();
      assertThat(line.reconciliations.read(before, end))
          .noneMatch(record -> record.day().equals(reported.day.day()));
    } finally {
      assertThat(tenants.replace(after, before)).isTrue();
    }

    line.moveTo(reported.day, Duration.ofDays(10));
    line.platform.aws().deleteExpired();
    assertThat(reported.cells()).as("the late total is deleted").hasSize(48);
    assertThat(line.reconciliation(reported.day.day().toString())).isEmpty();
    line.moveTo(reported.day, Duration.ofDays(40));
    line.platform.aws().deleteExpired();
    assertThat(reported.cells()).as("deleted, not only passed over").isEmpty();
  }
}

package meterveil.usage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;
import static org.assertj.core.groups.Tuple.tuple;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SequencedMap;
import java.util.stream.IntStream;
import meterveil.LocalDynamoDb;
import meterveil.block.Block;
import meterveil.block.BlockLength;
import meterveil.cell.CellTotal;
import meterveil.cohort.Cohort;
import meterveil.cohort.CohortId;
import meterveil.cohort.DistrictId;
import meterveil.cohort.TariffClass;
import meterveil.energy.Commodity;
import meterveil.energy.WattHours;
import meterveil.tenant.Tenant;
import meterveil.tenant.TenantId;
import meterveil.usage.Grouping.Group;
import meterveil.usage.Reconciliation.Figures;
import meterveil.usage.ReleasedCell.Level;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.BatchWriteItemRequest;
import software.amazon.awssdk.services.dynamodb.model.BatchWriteItemResponse;
import software.amazon.awssdk.services.dynamodb.model.QueryRequest;
import software.amazon.awssdk.services.dynamodb.model.QueryResponse;

@Tag("place")
class UsageTablesTest {

  private static final TenantId GRID = new TenantId("grid");
  private static final Tenant TENANT = new Tenant(GRID, Tenant.RETENTION);
  private static final Instant HOUR = Instant.parse("2013-01-01T17:00:00Z");
  private static final Optional<DistrictId> NORTH = Optional.of(new DistrictId("north"));
  private static final CohortId ONE = new CohortId("00523-north-re-1");
  private static final CohortId TWO = new CohortId("00523-north-re-2");
  private static final CohortId THREE = new CohortId("00523-south-re-1");

  private static final String USAGE_NAME = LocalDynamoDb.table("usage", UsageTable.SCHEMA);
  private static final UsageTable USAGE = new UsageTable(LocalDynamoDb.CLIENT, USAGE_NAME);
  private static final GroupingTable GROUPINGS =
      new GroupingTable(
          LocalDynamoDb.CLIENT, LocalDynamoDb.table("groupings", GroupingTable.SCHEMA));
  private static final ReconciliationTable RECONCILIATIONS =
      new ReconciliationTable(
          LocalDynamoDb.CLIENT, LocalDynamoDb.table("reconciliations", ReconciliationTable.SCHEMA));

  private static ReleasedCell own(TenantId tenant, Instant hour, long energyKWh) {
    return new ReleasedCell(
        tenant, NORTH, hour, 1, List.of(ONE), Formed.OWN, 45, OptionalLong.of(energyKWh));
  }

  @Test
  void keepsTheFirstCellOfAPlace() {
    var tenant = new Tenant(new TenantId("first"), Tenant.RETENTION);
    put(USAGE, tenant, own(tenant.id(), HOUR, 12));
    put(USAGE, tenant, own(tenant.id(), HOUR, 13));

    assertThat(USAGE.read(tenant, NORTH, HOUR, HOUR.plusSeconds(3600), HOUR))
        .containsExactly(own(tenant.id(), HOUR, 12));
    assertThat(USAGE.read(tenant, NORTH, HOUR.plusSeconds(3600), HOUR.plusSeconds(7200), HOUR))
        .isEmpty();
    ReleasedCell following = own(tenant.id(), HOUR.plusSeconds(3600), 0);
    assertThat(
            USAGE.missing(
                List.of(own(tenant.id(), HOUR, 0), following), HOUR, HOUR.plusSeconds(7200)))
        .containsExactly(following);
  }

  private static void put(UsageTable usage, Tenant tenant, ReleasedCell cell) {
    usage.putMissing(List.of(cell), cell.start(), cell.start().plusSeconds(3600), tenant);
  }

  /// The database, where of each batch no more than some items are written, and none from a time
  /// on.
  private static final class Sparing implements DynamoDbClient {
    private final int writtenMax;
    private final int batchesMax;
    private int batches;

    Sparing(int writtenMax, int batchesMax) {
      this.writtenMax = writtenMax;
      this.batchesMax = batchesMax;
    }

    @Override
    public String serviceName() {
      return LocalDynamoDb.CLIENT.serviceName();
    }

    @Override
    public void close() {}

    @Override
    public QueryResponse query(QueryRequest request) {
      return LocalDynamoDb.CLIENT.query(request);
    }

    @Override
    public BatchWriteItemResponse batchWriteItem(BatchWriteItemRequest request) {
      int written = ++batches > batchesMax ? 0 : writtenMax;
      var items = request.requestItems().getOrDefault(USAGE_NAME, List.of());
      int kept = Math.min(written, items.size());
      if (kept > 0) {
        LocalDynamoDb.CLIENT.batchWriteItem(
            request.toBuilder().requestItems(Map.of(USAGE_NAME, items.subList(0, kept))).build());
      }
      return BatchWriteItemResponse.builder()
          .unprocessedItems(
              kept == items.size()
                  ? Map.of()
                  : Map.of(USAGE_NAME, items.subList(kept, items.size())))
          .build();
    }
  }

  private static List<ReleasedCell> aDay(TenantId tenant) {
    return IntStream.range(0, 24)
        .mapToObj(hour -> own(tenant, HOUR.plusSeconds(3600L * hour), hour))
        .toList();
  }

  @Test
  void putsAgainWhatDynamoDbLeavesOfABatch() {
    var tenant = new Tenant(new TenantId("left"), Tenant.RETENTION);
    Instant until = HOUR.plusSeconds(24 * 3600);
    List<ReleasedCell> cells = aDay(tenant.id());
    new UsageTable(new Sparing(10, 9), USAGE_NAME).putMissing(cells, HOUR, until, tenant);

    assertThat(USAGE.read(tenant, NORTH, HOUR, until, HOUR)).containsExactlyElementsOf(cells);
  }

  @Test
  void saysSoWhenDynamoDbLeavesCellsAgainAndAgain() {
    var tenant = new Tenant(new TenantId("never"), Tenant.RETENTION);
    Instant until = HOUR.plusSeconds(24 * 3600);
    var usage = new UsageTable(new Sparing(10, 1), USAGE_NAME);

    assertThatThrownBy(() -> usage.putMissing(aDay(tenant.id()), HOUR, until, tenant))
        .isInstanceOf(SdkClientException.class);
    assertThat(USAGE.missing(aDay(tenant.id()), HOUR, until)).hasSize(14);
  }

  @Test
  @DisplayName("U22 T54 released cells are kept 30 days unless the tenant chose otherwise")
  void passesOverWhatHasExpired() {
    var month = new Tenant(new TenantId("month"), Tenant.RETENTION);
    put(USAGE, month, own(month.id(), HOUR, 12));
    Instant until = HOUR.plusSeconds(3600);

    assertThat(USAGE.read(month, NORTH, HOUR, until, HOUR.plus(Duration.ofDays(30)).minusMillis(1)))
        .hasSize(1);
    assertThat(USAGE.read(month, NORTH, HOUR, until, HOUR.plus(Duration.ofDays(30)))).isEmpty();

    var year = new Tenant(new TenantId("year"), Duration.ofDays(365));
    put(USAGE, year, own(year.id(), HOUR, 12));
    assertThat(USAGE.read(year, NORTH, HOUR, until, HOUR.plus(Duration.ofDays(364)))).hasSize(1);
  }

  @Test
  @DisplayName("T54 a retention that is shortened takes effect on reads at once")
  void readsByTheRetentionOfTheMoment() {
    var before = new Tenant(new TenantId("shortened"), Duration.ofDays(100));
    put(USAGE, before, own(before.id(), HOUR, 12));
    var after = new Tenant(before.id(), Duration.ofDays(10));
    Instant until = HOUR.plusSeconds(3600);
    Instant now = HOUR.plus(Duration.ofDays(11));

    assertThat(USAGE.read(before, NORTH, HOUR, until, now)).hasSize(1);
    assertThat(USAGE.read(after, NORTH, HOUR, until, now)).isEmpty();

    var longer = new Tenant(before.id(), Duration.ofDays(1000));
    assertThat(USAGE.read(longer, NORTH, HOUR, until, HOUR.plus(Duration.ofDays(101))))
        .as("what was to expire is not brought back")
        .isEmpty();
  }

  @Test
  void roundsWhatItReleasesAndKnowsItsLevel() {
    SequencedMap<Cohort, CellTotal> totals = new LinkedHashMap<>();
    totals.put(cohort(ONE, "north"), cell(49, 12_499));
    totals.put(cohort(TWO, "north"), cell(30, 10_000));
    totals.put(cohort(THREE, "south"), cell(28, 10_500));

    assertThat(ReleasedCell.of(grouping("1", "2 3"), HOUR, totals))
        .containsExactly(
            new ReleasedCell(
                GRID, NORTH, HOUR, 1, List.of(ONE), Formed.OWN, 45, OptionalLong.of(12)),
            new ReleasedCell(
                GRID,
                Optional.empty(),
                HOUR,
                1,
                List.of(TWO, THREE),
                Formed.MERGED,
                55,
                OptionalLong.of(21)))
        .extracting(ReleasedCell::level)
        .containsExactly(Level.COHORT, Level.TENANT);
    assertThat(ReleasedCell.of(grouping("1 2", "!3"), HOUR, totals))
        .extracting(ReleasedCell::level, ReleasedCell::count, ReleasedCell::energyKWh)
        .containsExactly(
            tuple(Level.DISTRICT, 75, OptionalLong.of(22)),
            tuple(Level.COHORT, 0, OptionalLong.empty()));
  }

  private static final Block DAY =
      new Block(Instant.parse("2013-01-01T00:00:00Z"), BlockLength.DAY);

  @Test
  void tellsALateTotalOnlyUnderTheRule() {
    List<Cohort> cohorts = List.of(cohort(ONE, "north"), cohort(TWO, "north"));
    var large = new CellTotal(16, new WattHours(99_600), new WattHours(14_000));
    assertThat(ReleasedCell.late(cohorts, DAY, large).orElseThrow())
        .isEqualTo(
            new ReleasedCell(
                GRID,
                NORTH,
                DAY.start(),
                24,
                List.of(ONE, TWO),
                Formed.LATE,
                15,
                OptionalLong.of(100)));
    assertThat(ReleasedCell.late(cohorts, DAY, cell(14, 99_600))).isEmpty();
  }

  @Test
  void keepsLateTotalsBesideEachOtherAndBesideCellsOfTheirHour() {
    var tenant = new Tenant(new TenantId("late"), Tenant.RETENTION);
    List<ReleasedCell> cells =
        List.of(
            at(tenant, DAY.start(), ONE, 1, Formed.OWN),
            at(tenant, DAY.start(), ONE, 24, Formed.LATE),
            at(tenant, DAY.start(), TWO, 24, Formed.LATE));
    USAGE.putMissing(cells, DAY.start(), DAY.end(), tenant);

    assertThat(USAGE.read(tenant, NORTH, DAY.start(), DAY.end(), HOUR))
        .containsExactlyElementsOf(cells);
    assertThat(USAGE.missing(cells, DAY.start(), DAY.end())).isEmpty();
  }

  private static ReleasedCell at(
      Tenant tenant, Instant start, CohortId cohort, int hours, Formed formed) {
    return new ReleasedCell(
        tenant.id(), NORTH, start, hours, List.of(cohort), formed, 45, OptionalLong.of(12));
  }

  private static final Instant DECIDED = Instant.parse("2013-01-02T01:02:03.456Z");

  @Test
  void keepsTheFirstDecisionOfABlock() {
    var block = new Block(Instant.parse("2013-01-01T00:00:00Z"), BlockLength.HOUR);
    List<CohortId> cohorts = List.of(ONE, TWO, THREE);
    List<Grouping> first = List.of(grouping("1", "!2 3"));

    assertThat(GROUPINGS.find(GRID, block, cohorts)).isEmpty();
    assertThat(GROUPINGS.putFirst(GRID, block, cohorts, first, DECIDED)).isTrue();
    assertThat(
            GROUPINGS.putFirst(
                GRID, block, cohorts, List.of(grouping("1", "2", "3")), DECIDED.plusSeconds(1)))
        .isFalse();
    assertThat(GROUPINGS.find(GRID, block, cohorts)).contains(first);
    assertThat(GROUPINGS.decided(GRID, block.start(), block.end()))
        .containsExactly(entry(block.start(), DECIDED));
    assertThat(GROUPINGS.decided(GRID, block.end(), block.end().plusSeconds(3600))).isEmpty();
    assertThatIllegalStateException()
        .isThrownBy(() -> GROUPINGS.find(GRID, block, List.of(ONE, TWO)));
  }

  @Test
  void keepsADecisionThatIsTooLongForOneItem() {
    var tenant = new TenantId("many");
    var day = new Block(Instant.parse("2013-01-01T00:00:00Z"), BlockLength.DAY);
    List<CohortId> cohorts =
        IntStream.range(0, 20_000)
            .mapToObj(i -> CohortId.of(day.epoch(), "%05d".formatted(i)))
            .toList();
    var silent = new Grouping(cohorts.stream().map(c -> new Group(List.of(c), false)).toList());
    var together = new Grouping(List.of(new Group(cohorts, true)));
    List<Grouping> first =
        IntStream.range(0, 24).mapToObj(hour -> hour == 5 ? together : silent).toList();

    assertThat(GROUPINGS.putFirst(tenant, day, cohorts, first, DECIDED)).isTrue();
    assertThat(GROUPINGS.putFirst(tenant, day, cohorts, Collections.nCopies(24, silent), DECIDED))
        .isFalse();
    assertThat(GROUPINGS.find(tenant, day, cohorts)).contains(first);
    assertThat(GROUPINGS.decided(tenant, day.start(), day.end()))
        .containsExactly(entry(day.start(), DECIDED));
  }

  @Test
  void writesEveryKindOfGroupSoThatItReadsTheSame() {
    var block = new Block(Instant.parse("2013-01-02T00:00:00Z"), BlockLength.QUARTER_DAY);
    List<Grouping> hours =
        List.of(
            grouping("1", "2", "3"),
            grouping("1 2 3"),
            grouping("!1 2 3"),
            grouping("!1", "!2", "!3"),
            grouping("1 3", "2"),
            grouping("!1", "2 3"));
    GROUPINGS.putFirst(GRID, block, List.of(ONE, TWO, THREE), hours, DECIDED);
    assertThat(GROUPINGS.find(GRID, block, List.of(ONE, TWO, THREE))).contains(hours);
  }

  @Test
  void keepsTheFirstRecordOfADay() {
    var day = LocalDate.of(2013, 1, 1);
    var record = new Reconciliation(GRID, day, Optional.of(new Figures(10_500, 9_000, 1_000, 500)));
    assertThat(RECONCILIATIONS.putFirst(record, TENANT)).isTrue();
    assertThat(RECONCILIATIONS.putFirst(new Reconciliation(GRID, day, Optional.empty()), TENANT))
        .isFalse();
    assertThat(RECONCILIATIONS.find(GRID, day)).contains(record);
    assertThat(RECONCILIATIONS.read(TENANT, Instant.parse("2013-01-30T00:00:00Z")))
        .containsExactly(record);
    assertThat(RECONCILIATIONS.read(TENANT, Instant.parse("2013-01-31T00:00:00Z"))).isEmpty();
    assertThatIllegalArgumentException().isThrownBy(() -> new Figures(10, 5, 4, 2));
  }

  private static Cohort cohort(CohortId id, String district) {
    return new Cohort(
        GRID,
        id,
        new DistrictId(district),
        TariffClass.RESIDENTIAL,
        Commodity.ELECTRICITY,
        50,
        BlockLength.HOUR);
  }

  private static CellTotal cell(int count, long energyWh) {
    return new CellTotal(count, new WattHours(energyWh), new WattHours(1_000));
  }

  /// Groups of cohorts by their numbers, `!` in front of what is suppressed.
  private static Grouping grouping(String... groups) {
    return new Grouping(
        Arrays.stream(groups)
            .map(group ->
                new Group(
                    Arrays.stream(group.replace("!", "").split(" ", -1))
                        .map(number -> List.of(ONE, TWO, THREE).get(Integer.parseInt(number) - 1))
                        .toList(),
                    !group.startsWith("!")))
            .toList());
  }
}

package meterveil.usage;

import static java.util.stream.Collectors.toMap;
import static java.util.stream.Collectors.toSet;
import static software.amazon.awssdk.enhanced.dynamodb.mapper.StaticAttributeTags.primaryPartitionKey;
import static software.amazon.awssdk.enhanced.dynamodb.mapper.StaticAttributeTags.primarySortKey;

import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Gatherers;
import java.util.stream.Stream;
import meterveil.cohort.CohortId;
import meterveil.cohort.DistrictId;
import meterveil.connection.Pauses;
import meterveil.tenant.Tenant;
import meterveil.tenant.TenantId;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.enhanced.dynamodb.DynamoDbEnhancedClient;
import software.amazon.awssdk.enhanced.dynamodb.DynamoDbTable;
import software.amazon.awssdk.enhanced.dynamodb.EnhancedType;
import software.amazon.awssdk.enhanced.dynamodb.Key;
import software.amazon.awssdk.enhanced.dynamodb.TableSchema;
import software.amazon.awssdk.enhanced.dynamodb.mapper.StaticImmutableTableSchema;
import software.amazon.awssdk.enhanced.dynamodb.model.QueryConditional;
import software.amazon.awssdk.enhanced.dynamodb.model.WriteBatch;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/// The `Usage` table: every released cell under its tenant and district, in the order of time.
///
/// The key's `scope` is `tenant/district`, or `tenant/*` for cells of several districts; its `cell`
/// is the hour and the first cohort, which is in no other cell of that hour, with `late` between
/// them if the cell is a late total, which has an hour's cells beside it.
///
/// Safe for use by many threads. Every method throws SdkException when DynamoDB did not answer.
public final class UsageTable {

  /// A row of the table.
  ///
  /// @param cell what is released
  /// @param expiresAt when DynamoDB may delete it
  public record Kept(ReleasedCell cell, Instant expiresAt) {}

  /// Also read by the infrastructure's tests, which hold the deployed keys to it.
  public static final TableSchema<Kept> SCHEMA =
      StaticImmutableTableSchema.builder(Kept.class, Row.class)
          .newItemBuilder(Row::new, Row::toKept)
          .addAttribute(
              String.class,
              a ->
                  a.name("scope")
                      .getter(kept -> scope(kept.cell().tenant(), kept.cell().district()))
                      .setter((row, scope) -> row.scope = scope)
                      .tags(primaryPartitionKey()))
          .addAttribute(
              String.class,
              a ->
                  a.name("cell")
                      .getter(kept -> sortKey(kept.cell()))
                      .setter((row, cell) -> row.cell = cell)
                      .tags(primarySortKey()))
          .addAttribute(
              Integer.class,
              a ->
                  a.name("hours")
                      .getter(kept -> kept.cell().hours())
                      .setter((row, hours) -> row.hours = hours))
          .addAttribute(
              EnhancedType.listOf(String.class),
              a ->
                  a.name("cohorts")
                      .getter(kept -> kept.cell().cohorts().stream().map(CohortId::value).toList())
                      .setter((row, cohorts) -> row.cohorts = cohorts))
          .addAttribute(
              String.class,
              a ->
                  a.name("formed")
                      .getter(kept -> kept.cell().formed().name())
                      .setter((row, formed) -> row.formed = formed))
          .addAttribute(
              Integer.class,
              a ->
                  a.name("count")
                      .getter(kept -> kept.cell().count())
                      .setter((row, count) -> row.count = count))
          .addAttribute(
              Long.class,
              a ->
                  a.name("energyKWh")
                      .getter(UsageTable::energyKWh)
                      .setter((row, energyKWh) -> row.energyKWh = energyKWh))
          .addAttribute(
              Long.class,
              a ->
                  a.name("expiresAt")
                      .getter(kept -> kept.expiresAt().getEpochSecond())
                      .setter((row, expiresAt) -> row.expiresAt = expiresAt))
          .build();

  private static final String ACROSS_DISTRICTS = "*";
  private static final String LATE = "late/";
  private static final int HOUR_LENGTH = "2013-01-01T00".length();

  /// DynamoDB's own limit.
  private static final int BATCH_MAX = 25;

  private static final int BATCHES_AT_ONCE = 8;

  /// How often what DynamoDB leaves of a batch is tried.
  private static final int TRIES_MAX = 6;

  private final DynamoDbEnhancedClient client;
  private final DynamoDbTable<Kept> table;

  /// @param dynamoDb what it is reached through
  /// @param name the table's physical name
  public UsageTable(DynamoDbClient dynamoDb, String name) {
    client = DynamoDbEnhancedClient.builder().dynamoDbClient(dynamoDb).build();
    table = client.table(name, SCHEMA);
  }

  /// Keeps those of some cells that are not there.
  ///
  /// Whoever releases a block makes the same cells of it, so two that do it at once write the same
  /// twice; what is there already is never written over by one who comes later, with the tenant's
  /// setting of that day.
  ///
  /// @param cells of the tenant
  /// @param from the first hour of any of them
  /// @param until the first hour after all of them
  /// @param tenant says how long they are kept
  public void putMissing(
      Collection<ReleasedCell> cells, Instant from, Instant until, Tenant tenant) {
    put(missing(cells, from, until), tenant);
  }

  /// Keeps some cells, of which none is there.
  ///
  /// @param cells of the tenant
  /// @param tenant says how long they are kept
  public void put(Collection<ReleasedCell> cells, Tenant tenant) {
    cells.stream()
        .map(cell -> new Kept(cell, tenant.expiry(cell.start())))
        .gather(Gatherers.windowFixed(BATCH_MAX))
        .gather(Gatherers.mapConcurrent(BATCHES_AT_ONCE, this::putAll))
        .forEach(_ -> {});
  }

  /// Puts a batch; of which DynamoDB may leave some to be put again.
  ///
  /// @return how often it took
  private int putAll(List<Kept> batch) {
    List<Kept> left = batch;
    for (int tried = 1; ; tried++) {
      var writes = WriteBatch.builder(Kept.class).mappedTableResource(table);
      left.forEach(writes::addPutItem);
      left =
          client
              .batchWriteItem(write -> write.addWriteBatch(writes.build()))
              .unprocessedPutItemsForTable(table);
      if (left.isEmpty()) {
        return tried;
      }
      if (tried == TRIES_MAX) {
        throw SdkClientException.create("cells that DynamoDB leaves unwritten");
      }
      Pauses.after(tried);
    }
  }

  /// The cells of a district, or of several districts together, in the order of time.
  ///
  /// @param tenant as it is now: what it no longer keeps is passed over, even if it was written
  ///   with a later expiry
  /// @param district which; none for cells of several districts
  /// @param from the first hour
  /// @param until the first hour no longer wanted
  /// @param now what had expired by then is passed over, though DynamoDB may not have deleted it
  public Stream<ReleasedCell> read(
      Tenant tenant, Optional<DistrictId> district, Instant from, Instant until, Instant now) {
    String scope = scope(tenant.id(), district);
    return table
        .query(query ->
            query.queryConditional(
                QueryConditional.sortBetween(key(scope, from), key(scope, until))))
        .items()
        .stream()
        .filter(kept -> kept.cell().start().isBefore(until))
        .filter(kept -> kept.expiresAt().isAfter(now))
        .filter(kept -> tenant.expiry(kept.cell().start()).isAfter(now))
        .map(Kept::cell);
  }

  /// Those of some cells that are not there, expired or not, read consistently.
  ///
  /// @param cells of one tenant; only their places matter
  /// @param from the first hour of any of them
  /// @param until the first hour after all of them
  public List<ReleasedCell> missing(Collection<ReleasedCell> cells, Instant from, Instant until) {
    Map<String, Set<String>> there =
        cells.stream()
            .map(cell -> scope(cell.tenant(), cell.district()))
            .distinct()
            .collect(toMap(scope -> scope, scope -> present(scope, from, until)));
    return cells.stream()
        .filter(cell ->
            !there
                .getOrDefault(scope(cell.tenant(), cell.district()), Set.of())
                .contains(sortKey(cell)))
        .toList();
  }

  private Set<String> present(String scope, Instant from, Instant until) {
    return table
        .query(query ->
            query
                .consistentRead(true)
                .queryConditional(
                    QueryConditional.sortBetween(key(scope, from), key(scope, until))))
        .items()
        .stream()
        .map(kept -> sortKey(kept.cell()))
        .collect(toSet());
  }

  private static String sortKey(ReleasedCell cell) {
    return hour(cell.start())
        + "/"
        + (cell.formed() == Formed.LATE ? LATE : "")
        + cell.cohorts().getFirst().value();
  }

  private static Key key(String scope, Instant hour) {
    return Key.builder().partitionValue(scope).sortValue(hour(hour)).build();
  }

  private static String hour(Instant instant) {
    return instant.toString().substring(0, HOUR_LENGTH);
  }

  private static String scope(TenantId tenant, Optional<DistrictId> district) {
    return tenant + "/" + district.map(DistrictId::value).orElse(ACROSS_DISTRICTS);
  }

  private static @Nullable Long energyKWh(Kept kept) {
    OptionalLong energyKWh = kept.cell().energyKWh();
    return energyKWh.isPresent() ? energyKWh.getAsLong() : null;
  }

  private static final class Row {
    private @Nullable String scope;
    private @Nullable String cell;
    private int hours;
    private List<String> cohorts = List.of();
    private @Nullable String formed;
    private int count;
    private @Nullable Long energyKWh;
    private long expiresAt;

    Kept toKept() {
      String[] place = Objects.requireNonNull(scope, "scope").split("/", -1);
      String hour = Objects.requireNonNull(cell, "cell").substring(0, HOUR_LENGTH);
      return new Kept(
          new ReleasedCell(
              new TenantId(place[0]),
              place[1].equals(ACROSS_DISTRICTS)
                  ? Optional.empty()
                  : Optional.of(new DistrictId(place[1])),
              Instant.parse(hour + ":00:00Z"),
              hours,
              cohorts.stream().map(CohortId::new).toList(),
              Formed.valueOf(Objects.requireNonNull(formed, "formed")),
              count,
              energyKWh == null ? OptionalLong.empty() : OptionalLong.of(energyKWh)),
          Instant.ofEpochSecond(expiresAt));
    }
  }
}

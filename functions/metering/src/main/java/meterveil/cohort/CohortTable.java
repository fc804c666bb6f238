package meterveil.cohort;

import static software.amazon.awssdk.enhanced.dynamodb.mapper.StaticAttributeTags.primaryPartitionKey;
import static software.amazon.awssdk.enhanced.dynamodb.mapper.StaticAttributeTags.primarySortKey;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import meterveil.block.BlockLength;
import meterveil.block.Epoch;
import meterveil.energy.Commodity;
import meterveil.tenant.TenantId;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.enhanced.dynamodb.DynamoDbEnhancedClient;
import software.amazon.awssdk.enhanced.dynamodb.DynamoDbTable;
import software.amazon.awssdk.enhanced.dynamodb.Expression;
import software.amazon.awssdk.enhanced.dynamodb.Key;
import software.amazon.awssdk.enhanced.dynamodb.TableSchema;
import software.amazon.awssdk.enhanced.dynamodb.mapper.StaticImmutableTableSchema;
import software.amazon.awssdk.enhanced.dynamodb.model.QueryConditional;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.ReturnValuesOnConditionCheckFailure;

/// The `Cohorts` table. A cohort is written once and never changed, so what was read stays right
/// and is kept in memory.
///
/// Safe for use by many threads. Every method throws SdkException when DynamoDB did not answer.
public final class CohortTable {

  /// How long a cohort is known after its epoch, for those who read its cells.
  public static final Duration KEPT_AFTER_EPOCH = Duration.ofDays(400);

  /// The most cohorts kept in memory.
  private static final int REMEMBERED_MAX = 10_000;

  /// Also read by the infrastructure's tests, which hold the deployed keys to it.
  public static final TableSchema<Cohort> SCHEMA =
      StaticImmutableTableSchema.builder(Cohort.class, Row.class)
          .newItemBuilder(Row::new, Row::toCohort)
          .addAttribute(
              String.class,
              a ->
                  a.name("tenant")
                      .getter(cohort -> cohort.tenant().value())
                      .setter((row, tenant) -> row.tenant = tenant)
                      .tags(primaryPartitionKey()))
          .addAttribute(
              String.class,
              a ->
                  a.name("cohort")
                      .getter(cohort -> cohort.id().value())
                      .setter((row, cohort) -> row.cohort = cohort)
                      .tags(primarySortKey()))
          .addAttribute(
              String.class,
              a ->
                  a.name("district")
                      .getter(cohort -> cohort.district().value())
                      .setter((row, district) -> row.district = district))
          .addAttribute(
              String.class,
              a ->
                  a.name("tariffClass")
                      .getter(cohort -> cohort.tariffClass().name())
                      .setter((row, tariffClass) -> row.tariffClass = tariffClass))
          .addAttribute(
              String.class,
              a ->
                  a.name("commodity")
                      .getter(cohort -> cohort.commodity().name())
                      .setter((row, commodity) -> row.commodity = commodity))
          .addAttribute(
              Integer.class,
              a ->
                  a.name("members")
                      .getter(Cohort::members)
                      .setter((row, members) -> row.members = members))
          .addAttribute(
              Integer.class,
              a ->
                  a.name("blockHours")
                      .getter(cohort -> cohort.blockLength().hours())
                      .setter((row, blockHours) -> row.blockHours = blockHours))
          .addAttribute(
              Long.class,
              a ->
                  a.name("expiresAt")
                      .getter(cohort ->
                          cohort.id().epoch().end().plus(KEPT_AFTER_EPOCH).getEpochSecond())
                      .setter((row, expiresAt) -> {}))
          .build();

  private static final Expression ABSENT =
      Expression.builder().expression("attribute_not_exists(tenant)").build();

  private final DynamoDbTable<Cohort> table;
  private final Map<TenantCohort, Cohort> remembered = new ConcurrentHashMap<>();

  private record TenantCohort(TenantId tenant, CohortId id) {}

  /// @param dynamoDb what it is reached through
  /// @param name the table's physical name
  public CohortTable(DynamoDbClient dynamoDb, String name) {
    table = DynamoDbEnhancedClient.builder().dynamoDbClient(dynamoDb).build().table(name, SCHEMA);
  }

  /// Keeps a cohort. Putting the same one again changes nothing.
  ///
  /// @throws IllegalStateException if the name stands for another cohort already
  public void put(Cohort cohort) {
    try {
      table.putItem(put ->
          put.item(cohort)
              .conditionExpression(ABSENT)
              .returnValuesOnConditionCheckFailure(ReturnValuesOnConditionCheckFailure.ALL_OLD));
    } catch (ConditionalCheckFailedException there) {
      if (!cohort.equals(SCHEMA.mapToItem(there.item()))) {
        throw new IllegalStateException(
            "cohort %s of %s is there already and is another one"
                .formatted(cohort.id(), cohort.tenant()));
      }
    }
  }

  /// The cohort of that name.
  public Optional<Cohort> find(TenantId tenant, CohortId id) {
    var key = new TenantCohort(tenant, id);
    Cohort known = remembered.get(key);
    if (known != null) {
      return Optional.of(known);
    }
    Optional<Cohort> found =
        Optional.ofNullable(
            table.getItem(
                get -> get.key(k -> k.partitionValue(tenant.value()).sortValue(id.value()))));
    if (remembered.size() < REMEMBERED_MAX) {
      found.ifPresent(cohort -> remembered.put(key, cohort));
    }
    return found;
  }

  /// Every cohort of a tenant in an epoch, in the order of their names.
  public List<Cohort> of(TenantId tenant, Epoch epoch) {
    return table
        .query(query ->
            query
                .consistentRead(true)
                .queryConditional(
                    QueryConditional.sortBeginsWith(
                        Key.builder()
                            .partitionValue(tenant.value())
                            .sortValue(CohortId.prefix(epoch))
                            .build())))
        .items()
        .stream()
        .toList();
  }

  private static final class Row {
    private @Nullable String tenant;
    private @Nullable String cohort;
    private @Nullable String district;
    private @Nullable String tariffClass;
    private @Nullable String commodity;
    private @Nullable Integer members;
    private @Nullable Integer blockHours;

    Cohort toCohort() {
      return new Cohort(
          new TenantId(Objects.requireNonNull(tenant, "tenant")),
          new CohortId(Objects.requireNonNull(cohort, "cohort")),
          new DistrictId(Objects.requireNonNull(district, "district")),
          TariffClass.valueOf(Objects.requireNonNull(tariffClass, "tariffClass")),
          Commodity.valueOf(Objects.requireNonNull(commodity, "commodity")),
          Objects.requireNonNull(members, "members"),
          BlockLength.ofHours(Objects.requireNonNull(blockHours, "blockHours")));
    }
  }
}

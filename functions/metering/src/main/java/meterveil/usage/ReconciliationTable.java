package meterveil.usage;

import static software.amazon.awssdk.enhanced.dynamodb.mapper.StaticAttributeTags.primaryPartitionKey;
import static software.amazon.awssdk.enhanced.dynamodb.mapper.StaticAttributeTags.primarySortKey;

import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import meterveil.tenant.Tenant;
import meterveil.tenant.TenantId;
import meterveil.usage.Reconciliation.Figures;
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

/// The `Reconciliations` table: one record for each tenant and closed day.
///
/// Safe for use by many threads. Every method throws SdkException when DynamoDB did not answer.
public final class ReconciliationTable {

  /// A row of the table.
  ///
  /// @param reconciliation the record
  /// @param expiresAt when DynamoDB may delete it
  public record Kept(Reconciliation reconciliation, Instant expiresAt) {}

  /// Also read by the infrastructure's tests, which hold the deployed keys to it.
  public static final TableSchema<Kept> SCHEMA =
      StaticImmutableTableSchema.builder(Kept.class, Row.class)
          .newItemBuilder(Row::new, Row::toKept)
          .addAttribute(
              String.class,
              a ->
                  a.name("tenant")
                      .getter(kept -> kept.reconciliation().tenant().value())
                      .setter((row, tenant) -> row.tenant = tenant)
                      .tags(primaryPartitionKey()))
          .addAttribute(
              String.class,
              a ->
                  a.name("day")
                      .getter(kept -> kept.reconciliation().day().toString())
                      .setter((row, day) -> row.day = day)
                      .tags(primarySortKey()))
          .addAttribute(
              Long.class,
              a ->
                  a.name("acceptedWh")
                      .getter(kept -> figure(kept, Figures::acceptedWh))
                      .setter((row, acceptedWh) -> row.acceptedWh = acceptedWh))
          .addAttribute(
              Long.class,
              a ->
                  a.name("releasedWh")
                      .getter(kept -> figure(kept, Figures::releasedWh))
                      .setter((row, releasedWh) -> row.releasedWh = releasedWh))
          .addAttribute(
              Long.class,
              a ->
                  a.name("lateWh")
                      .getter(kept -> figure(kept, Figures::lateWh))
                      .setter((row, lateWh) -> row.lateWh = lateWh))
          .addAttribute(
              Long.class,
              a ->
                  a.name("withheldWh")
                      .getter(kept -> figure(kept, Figures::withheldWh))
                      .setter((row, withheldWh) -> row.withheldWh = withheldWh))
          .addAttribute(
              Long.class,
              a ->
                  a.name("expiresAt")
                      .getter(kept -> kept.expiresAt().getEpochSecond())
                      .setter((row, expiresAt) -> row.expiresAt = expiresAt))
          .build();

  private static final Expression ABSENT =
      Expression.builder().expression("attribute_not_exists(tenant)").build();

  private final DynamoDbTable<Kept> table;

  /// @param dynamoDb what it is reached through
  /// @param name the table's physical name
  public ReconciliationTable(DynamoDbClient dynamoDb, String name) {
    table = DynamoDbEnhancedClient.builder().dynamoDbClient(dynamoDb).build().table(name, SCHEMA);
  }

  /// Keeps a day's record, unless it is there.
  ///
  /// @param tenant says how long
  /// @return false if it was there
  public boolean putFirst(Reconciliation reconciliation, Tenant tenant) {
    Instant start = reconciliation.day().atStartOfDay(ZoneOffset.UTC).toInstant();
    try {
      table.putItem(put ->
          put.item(new Kept(reconciliation, tenant.expiry(start))).conditionExpression(ABSENT));
      return true;
    } catch (ConditionalCheckFailedException _) {
      return false;
    }
  }

  /// The record of a day, read consistently, expired or not.
  public Optional<Reconciliation> find(TenantId tenant, LocalDate day) {
    return Optional.ofNullable(
            table.getItem(get ->
                get.consistentRead(true)
                    .key(key -> key.partitionValue(tenant.value()).sortValue(day.toString()))))
        .map(Kept::reconciliation);
  }

  /// The records of a tenant in the order of time.
  ///
  /// @param tenant as it is now: what it no longer keeps is passed over
  /// @param now what had expired by then is passed over
  public Stream<Reconciliation> read(Tenant tenant, Instant now) {
    return table
        .query(
            QueryConditional.keyEqualTo(Key.builder().partitionValue(tenant.id().value()).build()))
        .items()
        .stream()
        .filter(kept -> kept.expiresAt().isAfter(now))
        .map(Kept::reconciliation)
        .filter(
            it -> tenant.expiry(it.day().atStartOfDay(ZoneOffset.UTC).toInstant()).isAfter(now));
  }

  private static @Nullable Long figure(Kept kept, Function<Figures, Long> which) {
    return kept.reconciliation().figures().map(which).orElse(null);
  }

  private static final class Row {
    private @Nullable String tenant;
    private @Nullable String day;
    private @Nullable Long acceptedWh;
    private @Nullable Long releasedWh;
    private @Nullable Long lateWh;
    private @Nullable Long withheldWh;
    private long expiresAt;

    Kept toKept() {
      Optional<Figures> figures =
          acceptedWh == null || releasedWh == null || lateWh == null || withheldWh == null
              ? Optional.empty()
              : Optional.of(new Figures(acceptedWh, releasedWh, lateWh, withheldWh));
      return new Kept(
          new Reconciliation(
              new TenantId(Objects.requireNonNull(tenant, "tenant")),
              LocalDate.parse(Objects.requireNonNull(day, "day")),
              figures),
          Instant.ofEpochSecond(expiresAt));
    }
  }
}

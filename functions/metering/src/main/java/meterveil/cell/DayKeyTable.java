package meterveil.cell;

import static software.amazon.awssdk.enhanced.dynamodb.mapper.StaticAttributeTags.primaryPartitionKey;
import static software.amazon.awssdk.enhanced.dynamodb.mapper.StaticAttributeTags.primarySortKey;

import java.time.LocalDate;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import meterveil.block.Times;
import meterveil.tenant.TenantId;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkBytes;
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

/// The `DayKeys` table: one wrapped key for each tenant and day, and an empty marker once the day
/// is closed.
///
/// Safe for use by many threads.
public final class DayKeyTable {

  /// A row of the table.
  ///
  /// @param tenant whose day
  /// @param day a UTC day
  /// @param wrapped the key as KMS wrapped it; nothing once the day is closed
  public record WrappedKey(TenantId tenant, LocalDate day, Optional<SdkBytes> wrapped) {}

  /// Also read by the infrastructure's tests, which hold the deployed keys to it.
  public static final TableSchema<WrappedKey> SCHEMA =
      StaticImmutableTableSchema.builder(WrappedKey.class, Row.class)
          .newItemBuilder(Row::new, Row::toKey)
          .addAttribute(
              String.class,
              a ->
                  a.name("tenant")
                      .getter(key -> key.tenant().value())
                      .setter((row, tenant) -> row.tenant = tenant)
                      .tags(primaryPartitionKey()))
          .addAttribute(
              String.class,
              a ->
                  a.name("day")
                      .getter(key -> key.day().toString())
                      .setter((row, day) -> row.day = day)
                      .tags(primarySortKey()))
          .addAttribute(
              SdkBytes.class,
              a ->
                  a.name("wrapped")
                      .getter(key -> key.wrapped().orElse(null))
                      .setter((row, wrapped) -> row.wrapped = wrapped))
          .addAttribute(
              Long.class,
              a ->
                  a.name("expiresAt").getter(DayKeyTable::expiresAt).setter((row, expiresAt) -> {}))
          .build();

  private static final Expression ABSENT =
      Expression.builder().expression("attribute_not_exists(tenant)").build();

  private final DynamoDbTable<WrappedKey> table;

  /// @param dynamoDb what it is reached through
  /// @param name the table's physical name
  public DayKeyTable(DynamoDbClient dynamoDb, String name) {
    table = DynamoDbEnhancedClient.builder().dynamoDbClient(dynamoDb).build().table(name, SCHEMA);
  }

  private static @Nullable Long expiresAt(WrappedKey key) {
    return key.wrapped().isPresent()
        ? null
        : Times.end(key.day())
            .plus(Times.CLOSED_AFTER)
            .plus(OpenBlockTable.MARKER_KEPT)
            .getEpochSecond();
  }

  /// The key or the marker of a day, read consistently.
  Optional<WrappedKey> find(TenantId tenant, LocalDate day) {
    return Optional.ofNullable(
        table.getItem(get ->
            get.consistentRead(true)
                .key(key -> key.partitionValue(tenant.value()).sortValue(day.toString()))));
  }

  /// Keeps a new key, unless another was first.
  ///
  /// @return the key that is there from now on, or the marker: its own or the first
  WrappedKey putFirst(WrappedKey key) {
    try {
      table.putItem(put ->
          put.item(key)
              .conditionExpression(ABSENT)
              .returnValuesOnConditionCheckFailure(ReturnValuesOnConditionCheckFailure.ALL_OLD));
      return key;
    } catch (ConditionalCheckFailedException another) {
      return SCHEMA.mapToItem(another.item());
    }
  }

  /// Destroys the key of a day and leaves a marker.
  public void close(TenantId tenant, LocalDate day) {
    table.putItem(new WrappedKey(tenant, day, Optional.empty()));
  }

  /// The days of a tenant that are not closed, in order.
  public List<LocalDate> openDays(TenantId tenant) {
    return table
        .query(query ->
            query
                .consistentRead(true)
                .queryConditional(
                    QueryConditional.keyEqualTo(
                        Key.builder().partitionValue(tenant.value()).build())))
        .items()
        .stream()
        .filter(key -> key.wrapped().isPresent())
        .map(WrappedKey::day)
        .toList();
  }

  private static final class Row {
    private @Nullable String tenant;
    private @Nullable String day;
    private @Nullable SdkBytes wrapped;

    WrappedKey toKey() {
      return new WrappedKey(
          new TenantId(Objects.requireNonNull(tenant, "tenant")),
          LocalDate.parse(Objects.requireNonNull(day, "day")),
          Optional.ofNullable(wrapped));
    }
  }
}

package meterveil.tenant;

import static software.amazon.awssdk.enhanced.dynamodb.mapper.StaticAttributeTags.primaryPartitionKey;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import meterveil.block.BlockLength;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.enhanced.dynamodb.DynamoDbEnhancedClient;
import software.amazon.awssdk.enhanced.dynamodb.DynamoDbTable;
import software.amazon.awssdk.enhanced.dynamodb.Expression;
import software.amazon.awssdk.enhanced.dynamodb.TableSchema;
import software.amazon.awssdk.enhanced.dynamodb.mapper.StaticImmutableTableSchema;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.ReturnValuesOnConditionCheckFailure;

/// The `Tenants` table.
///
/// Safe for use by many threads. Every method throws SdkException when DynamoDB did not answer.
public final class TenantTable {

  /// Also read by the infrastructure's tests, which hold the deployed keys to it.
  public static final TableSchema<Tenant> SCHEMA =
      StaticImmutableTableSchema.builder(Tenant.class, Row.class)
          .newItemBuilder(Row::new, Row::toTenant)
          .addAttribute(
              String.class,
              a ->
                  a.name("tenant")
                      .getter(tenant -> tenant.id().value())
                      .setter((row, tenant) -> row.tenant = tenant)
                      .tags(primaryPartitionKey()))
          .addAttribute(
              Long.class,
              a ->
                  a.name("retentionDays")
                      .getter(tenant -> tenant.retention().toDays())
                      .setter((row, retentionDays) -> row.retentionDays = retentionDays))
          .addAttribute(
              Integer.class,
              a ->
                  a.name("blockHours")
                      .getter(tenant -> tenant.blockLength().hours())
                      .setter((row, blockHours) -> row.blockHours = blockHours))
          .build();

  private static final Expression ABSENT =
      Expression.builder().expression("attribute_not_exists(tenant)").build();

  private final DynamoDbTable<Tenant> table;

  /// @param dynamoDb what it is reached through
  /// @param name the table's physical name
  public TenantTable(DynamoDbClient dynamoDb, String name) {
    table = DynamoDbEnhancedClient.builder().dynamoDbClient(dynamoDb).build().table(name, SCHEMA);
  }

  /// Keeps a tenant that is new.
  ///
  /// @return false if it is there already; then what it has chosen stays
  public boolean add(Tenant tenant) {
    try {
      table.putItem(put -> put.item(tenant).conditionExpression(ABSENT));
      return true;
    } catch (ConditionalCheckFailedException _) {
      return false;
    }
  }

  /// Puts a tenant's new choice in place of the one that was read. Of two that read the same, the
  /// first is kept and the second is told, so that neither undoes the other unseen.
  ///
  /// @return false if it is neither as it was read nor as it is to be, or not there
  public boolean replace(Tenant read, Tenant chosen) {
    try {
      table.putItem(put ->
          put.item(chosen)
              .conditionExpression(is(read))
              .returnValuesOnConditionCheckFailure(ReturnValuesOnConditionCheckFailure.ALL_OLD));
      return true;
    } catch (ConditionalCheckFailedException there) {
      return chosen.equals(SCHEMA.mapToItem(there.item())); // the answer before was lost
    }
  }

  private static Expression is(Tenant tenant) {
    String blockHours =
        tenant.blockLength() == Tenant.BLOCK_LENGTH
            ? "(blockHours = :blockHours OR attribute_not_exists(blockHours))"
            : "blockHours = :blockHours";
    return Expression.builder()
        .expression("tenant = :tenant AND retentionDays = :retentionDays AND " + blockHours)
        .expressionValues(
            Map.of(
                ":tenant",
                AttributeValue.fromS(tenant.id().value()),
                ":retentionDays",
                AttributeValue.fromN(Long.toString(tenant.retention().toDays())),
                ":blockHours",
                AttributeValue.fromN(Integer.toString(tenant.blockLength().hours()))))
        .build();
  }

  /// The tenant of that name.
  public Optional<Tenant> find(TenantId id) {
    return Optional.ofNullable(
        table.getItem(get -> get.key(key -> key.partitionValue(id.value()))));
  }

  /// Every tenant.
  public List<Tenant> all() {
    return table.scan().items().stream().toList();
  }

  private static final class Row {
    private @Nullable String tenant;
    private @Nullable Long retentionDays;

    /// An item of before it could be chosen has none.
    private int blockHours = Tenant.BLOCK_LENGTH.hours();

    Tenant toTenant() {
      return new Tenant(
          new TenantId(Objects.requireNonNull(tenant, "tenant")),
          Duration.ofDays(Objects.requireNonNull(retentionDays, "retentionDays")),
          BlockLength.ofHours(blockHours));
    }
  }
}

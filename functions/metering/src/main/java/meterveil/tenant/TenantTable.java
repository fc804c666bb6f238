package meterveil.tenant;

import static software.amazon.awssdk.enhanced.dynamodb.mapper.StaticAttributeTags.primaryPartitionKey;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.enhanced.dynamodb.DynamoDbEnhancedClient;
import software.amazon.awssdk.enhanced.dynamodb.DynamoDbTable;
import software.amazon.awssdk.enhanced.dynamodb.TableSchema;
import software.amazon.awssdk.enhanced.dynamodb.mapper.StaticImmutableTableSchema;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

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
          .build();

  private final DynamoDbTable<Tenant> table;

  /// @param dynamoDb what it is reached through
  /// @param name the table's physical name
  public TenantTable(DynamoDbClient dynamoDb, String name) {
    table = DynamoDbEnhancedClient.builder().dynamoDbClient(dynamoDb).build().table(name, SCHEMA);
  }

  /// Keeps a tenant, in place of what was known of it.
  public void put(Tenant tenant) {
    table.putItem(tenant);
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

    Tenant toTenant() {
      return new Tenant(
          new TenantId(Objects.requireNonNull(tenant, "tenant")),
          Duration.ofDays(Objects.requireNonNull(retentionDays, "retentionDays")));
    }
  }
}

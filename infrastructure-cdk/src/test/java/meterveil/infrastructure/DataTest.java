package meterveil.infrastructure;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import meterveil.cell.DayKeyTable;
import meterveil.cell.OpenBlockTable;
import meterveil.cohort.CohortTable;
import meterveil.infrastructure.Templates.Resource;
import meterveil.meter.MeterTable;
import meterveil.opendata.OpenDataTable;
import meterveil.plan.AssignmentTable;
import meterveil.status.DeviceStatusTable;
import meterveil.tenant.TenantTable;
import meterveil.usage.GroupingTable;
import meterveil.usage.ReconciliationTable;
import meterveil.usage.UsageTable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awscdk.assertions.Template;
import software.amazon.awssdk.enhanced.dynamodb.TableSchema;

/// The tables and keys that stay.
class DataTest {

  @ParameterizedTest
  @CsvSource({
    "OpenBlocks,      c,      b,      e,         ConsumptionKey",
    "DayKeys,         tenant, day,    expiresAt, ConsumptionKey",
    "Groupings,       tenant, block,  expiresAt, ConsumptionKey",
    "Usage,           scope,  cell,   expiresAt, ConsumptionKey",
    "Reconciliations, tenant, day,    expiresAt, ConsumptionKey",
    "OpenData,        tenant, item,   expiresAt, ConsumptionKey",
    "Tenants,         tenant, '',     '',        ConfigurationKey",
    "Cohorts,         tenant, cohort, expiresAt, ConfigurationKey",
    "DeviceStatus,    tenant, thing,  expiresAt, DeviceKey",
    "Meters,          thing,  '',     '',        DeviceKey",
    "Assignments,     plan,   thing,  expiresAt, DeviceKey"
  })
  @DisplayName(
      "T54 items go when their time to live is over; T31 tables lie under their plane's key")
  void hasTheTable(String id, String partitionKey, String sortKey, String timeToLive, String key) {
    var table = table(id);

    assertThat(keys(table))
        .isEqualTo(sortKey.isEmpty() ? List.of(partitionKey) : List.of(partitionKey, sortKey));
    assertThat(timeToLive(table)).isEqualTo(timeToLive);
    assertThat(table.textAt("SSESpecification", "SSEType")).isEqualTo("KMS");
    assertThat(Synthesis.dev().named(table.textAt("SSESpecification", "KMSMasterKeyId")))
        .hasValueSatisfying(named -> assertThat(named.construct()).isEqualTo(key));
    assertThat(table.at("TableName")).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("stores")
  void hasTheKeysThatItsStoreWrites(Store store) {
    assertThat(keys(table(store.id()))).isEqualTo(store.keys());
  }

  @ParameterizedTest
  @MethodSource("stores")
  void findsATableWithOtherKeysThanItsStoreWrites(Store store) {
    for (var key = 0; key < store.keys().size(); key++) {
      var changed =
          Changes.set(
              Synthesis.dev(),
              store.id(),
              "other",
              "Properties",
              "KeySchema",
              key,
              "AttributeName");

      assertThat(keys(Changes.resource(changed, store.id()))).isNotEqualTo(store.keys());
    }
  }

  @ParameterizedTest
  @MethodSource("stores")
  @DisplayName("T54 items go by an attribute that their store writes")
  void letsItemsGoByAnAttributeThatItsStoreWrites(Store store) {
    assertThat(store.writes(timeToLive(table(store.id()))))
        .isEqualTo(!Set.of("Tenants", "Meters").contains(store.id()));
  }

  @ParameterizedTest
  @MethodSource("stores")
  void findsATableWhoseItemsGoByAnotherAttributeThanItsStoreWrites(Store store) {
    var changed =
        Changes.set(
            Synthesis.dev(),
            store.id(),
            "other",
            "Properties",
            "TimeToLiveSpecification",
            "AttributeName");

    assertThat(store.writes(timeToLive(Changes.resource(changed, store.id())))).isFalse();
  }

  @Test
  void leavesOutNoStore() {
    assertThat(stores().map(Store::id))
        .containsExactlyInAnyOrderElementsOf(
            Synthesis.dev().ofType("AWS::DynamoDB::Table").stream()
                .map(Resource::construct)
                .toList());
  }

  /// What a store takes its table to be.
  ///
  /// @param timesToLive the attributes that its items may go by
  private record Store(String id, List<String> keys, List<String> timesToLive) {

    Store(String id, TableSchema<?> schema) {
      this(id, DataTest.keys(schema), schema.attributeNames());
    }

    boolean writes(String timeToLive) {
      return timesToLive.contains(timeToLive);
    }

    @Override
    public String toString() {
      return id;
    }
  }

  static Stream<Store> stores() {
    return Stream.of(
        new Store(
            "OpenBlocks",
            List.of(OpenBlockTable.PARTITION_KEY, OpenBlockTable.SORT_KEY),
            List.of(OpenBlockTable.TIME_TO_LIVE)),
        new Store("DayKeys", DayKeyTable.SCHEMA),
        new Store("Groupings", GroupingTable.SCHEMA),
        new Store("Usage", UsageTable.SCHEMA),
        new Store("Reconciliations", ReconciliationTable.SCHEMA),
        new Store(
            "OpenData",
            List.of(OpenDataTable.PARTITION_KEY, OpenDataTable.SORT_KEY),
            List.of(OpenDataTable.TIME_TO_LIVE)),
        new Store("Tenants", TenantTable.SCHEMA),
        new Store("Cohorts", CohortTable.SCHEMA),
        new Store(
            "DeviceStatus",
            List.of(DeviceStatusTable.PARTITION_KEY, DeviceStatusTable.SORT_KEY),
            List.of(DeviceStatusTable.TIME_TO_LIVE)),
        new Store("Meters", MeterTable.SCHEMA),
        new Store(
            "Assignments",
            List.of(AssignmentTable.PARTITION_KEY, AssignmentTable.SORT_KEY),
            List.of(AssignmentTable.TIME_TO_LIVE)));
  }

  @Test
  void keepsTablesAndKeysWhenTheStackOfProdGoes() {
    assertThat(stores(Synthesis.prod()))
        .filteredOn(kept -> !kept.construct().equals("OperatorKey"))
        .isNotEmpty()
        .allSatisfy(kept -> assertThat(removal(kept)).containsExactly("Retain", "Retain"));
    assertThat(Synthesis.prod().ofType("AWS::DynamoDB::Table"))
        .allSatisfy(
            table -> assertThat(table.textAt("DeletionProtectionEnabled")).isEqualTo("true"));
  }

  @Test
  void leavesNothingOfDevButTheRegistrysKeyAndTheTrail() {
    var kept = Set.of("RegistryKey", "TrailKey", "TrailBucket");
    assertThat(stores(Synthesis.dev()))
        .filteredOn(store -> !kept.contains(store.construct()))
        .isNotEmpty()
        .allSatisfy(store -> assertThat(removal(store)).containsExactly("Delete", "Delete"));
    assertThat(Synthesis.dev().ofType("AWS::DynamoDB::Table"))
        .allSatisfy(
            table -> assertThat(table.textAt("DeletionProtectionEnabled")).isEqualTo("false"));
  }

  @Test
  void keepsTheTrailAndWhoMayReadIt() {
    for (var id : List.of("TrailBucket", "TrailBucketPolicy", "TrailKey")) {
      assertThat(removal(Changes.resource(Synthesis.dev(), id)))
          .as(id)
          .containsExactly("Retain", "Retain");
    }
  }

  /// The account's registry lies under them, and IoT Core reads it as this role.
  @ParameterizedTest
  @ValueSource(strings = {"RegistryKey", "RegistryRole", "RegistryPolicy", "RegistryEncryption"})
  void keepsWhatIotCoreNeedsToReadItsRegistry(String id) {
    for (var stage : List.of(Synthesis.dev(), Synthesis.prod())) {
      assertThat(removal(Changes.resource(stage, id))).containsExactly("Retain", "Retain");
    }
  }

  @Test
  void restoresWhatCannotBeMadeAgain() {
    var restorable =
        Synthesis.dev().ofType("AWS::DynamoDB::Table").stream()
            .filter(table ->
                table
                    .textAt("PointInTimeRecoverySpecification", "RecoveryPeriodInDays")
                    .equals("7"))
            .map(Resource::construct);

    assertThat(restorable)
        .containsExactlyInAnyOrder(
            "Groupings", "Usage", "Reconciliations", "OpenData", "Tenants", "Cohorts", "Meters");
  }

  @Test
  void findsATenantsMetersByTheIndexThatTheirStoreAsks() {
    assertThat(indexes(table("Meters"))).containsExactly(indexThatTheStoreOfMetersAsks());
  }

  @ParameterizedTest
  @MethodSource("partsOfAnIndex")
  void findsAnIndexThatTheirStoreDoesNotAsk(List<Object> part) {
    var changed =
        Changes.set(
            Synthesis.dev(),
            "Meters",
            "OTHER",
            Stream.concat(Stream.of("Properties", "GlobalSecondaryIndexes", 0), part.stream())
                .toArray());

    assertThat(indexes(Changes.resource(changed, "Meters")))
        .isNotEmpty()
        .doesNotContain(indexThatTheStoreOfMetersAsks());
  }

  static Stream<List<Object>> partsOfAnIndex() {
    return Stream.of(
        List.of("IndexName"),
        List.of("KeySchema", 0, "AttributeName"),
        List.of("KeySchema", 0, "KeyType"),
        List.of("KeySchema", 1, "AttributeName"),
        List.of("KeySchema", 1, "KeyType"),
        List.of("Projection", "ProjectionType"));
  }

  private static Object indexThatTheStoreOfMetersAsks() {
    var keys = MeterTable.SCHEMA.tableMetadata();
    return Map.of(
        "IndexName",
        MeterTable.BY_TENANT,
        "KeySchema",
        List.of(
            Map.of(
                "AttributeName", keys.indexPartitionKey(MeterTable.BY_TENANT), "KeyType", "HASH"),
            Map.of(
                "AttributeName",
                keys.indexSortKey(MeterTable.BY_TENANT).orElseThrow(),
                "KeyType",
                "RANGE")),
        "Projection",
        Map.of("ProjectionType", "ALL"));
  }

  private static List<Object> indexes(Resource table) {
    return Templates.listOf(table.at("GlobalSecondaryIndexes").orElse(null));
  }

  /// Twice a million meters in 300 seconds, for fewer meters too: DynamoDB refuses to go down.
  @ParameterizedTest
  @ValueSource(ints = {600_001, 1_000_000})
  void warmsTablesForAMillionMeters(int metersMax) {
    var stack = new Data(new software.amazon.awscdk.App(), large(metersMax));
    var warm = Map.of("WarmThroughput", Map.of("WriteUnitsPerSecond", 6_667));

    var template = Template.fromStack(stack);

    assertThat(template.findResources("AWS::DynamoDB::Table", Map.of("Properties", warm)).keySet())
        .map(id -> id.substring(0, id.length() - 8))
        .containsExactlyInAnyOrder("OpenBlocks", "Usage");
  }

  @Test
  void paysForNoWarmthThatAStageDoesNotNeed() {
    var stack = new Data(new software.amazon.awscdk.App(), large(600_000));

    assertThat(Template.fromStack(stack).toJSON().toString()).doesNotContain("WarmThroughput");
    assertThat(Synthesis.dev().ofType("AWS::DynamoDB::Table"))
        .allSatisfy(table -> assertThat(table.at("WarmThroughput")).isEmpty());
  }

  private static StageSettings large(int metersMax) {
    var prod = Synthesis.settings("prod");
    return new StageSettings(
        prod.name(),
        prod.account(),
        prod.region(),
        prod.otherRegionAllowed(),
        metersMax,
        prod.recoveryDays(),
        prod.alarmAddress(),
        prod.budgetUsdPerMonth(),
        prod.removal(),
        prod.deletionProtection(),
        prod.authorityPem());
  }

  private static List<Resource> stores(Templates stage) {
    return stage.resources().values().stream()
        .filter(
            resource -> Set.of("AWS::DynamoDB::Table", "AWS::KMS::Key").contains(resource.type()))
        .toList();
  }

  /// What becomes of a resource when its stack goes, and when it is replaced.
  private static List<Object> removal(Resource resource) {
    var definition = resource.definition();
    return Stream.of("DeletionPolicy", "UpdateReplacePolicy")
        .map(policy -> definition.getOrDefault(policy, "Delete"))
        .toList();
  }

  private static Resource table(String id) {
    var table = Changes.resource(Synthesis.dev(), id);
    assertThat(table.type()).isEqualTo("AWS::DynamoDB::Table");
    return table;
  }

  private static String timeToLive(Resource table) {
    return table.textAt("TimeToLiveSpecification", "AttributeName");
  }

  private static List<String> keys(TableSchema<?> schema) {
    var metadata = schema.tableMetadata();
    return Stream.concat(
            Stream.of(metadata.primaryPartitionKey()), metadata.primarySortKey().stream())
        .toList();
  }

  private static List<String> keys(Resource table) {
    return Templates.listOf(table.at("KeySchema").orElse(null)).stream()
        .map(key -> Templates.text(Templates.mapOf(key).get("AttributeName")))
        .toList();
  }
}

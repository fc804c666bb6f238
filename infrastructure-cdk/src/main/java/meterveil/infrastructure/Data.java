package meterveil.infrastructure;

import java.util.List;
import software.amazon.awscdk.RemovalPolicy;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.dynamodb.Attribute;
import software.amazon.awscdk.services.dynamodb.AttributeType;
import software.amazon.awscdk.services.dynamodb.BillingMode;
import software.amazon.awscdk.services.dynamodb.GlobalSecondaryIndexProps;
import software.amazon.awscdk.services.dynamodb.PointInTimeRecoverySpecification;
import software.amazon.awscdk.services.dynamodb.Table;
import software.amazon.awscdk.services.dynamodb.TableEncryption;
import software.amazon.awscdk.services.dynamodb.WarmThroughput;
import software.amazon.awscdk.services.iam.Role;
import software.amazon.awscdk.services.kms.Key;
import software.constructs.Construct;
import software.constructs.IDependable;

/// What the platform keeps: the tables of its planes, and the keys that everything lies under.
///
/// All of it stays when the stack goes, unless the stage is one to throw away. The construct ids of
/// tables and keys are the names the rest of the project knows them by; their physical names are
/// CloudFormation's.
final class Data extends Stack {

  /// A new on-demand table takes this many writes a second unless it is told to expect more.
  private static final int UNTOLD_WRITES_PER_SECOND = 4_000;

  /// What it is told to expect where that is not enough: the same in each such stage, however many
  /// meters it has, because DynamoDB never takes a lower figure than it had before.
  private static final int TOLD_WRITES_PER_SECOND =
      new Load(StageSettings.METERS_MAX).deliveriesPerSecond();

  /// The index that finds a tenant's meters.
  static final String METERS_BY_TENANT = "byTenant";

  // Who may use the key of day keys, and the keys that functions use themselves.
  final Role collectRole;
  final Role releaseRole;
  final Key dayKeyKey;
  final Key logsKey;
  final Key functionsKey;
  final Key registryKey;

  // The consumption plane: cells, never meters.
  final KeyedTable openBlocks;
  final KeyedTable dayKeys;
  final KeyedTable groupings;
  final KeyedTable usage;
  final KeyedTable reconciliations;
  final KeyedTable openData;

  // How a tenant is organised: no thing, no energy.
  final KeyedTable tenants;
  final KeyedTable cohorts;

  // The device plane: what a crew needs, never energy.
  final KeyedTable deviceStatus;
  final KeyedTable meters;
  final KeyedTable assignments;

  private final StageSettings settings;

  Data(Construct scope, StageSettings settings) {
    super(scope, "Data");
    this.settings = settings;
    var removal = removal(settings);

    // A key's policy names its users, so they come before it.
    collectRole = PlatformFunction.role(this, "CollectRole");
    releaseRole = PlatformFunction.role(this, "ReleaseRole");
    dayKeyKey =
        EncryptionKeys.ofDayKeys(this, "DayKeyKey", List.of(collectRole, releaseRole), removal);
    logsKey =
        EncryptionKeys.ofLogs(
            this, "LogsKey", List.of(settings.name() + "-*", BrokerLogs.GROUP), removal);
    functionsKey = EncryptionKeys.ofFunctions(this, "FunctionsKey", removal);

    var consumption =
        EncryptionKeys.ofTables(this, "ConsumptionKey", "The consumption plane", removal);
    openBlocks =
        unrestorable(
            expectingReports(table("OpenBlocks", consumption, "c", "b"), settings.load())
                .timeToLiveAttribute("e"),
            consumption,
            "A backup would be a store of open readings; the meters themselves keep what is open.");
    dayKeys =
        unrestorable(
            table("DayKeys", consumption, "tenant", "day"),
            consumption,
            "A backup would bring back keys that are destroyed when their day closes.");
    groupings = restorable(table("Groupings", consumption, "tenant", "block"), consumption);
    usage =
        restorable(
            expectingReports(table("Usage", consumption, "scope", "cell"), settings.load()),
            consumption);
    reconciliations =
        restorable(table("Reconciliations", consumption, "tenant", "day"), consumption);
    openData = restorable(table("OpenData", consumption, "tenant", "item"), consumption);

    var configuration =
        EncryptionKeys.ofTables(this, "ConfigurationKey", "The configuration", removal);
    tenants = restorable(table("Tenants", configuration, "tenant"), configuration);
    cohorts = restorable(table("Cohorts", configuration, "tenant", "cohort"), configuration);

    var device = EncryptionKeys.ofTables(this, "DeviceKey", "The device plane", removal);
    deviceStatus =
        unrestorable(
            table("DeviceStatus", device, "tenant", "thing"),
            device,
            "A meter's next status replaces a lost one; a backup would outlive its retention.");
    meters = restorable(table("Meters", device, "thing"), device);
    meters
        .table()
        .addGlobalSecondaryIndex(
            GlobalSecondaryIndexProps.builder()
                .indexName(METERS_BY_TENANT)
                .partitionKey(text("tenant"))
                .sortKey(text("thing"))
                .build());
    assignments =
        unrestorable(
            table("Assignments", device, "plan", "thing"),
            device,
            "What was carried out stands in the registry; a backup would tell of former cohorts.");

    // The account's only log group of this name comes first: where it is, there is a stage already.
    // The encryption of its only registry comes last of all: it stays, and a first deployment that
    // failed after it would leave it in the way of the next.
    new BrokerLogs(this, logsKey);
    var before = getNode().getChildren().toArray(IDependable[]::new);
    var registry = new RegistryEncryption(this);
    registry.getNode().addDependency(before);
    registryKey = registry.key;
  }

  private Table.Builder table(String id, Key key, String partitionKey) {
    return Table.Builder.create(this, id)
        .partitionKey(text(partitionKey))
        .billingMode(BillingMode.PAY_PER_REQUEST)
        .encryption(TableEncryption.CUSTOMER_MANAGED)
        .encryptionKey(key)
        .deletionProtection(settings.deletionProtection())
        .removalPolicy(removal(settings));
  }

  private Table.Builder table(String id, Key key, String partitionKey, String sortKey) {
    return table(id, key, partitionKey).sortKey(text(sortKey)).timeToLiveAttribute("expiresAt");
  }

  private static RemovalPolicy removal(StageSettings settings) {
    return switch (settings.removal()) {
      case RETAIN -> RemovalPolicy.RETAIN;
      case DESTROY -> RemovalPolicy.DESTROY;
    };
  }

  private static Attribute text(String name) {
    return Attribute.builder().name(name).type(AttributeType.STRING).build();
  }

  /// A table that takes what all meters send within minutes, or all that comes of it.
  private static Table.Builder expectingReports(Table.Builder table, Load load) {
    return load.deliveriesPerSecond() <= UNTOLD_WRITES_PER_SECOND
        ? table
        : table.warmThroughput(
            WarmThroughput.builder().writeUnitsPerSecond(TOLD_WRITES_PER_SECOND).build());
  }

  private KeyedTable restorable(Table.Builder table, Key key) {
    var recovery =
        PointInTimeRecoverySpecification.builder()
            .pointInTimeRecoveryEnabled(true)
            .recoveryPeriodInDays(settings.recoveryDays())
            .build();
    return new KeyedTable(table.pointInTimeRecoverySpecification(recovery).build(), key);
  }

  private static KeyedTable unrestorable(Table.Builder builder, Key key, String reason) {
    var table = builder.build();
    Nag.accept(table, "AwsSolutions-DDB3", reason);
    return new KeyedTable(table, key);
  }
}

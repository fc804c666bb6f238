package meterveil.release;

import java.security.SecureRandom;
import java.time.Clock;
import meterveil.cell.DayKeyTable;
import meterveil.cell.DayKeys;
import meterveil.cell.OpenBlockTable;
import meterveil.cohort.CohortTable;
import meterveil.opendata.OpenDataTable;
import meterveil.tenant.TenantTable;
import meterveil.usage.GroupingTable;
import meterveil.usage.ReconciliationTable;
import meterveil.usage.UsageTable;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.kms.KmsClient;

/// All that release reads and writes.
///
/// @param tenants whose blocks there are
/// @param cohorts whose cells
/// @param blocks the running totals
/// @param dayKeyTable which days are open
/// @param dayKeys what opens the totals
/// @param groupings what was decided
/// @param usage what is released
/// @param reconciliations what was closed
/// @param openData what everyone may know
record Stores(
    TenantTable tenants,
    CohortTable cohorts,
    OpenBlockTable blocks,
    DayKeyTable dayKeyTable,
    DayKeys dayKeys,
    GroupingTable groupings,
    UsageTable usage,
    ReconciliationTable reconciliations,
    OpenDataTable openData) {

  /// Requests under way at once.
  static final int REQUESTS_AT_ONCE = 16;

  static Stores of(ReleaseSettings settings, DynamoDbClient dynamoDb, KmsClient kms, Clock clock) {
    var dayKeyTable = new DayKeyTable(dynamoDb, settings.dayKeysTable());
    return new Stores(
        new TenantTable(dynamoDb, settings.tenantsTable()),
        new CohortTable(dynamoDb, settings.cohortsTable()),
        new OpenBlockTable(dynamoDb, settings.openBlocksTable()),
        dayKeyTable,
        new DayKeys(dayKeyTable, kms, settings.dayKeyId(), clock),
        new GroupingTable(dynamoDb, settings.groupingsTable()),
        new UsageTable(dynamoDb, settings.usageTable()),
        new ReconciliationTable(dynamoDb, settings.reconciliationsTable()),
        new OpenDataTable(dynamoDb, settings.openDataTable(), new SecureRandom()));
  }
}

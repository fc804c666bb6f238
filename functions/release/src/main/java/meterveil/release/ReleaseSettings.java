package meterveil.release;

import java.util.Map;
import meterveil.connection.Environment;

/// What the function's surroundings tell it.
///
/// @param openBlocksTable name of the table of running totals; from `OPEN_BLOCKS_TABLE`
/// @param dayKeysTable name of the table of wrapped day keys; from `DAY_KEYS_TABLE`
/// @param dayKeyId the KMS key that wraps them; from `DAY_KEY_ID`
/// @param cohortsTable name of the table of cohorts; from `COHORTS_TABLE`
/// @param tenantsTable name of the table of tenants; from `TENANTS_TABLE`
/// @param groupingsTable name of the table of decisions; from `GROUPINGS_TABLE`
/// @param usageTable name of the table of released cells; from `USAGE_TABLE`
/// @param reconciliationsTable name of the table of closed days; from `RECONCILIATIONS_TABLE`
/// @param openDataTable name of the table of figures for everyone; from `OPEN_DATA_TABLE`
public record ReleaseSettings(
    String openBlocksTable,
    String dayKeysTable,
    String dayKeyId,
    String cohortsTable,
    String tenantsTable,
    String groupingsTable,
    String usageTable,
    String reconciliationsTable,
    String openDataTable) {

  /// @throws IllegalStateException if a variable is missing; the function then fails while
  ///   starting, not when it is first called
  public static ReleaseSettings from(Map<String, String> environment) {
    return new ReleaseSettings(
        Environment.required(environment, "OPEN_BLOCKS_TABLE"),
        Environment.required(environment, "DAY_KEYS_TABLE"),
        Environment.required(environment, "DAY_KEY_ID"),
        Environment.required(environment, "COHORTS_TABLE"),
        Environment.required(environment, "TENANTS_TABLE"),
        Environment.required(environment, "GROUPINGS_TABLE"),
        Environment.required(environment, "USAGE_TABLE"),
        Environment.required(environment, "RECONCILIATIONS_TABLE"),
        Environment.required(environment, "OPEN_DATA_TABLE"));
  }
}

package meterveil.collect;

import java.util.Map;
import meterveil.connection.Environment;

/// What the function's surroundings tell it.
///
/// @param openBlocksTable name of the table of running totals; from `OPEN_BLOCKS_TABLE`
/// @param dayKeysTable name of the table of wrapped day keys; from `DAY_KEYS_TABLE`
/// @param dayKeyId the KMS key that wraps them; from `DAY_KEY_ID`
/// @param cohortsTable name of the table of cohorts; from `COHORTS_TABLE`
public record CollectSettings(
    String openBlocksTable, String dayKeysTable, String dayKeyId, String cohortsTable) {

  /// @throws IllegalStateException if a variable is missing; the function then fails while
  ///   starting, not at its first message
  public static CollectSettings from(Map<String, String> environment) {
    return new CollectSettings(
        Environment.required(environment, "OPEN_BLOCKS_TABLE"),
        Environment.required(environment, "DAY_KEYS_TABLE"),
        Environment.required(environment, "DAY_KEY_ID"),
        Environment.required(environment, "COHORTS_TABLE"));
  }
}

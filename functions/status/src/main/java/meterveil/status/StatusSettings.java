package meterveil.status;

import java.util.Map;
import meterveil.connection.Environment;

/// What the function's surroundings tell it.
///
/// @param deviceStatusTable name of the table of device status; from `DEVICE_STATUS_TABLE`
/// @param tenantsTable name of the table of tenants; from `TENANTS_TABLE`
public record StatusSettings(String deviceStatusTable, String tenantsTable) {

  /// @throws IllegalStateException if a variable is missing; the function then fails while
  ///   starting, not at its first message
  public static StatusSettings from(Map<String, String> environment) {
    return new StatusSettings(
        Environment.required(environment, "DEVICE_STATUS_TABLE"),
        Environment.required(environment, "TENANTS_TABLE"));
  }
}

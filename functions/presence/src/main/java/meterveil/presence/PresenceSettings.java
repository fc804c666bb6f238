package meterveil.presence;

import java.util.Map;
import meterveil.connection.Environment;

/// What the function's surroundings tell it.
///
/// @param metersTable name of the list of meters; from `METERS_TABLE`
/// @param deviceStatusTable name of the table of device status; from `DEVICE_STATUS_TABLE`
/// @param tenantsTable name of the table of tenants; from `TENANTS_TABLE`
public record PresenceSettings(String metersTable, String deviceStatusTable, String tenantsTable) {

  /// @throws IllegalStateException if a variable is missing; the function then fails while
  ///   starting, not at its first event
  public static PresenceSettings from(Map<String, String> environment) {
    return new PresenceSettings(
        Environment.required(environment, "METERS_TABLE"),
        Environment.required(environment, "DEVICE_STATUS_TABLE"),
        Environment.required(environment, "TENANTS_TABLE"));
  }
}

package meterveil.plan;

import java.util.Map;
import meterveil.connection.Environment;

/// What the function's surroundings tell it.
///
/// @param tenantsTable name of the table of tenants; from `TENANTS_TABLE`
/// @param metersTable name of the list of meters; from `METERS_TABLE`
/// @param cohortsTable name of the table of cohorts; from `COHORTS_TABLE`
/// @param assignmentsTable name of the table of plans; from `ASSIGNMENTS_TABLE`
public record PlanSettings(
    String tenantsTable, String metersTable, String cohortsTable, String assignmentsTable) {

  /// @throws IllegalStateException if a variable is missing; the function then fails while
  ///   starting, not when it is first called
  public static PlanSettings from(Map<String, String> environment) {
    return new PlanSettings(
        Environment.required(environment, "TENANTS_TABLE"),
        Environment.required(environment, "METERS_TABLE"),
        Environment.required(environment, "COHORTS_TABLE"),
        Environment.required(environment, "ASSIGNMENTS_TABLE"));
  }
}

package meterveil.plan;

import java.util.Map;

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
        required(environment, "TENANTS_TABLE"),
        required(environment, "METERS_TABLE"),
        required(environment, "COHORTS_TABLE"),
        required(environment, "ASSIGNMENTS_TABLE"));
  }

  private static String required(Map<String, String> environment, String name) {
    String value = environment.get(name);
    if (value == null) {
      throw new IllegalStateException(name + " is not set");
    }
    return value;
  }
}

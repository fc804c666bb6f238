package meterveil.register;

import java.util.List;
import java.util.Map;
import meterveil.connection.Environment;

/// What the function's surroundings tell it.
///
/// @param metersTable name of the list of meters; from `METERS_TABLE`
/// @param meterPolicies names of the policies of a meter's certificate; from `METER_POLICIES`,
///   between commas
/// @param meterGroup the thing group of all meters; from `METER_GROUP`
public record RegisterSettings(String metersTable, List<String> meterPolicies, String meterGroup) {

  public RegisterSettings {
    meterPolicies = List.copyOf(meterPolicies);
  }

  /// @throws IllegalStateException if a variable is missing; the function then fails while
  ///   starting, not at its first event
  public static RegisterSettings from(Map<String, String> environment) {
    return new RegisterSettings(
        Environment.required(environment, "METERS_TABLE"),
        List.of(Environment.required(environment, "METER_POLICIES").split(",", -1)),
        Environment.required(environment, "METER_GROUP"));
  }
}

package meterveil.register;

import java.util.List;
import java.util.Map;

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
        required(environment, "METERS_TABLE"),
        List.of(required(environment, "METER_POLICIES").split(",", -1)),
        required(environment, "METER_GROUP"));
  }

  private static String required(Map<String, String> environment, String name) {
    String value = environment.get(name);
    if (value == null) {
      throw new IllegalStateException(name + " is not set");
    }
    return value;
  }
}

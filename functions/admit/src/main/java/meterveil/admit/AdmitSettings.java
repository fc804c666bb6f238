package meterveil.admit;

import java.util.Map;

/// What the function's surroundings tell it.
///
/// @param metersTable name of the list of meters; from `METERS_TABLE`
public record AdmitSettings(String metersTable) {

  /// @throws IllegalStateException if a variable is missing; the function then fails while
  ///   starting, not at its first request
  public static AdmitSettings from(Map<String, String> environment) {
    String value = environment.get("METERS_TABLE");
    if (value == null) {
      throw new IllegalStateException("METERS_TABLE is not set");
    }
    return new AdmitSettings(value);
  }
}

package meterveil.admit;

import java.util.Map;
import meterveil.connection.Environment;

/// What the function's surroundings tell it.
///
/// @param metersTable name of the list of meters; from `METERS_TABLE`
public record AdmitSettings(String metersTable) {

  /// @throws IllegalStateException if a variable is missing; the function then fails while
  ///   starting, not at its first request
  public static AdmitSettings from(Map<String, String> environment) {
    return new AdmitSettings(Environment.required(environment, "METERS_TABLE"));
  }
}

package meterveil.registry;

import java.util.Map;
import meterveil.meter.ThingName;

/// A thing as the registry knows it.
///
/// @param name the meter's
/// @param type such as `meter`; empty if it has none
/// @param attributes such as `tenant` and `cohortA`
public record Thing(ThingName name, String type, Map<String, String> attributes) {

  /// The type of every meter.
  public static final String METER = "meter";

  /// The value of an attribute that says nothing yet: IoT Core keeps no empty ones, and a policy
  /// variable without a value matches nothing.
  public static final String NONE = "none";

  public Thing {
    attributes = Map.copyOf(attributes);
  }
}

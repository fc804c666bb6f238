package meterveil.meter;

import java.util.regex.Pattern;

/// The name of one meter: its thing name in AWS IoT, its MQTT client id and a level of its topics.
///
/// @param value 1 to 64 letters, digits, hyphens or underscores
public record ThingName(String value) implements Comparable<ThingName> {

  private static final Pattern ALLOWED = Pattern.compile("[A-Za-z0-9_-]{1,64}");

  /// @throws IllegalArgumentException if `value` is not of the form above
  public ThingName {
    if (!ALLOWED.matcher(value).matches()) {
      throw new IllegalArgumentException(
          "a thing's name has 1 to 64 letters, digits, hyphens or underscores");
    }
  }

  @Override
  public int compareTo(ThingName other) {
    return value.compareTo(other.value);
  }

  @Override
  public String toString() {
    return value;
  }
}

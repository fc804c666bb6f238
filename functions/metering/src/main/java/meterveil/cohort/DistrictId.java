package meterveil.cohort;

import java.util.regex.Pattern;

/// The name of one district (or feeder) of a tenant: the first level at which cells are merged.
///
/// @param value 1 to 32 letters, digits, hyphens or underscores
public record DistrictId(String value) implements Comparable<DistrictId> {

  private static final Pattern ALLOWED = Pattern.compile("[A-Za-z0-9_-]{1,32}");

  /// @throws IllegalArgumentException if `value` is not of the form above
  public DistrictId {
    if (!ALLOWED.matcher(value).matches()) {
      throw new IllegalArgumentException(
          "a district's name has 1 to 32 letters, digits, hyphens or underscores");
    }
  }

  @Override
  public int compareTo(DistrictId other) {
    return value.compareTo(other.value);
  }

  @Override
  public String toString() {
    return value;
  }
}

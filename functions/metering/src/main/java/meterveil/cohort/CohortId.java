package meterveil.cohort;

import java.util.regex.Pattern;
import meterveil.block.Epoch;

/// The name of one cohort of a tenant: the epoch in five digits, a hyphen and a name. Never used
/// again after its epoch.
///
/// @param value such as `00523-north-r-2`
public record CohortId(String value) implements Comparable<CohortId> {

  private static final Pattern ALLOWED = Pattern.compile("[0-9]{5}-[A-Za-z0-9_-]{1,58}");

  /// @throws IllegalArgumentException if `value` is not of the form above
  public CohortId {
    if (!ALLOWED.matcher(value).matches()) {
      throw new IllegalArgumentException(
          "a cohort's name is its epoch in five digits, a hyphen and a name");
    }
  }

  /// The cohort of that name in an epoch.
  public static CohortId of(Epoch epoch, String name) {
    return new CohortId(prefix(epoch) + name);
  }

  /// What the names of an epoch's cohorts start with.
  public static String prefix(Epoch epoch) {
    return "%05d-".formatted(epoch.number());
  }

  /// The epoch for which it was made.
  public Epoch epoch() {
    return new Epoch(Integer.parseInt(value.substring(0, 5)));
  }

  @Override
  public int compareTo(CohortId other) {
    return value.compareTo(other.value);
  }

  @Override
  public String toString() {
    return value;
  }
}

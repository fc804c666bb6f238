package meterveil.tenant;

import java.util.regex.Pattern;

/// The name of one tenant: a level of its meters' topics and the start of every key.
///
/// @param value 1 to 32 letters, digits, hyphens or underscores
public record TenantId(String value) implements Comparable<TenantId> {

  private static final Pattern ALLOWED = Pattern.compile("[A-Za-z0-9_-]{1,32}");

  /// @throws IllegalArgumentException if `value` is not of the form above
  public TenantId {
    if (!ALLOWED.matcher(value).matches()) {
      throw new IllegalArgumentException(
          "a tenant's name has 1 to 32 letters, digits, hyphens or underscores");
    }
  }

  @Override
  public int compareTo(TenantId other) {
    return value.compareTo(other.value);
  }

  @Override
  public String toString() {
    return value;
  }
}

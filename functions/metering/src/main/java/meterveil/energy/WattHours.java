package meterveil.energy;

/// An amount of energy.
///
/// @param value whole watt-hours, 0 or more
public record WattHours(long value) implements Comparable<WattHours> {

  /// No energy.
  public static final WattHours ZERO = new WattHours(0);

  /// @throws IllegalArgumentException if `value` is negative
  public WattHours {
    if (value < 0) {
      throw new IllegalArgumentException("negative energy");
    }
  }

  /// The sum of both.
  ///
  /// @throws ArithmeticException beyond 2^63 - 1 Wh
  public WattHours plus(WattHours other) {
    return new WattHours(Math.addExact(value, other.value));
  }

  /// The smaller of both.
  public WattHours atMost(WattHours limit) {
    return value <= limit.value ? this : limit;
  }

  @Override
  public int compareTo(WattHours other) {
    return Long.compare(value, other.value);
  }

  @Override
  public String toString() {
    return value + " Wh";
  }
}

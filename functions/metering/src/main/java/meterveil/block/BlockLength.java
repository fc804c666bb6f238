package meterveil.block;

/// How many hours a meter reports at once; fixed per tenant and epoch.
public enum BlockLength {
  /// Every hour by itself.
  HOUR(1),
  /// Six hours, four times a day.
  QUARTER_DAY(6),
  /// A whole UTC day.
  DAY(24);

  private final int hours;

  BlockLength(int hours) {
    this.hours = hours;
  }

  /// Whole hours: 1, 6 or 24.
  public int hours() {
    return hours;
  }

  /// @throws IllegalArgumentException if there is no block of so many hours
  public static BlockLength ofHours(int hours) {
    for (BlockLength length : values()) {
      if (length.hours == hours) {
        return length;
      }
    }
    throw new IllegalArgumentException("a block has 1, 6 or 24 hours, not " + hours);
  }
}

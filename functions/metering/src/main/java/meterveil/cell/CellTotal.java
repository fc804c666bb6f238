package meterveil.cell;

import meterveil.energy.WattHours;

/// What is known of a cell, in the clear.
///
/// @param count how many meters are in it
/// @param energy their sum
/// @param largest no meter's share of the sum is above it; it is the end of a bucket of
///   [meterveil.energy.Buckets], or all of the sum
public record CellTotal(int count, WattHours energy, WattHours largest) {

  /// A cell without any meter.
  public static final CellTotal EMPTY = new CellTotal(0, WattHours.ZERO, WattHours.ZERO);

  /// @throws IllegalArgumentException if `count` is negative
  public CellTotal {
    if (count < 0) {
      throw new IllegalArgumentException("a negative count");
    }
  }

  /// Both cells as one. No meter is in both.
  public CellTotal plus(CellTotal other) {
    return new CellTotal(
        count + other.count,
        energy.plus(other.energy),
        largest.compareTo(other.largest) >= 0 ? largest : other.largest);
  }
}

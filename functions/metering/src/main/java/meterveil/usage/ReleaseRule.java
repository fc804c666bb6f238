package meterveil.usage;

import meterveil.cell.CellTotal;

/// The 15/15 rule: at least 15 meters, none with more than 15 % of the energy.
public final class ReleaseRule {

  /// The fewest meters of a released cell.
  public static final int METERS_MIN = 15;

  /// The largest share of one meter, in percent.
  public static final int SHARE_PERCENT_MAX = 15;

  private ReleaseRule() {}

  /// Whether a cell may be released. Its largest share is known only as an upper bound, so a cell
  /// close to the limit is held back rather than let through.
  public static boolean holds(CellTotal cell) {
    return cell.count() >= METERS_MIN
        && Math.multiplyExact(cell.largest().value(), 100)
            <= Math.multiplyExact(cell.energy().value(), SHARE_PERCENT_MAX);
  }

  /// Whether so many meters are some, but too few: what is withheld of them may not be what is left
  /// over where all the rest is told.
  public static boolean isTooFew(int meters) {
    return meters > 0 && meters < METERS_MIN;
  }
}

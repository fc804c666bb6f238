/// The running totals that are kept in place of readings.
///
/// A cohort's cells of one block lie in one item. What a meter adds to it, in one conditional
/// write, in the order {@link meterveil.cell.Collector} does it:
/// 1. {@link meterveil.cell.DayKeys} finds the random key of the block's day, or makes it;
/// 2. {@link meterveil.cell.DayKey} turns the meter's name into a token and the token into masks;
/// 3. {@link meterveil.cell.Contribution} clips the hours, and hides each one's energy and bucket
///    in one masked number;
/// 4. {@link meterveil.cell.OpenBlockTable} adds it, unless the item has the token already.
///
/// Release goes the other way: {@link meterveil.cell.OpenBlock#totals} computes the masks from the
/// tokens and takes them away. When the day closes, its key is destroyed; from then on neither the
/// tokens nor the sums of any copy of the table mean anything.
@NullMarked
package meterveil.cell;

import org.jspecify.annotations.NullMarked;

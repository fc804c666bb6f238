package meterveil.cell;

import meterveil.block.BlockLength;
import meterveil.cohort.Cohort;
import meterveil.energy.Buckets;
import meterveil.energy.WattHours;

/// The numbers of what is masked in a block's item: three of the block as a whole, then its hours.
final class Slots {

  /// The energy above the clip, of all hours together.
  static final int CLIPPED = 0;

  /// A late block's energy, of all hours together.
  static final int LATE = 1;

  /// What a block adds to the figures for everyone, late or not, and the bucket of its whole
  /// energy, clipped or not.
  static final int WHOLE = 2;

  private static final int FIRST_HOUR = WHOLE + 1;

  private Slots() {}

  /// The slot of an hour of the block, from 0.
  static int hour(int hour) {
    return FIRST_HOUR + hour;
  }

  /// How many slots an item has.
  static int count(BlockLength length) {
    return FIRST_HOUR + length.hours();
  }

  /// The buckets of what meters add to a slot of a cohort's item.
  static Buckets buckets(Cohort cohort, int slot) {
    return switch (slot) {
      case LATE -> Buckets.ofABlock(times(cohort.clip(), cohort.blockLength()));
      case WHOLE -> Buckets.ofABlock(times(cohort.commodity().cap(), cohort.blockLength()));
      default -> Buckets.ofAnHour(cohort.clip());
    };
  }

  private static WattHours times(WattHours anHour, BlockLength length) {
    return new WattHours(anHour.value() * length.hours());
  }
}

package meterveil.cell;

import meterveil.block.BlockLength;
import meterveil.cohort.Cohort;
import meterveil.energy.Buckets;
import meterveil.energy.WattHours;

/// The numbers of what is masked or renamed in a block's item: the hours from 0, then four of the
/// block as a whole. The numbers past the hours do not depend on the block's length.
final class Slots {

  /// The energy above the clip, of all hours together.
  static final int CLIPPED = 24;

  /// A late block's energy, of all hours together.
  static final int LATE = CLIPPED + 1;

  /// What a block adds to the figures for everyone, late or not.
  static final int FOR_EVERYONE = CLIPPED + 2;

  /// A block's whole energy, clipped or not; only its bucket is kept.
  static final int WHOLE = CLIPPED + 3;

  /// How many masks a token has.
  static final int MASKS = FOR_EVERYONE + 1;

  /// How many slots there are.
  static final int ALL = WHOLE + 1;

  private Slots() {}

  /// How many buckets a slot of a cohort's item tells apart.
  static int buckets(Cohort cohort, int slot) {
    return switch (slot) {
      case LATE -> Buckets.countUpTo(times(cohort.clip(), cohort.blockLength()));
      case WHOLE -> Buckets.countUpTo(times(cohort.commodity().cap(), cohort.blockLength()));
      default -> Buckets.countUpTo(cohort.clip());
    };
  }

  /// How many names each bucket of a slot has: as many as a byte has room for.
  static int namesOfABucket(Cohort cohort, int slot) {
    return DayKey.NAMES_ALL / buckets(cohort, slot);
  }

  private static WattHours times(WattHours anHour, BlockLength length) {
    return new WattHours(anHour.value() * length.hours());
  }
}

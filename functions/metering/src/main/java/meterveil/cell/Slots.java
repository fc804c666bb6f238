package meterveil.cell;

import meterveil.block.BlockLength;

/// The numbers of what is masked or permuted in a block's item: the hours from 0, then three of the
/// block as a whole. The numbers past the hours do not depend on the block's length.
final class Slots {

  /// The energy above the clip, of all hours together.
  static final int CLIPPED = BlockLength.DAY.hours();

  /// A late block's energy, of all hours together.
  static final int LATE = CLIPPED + 1;

  /// A block's whole energy, clipped or not; only its bucket is kept.
  static final int WHOLE = CLIPPED + 2;

  /// How many masks a token has.
  static final int MASKS = LATE + 1;

  private Slots() {}
}

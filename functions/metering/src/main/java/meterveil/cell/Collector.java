package meterveil.cell;

import java.time.Clock;
import java.util.Optional;
import meterveil.block.Times;
import meterveil.cohort.Cohort;
import meterveil.meter.ThingName;
import meterveil.reading.BlockReading;

/// Adds meters' blocks to their cohorts' totals, each once.
///
/// Safe for use by many threads.
public final class Collector {

  private final DayKeys keys;
  private final OpenBlockTable blocks;
  private final Clock clock;

  /// @param keys the day keys
  /// @param blocks the items
  /// @param clock says whether a block may be frozen already
  public Collector(DayKeys keys, OpenBlockTable blocks, Clock clock) {
    this.keys = keys;
    this.blocks = blocks;
    this.clock = clock;
  }

  /// What became of a block.
  public enum Collected {
    /// It is in the hours' totals.
    COUNTED,
    /// It came after its hours were frozen and is in the late total.
    COUNTED_LATE,
    /// It was counted before.
    DUPLICATE,
    /// Its day is closed.
    TOO_LATE
  }

  /// Adds a block, in one conditional write; in two if it may come late. Calling again, with the
  /// same values or others, changes nothing.
  ///
  /// The late write is tried from a little before the watermark on, as the releaser's clock may run
  /// ahead; before that a refused write can only mean a duplicate.
  ///
  /// @throws software.amazon.awssdk.core.exception.SdkException if KMS or DynamoDB refused or did
  ///   not answer; the block may or may not have been counted, and should be delivered again
  public Collected collect(Cohort cohort, ThingName thing, BlockReading reading) {
    var block = reading.block();
    Optional<DayKey> key = keys.obtain(cohort.tenant(), block.day());
    if (key.isEmpty()) {
      return Collected.TOO_LATE;
    }
    Token token = key.get().token(thing, block);
    var contribution = Contribution.of(key.get(), cohort, token, reading);
    if (blocks.add(cohort, block, contribution)) {
      return Collected.COUNTED;
    }
    if (Times.mayBeFrozen(block, clock.instant()) && blocks.addLate(cohort, block, contribution)) {
      return Collected.COUNTED_LATE;
    }
    return Times.isClosed(block.day(), clock.instant()) ? Collected.TOO_LATE : Collected.DUPLICATE;
  }
}

package meterveil.cell;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import meterveil.block.Block;
import meterveil.cohort.Cohort;
import meterveil.energy.Buckets;
import meterveil.energy.WattHours;

/// A cohort's item of one block as it lies in the table: masked, renamed, and telling nothing
/// without the day key.
///
/// @param cohort whose it is
/// @param block which block
/// @param state what may still be added to it
/// @param asked whether the cohort was asked for what is missing
/// @param hours one for each hour of the block
/// @param clippedWh the masked energy above the clip
/// @param forEveryoneWh the masked energy that counts for the figures for everyone, late blocks
///   included
/// @param wholeBuckets names of the buckets of whole blocks
/// @param tokens one for each block that was counted in the hours
/// @param lateWh the masked energy of late blocks
/// @param lateBuckets names of the buckets of late blocks
/// @param lateTokens one for each late block
public record OpenBlock(
    Cohort cohort,
    Block block,
    State state,
    boolean asked,
    List<Hour> hours,
    BigInteger clippedWh,
    BigInteger forEveryoneWh,
    Set<Byte> wholeBuckets,
    Set<Token> tokens,
    BigInteger lateWh,
    Set<Byte> lateBuckets,
    Set<Token> lateTokens) {

  /// @throws IllegalArgumentException if it has not the hours of the block
  public OpenBlock {
    hours = List.copyOf(hours);
    wholeBuckets = Set.copyOf(wholeBuckets);
    tokens = Set.copyOf(tokens);
    lateBuckets = Set.copyOf(lateBuckets);
    lateTokens = Set.copyOf(lateTokens);
    if (hours.size() != block.length().hours()) {
      throw new IllegalArgumentException("not the hours of the block");
    }
  }

  /// An item that is not there: open, and nothing in it.
  public static OpenBlock absent(Cohort cohort, Block block) {
    return new OpenBlock(
        cohort,
        block,
        State.OPEN,
        false,
        Collections.nCopies(block.length().hours(), Hour.EMPTY),
        BigInteger.ZERO,
        BigInteger.ZERO,
        Set.of(),
        Set.of(),
        BigInteger.ZERO,
        Set.of(),
        Set.of());
  }

  /// What may still be added to an item.
  public enum State {
    /// Blocks, as they come.
    OPEN,
    /// Late blocks, as one total; the hours stay as they are.
    FROZEN,
    /// Nothing more.
    CLOSED,
    /// Nothing more, and all that was in it is gone.
    EMPTIED
  }

  /// @param energyWh the masked sum
  /// @param unmeasured how many of the meters counted did not measure it: most often none, so that
  ///   nothing is written for it
  /// @param buckets names of the buckets of the others' clipped energy
  public record Hour(BigInteger energyWh, int unmeasured, Set<Byte> buckets) {

    /// An hour to which nothing was added.
    public static final Hour EMPTY = new Hour(BigInteger.ZERO, 0, Set.of());

    public Hour {
      buckets = Set.copyOf(buckets);
    }
  }

  /// How many of the cohort's meters have not been heard of.
  public int missing() {
    return Math.max(0, cohort.members() - tokens.size() - lateTokens.size());
  }

  /// Takes the masks away.
  ///
  /// @param key the key of the block's day
  /// @throws IllegalStateException if what comes out cannot have gone in: another key, or an item
  ///   that was tampered with
  public Totals totals(DayKey key) {
    var masks = new BigInteger[Slots.MASKS];
    Arrays.fill(masks, BigInteger.ZERO);
    for (Token token : tokens) {
      long[] own = key.masks(token, Slots.MASKS);
      for (int hour = 0; hour < hours.size(); hour++) {
        add(masks, hour, own);
      }
      add(masks, Slots.CLIPPED, own);
      add(masks, Slots.FOR_EVERYONE, own);
    }
    for (Token token : lateTokens) {
      long[] own = key.masks(token, Slots.MASKS);
      add(masks, Slots.CLIPPED, own);
      add(masks, Slots.LATE, own);
      add(masks, Slots.FOR_EVERYONE, own);
    }
    long clipWh = cohort.clip().value();

    var cells = new ArrayList<CellTotal>(hours.size());
    for (int i = 0; i < hours.size(); i++) {
      Hour hour = hours.get(i);
      WattHours largest = largest(key, i, hour.buckets()).atMost(cohort.clip());
      cells.add(
          total(
              tokens.size() - hour.unmeasured(),
              hour.energyWh().subtract(masks[i]),
              largest,
              clipWh));
    }
    long blockWh = cohort.commodity().cap().value() * hours.size();
    var late =
        total(
            lateTokens.size(),
            lateWh.subtract(masks[Slots.LATE]),
            largest(key, Slots.LATE, lateBuckets),
            blockWh);
    int blocks = tokens.size() + lateTokens.size();
    return new Totals(
        cells,
        energy(clippedWh.subtract(masks[Slots.CLIPPED]), blocks * blockWh),
        energy(
            forEveryoneWh.subtract(masks[Slots.FOR_EVERYONE]),
            blocks * cohort.blockMaxForEveryone().value()),
        largest(key, Slots.WHOLE, wholeBuckets),
        blocks,
        late);
  }

  /// An item's totals, in the clear; never stored and never logged.
  ///
  /// @param hours one cell for each hour of the block
  /// @param clipped the energy above the clip, late blocks included
  /// @param forEveryone what counts for the figures for everyone, late blocks included
  /// @param largestWhole no meter's energy in this block is above it, late blocks included
  /// @param blocks how many meters' blocks are in it, late ones included
  /// @param late late blocks as one total
  public record Totals(
      List<CellTotal> hours,
      WattHours clipped,
      WattHours forEveryone,
      WattHours largestWhole,
      int blocks,
      CellTotal late) {

    public Totals {
      hours = List.copyOf(hours);
    }

    /// All that was accepted: hours, late and above the clip.
    public WattHours accepted() {
      return hours.stream()
          .map(CellTotal::energy)
          .reduce(clipped.plus(late.energy()), WattHours::plus);
    }
  }

  private static CellTotal total(
      int count, BigInteger energyWh, WattHours largest, long meterWhMax) {
    require(count >= 0);
    return new CellTotal(count, energy(energyWh, count * meterWhMax), largest);
  }

  private static WattHours energy(BigInteger energyWh, long whMax) {
    require(energyWh.signum() >= 0 && energyWh.compareTo(BigInteger.valueOf(whMax)) <= 0);
    return new WattHours(energyWh.longValueExact());
  }

  private WattHours largest(DayKey key, int slot, Set<Byte> names) {
    if (names.isEmpty()) {
      return WattHours.ZERO;
    }
    byte[] all = key.names(cohort.id(), block, slot);
    int several = Slots.namesOfABucket(cohort, slot);
    int highest = Slots.buckets(cohort, slot) * several - 1;
    while (highest >= 0 && !names.contains(all[highest])) {
      highest--;
    }
    require(highest >= 0);
    return Buckets.end(highest / several);
  }

  private static void add(BigInteger[] sums, int slot, long[] masks) {
    sums[slot] = sums[slot].add(Contribution.unsigned(masks[slot]));
  }

  private static void require(boolean holds) {
    if (!holds) {
      throw new IllegalStateException("an item does not open with the key of its day");
    }
  }
}

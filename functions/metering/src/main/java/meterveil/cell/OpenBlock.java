package meterveil.cell;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import meterveil.block.Block;
import meterveil.cohort.Cohort;
import meterveil.energy.WattHours;

/// A cohort's item of one block as it lies in the table: masked, and telling nothing without the
/// day key.
///
/// @param cohort whose it is
/// @param block which block
/// @param state what may still be added to it
/// @param asked whether the cohort was asked for what is missing
/// @param hours for each hour of the block the masked sum of energies and of buckets
/// @param clipped the masked energy above the clip
/// @param whole the masked sum of what counts for the figures for everyone, and of the buckets of
///   whole blocks, late ones included
/// @param tokens one for each block that was counted in the hours
/// @param late the masked sum of late blocks' energies and buckets
/// @param lateTokens one for each late block
public record OpenBlock(
    Cohort cohort,
    Block block,
    State state,
    boolean asked,
    List<BigInteger> hours,
    BigInteger clipped,
    BigInteger whole,
    Set<Token> tokens,
    BigInteger late,
    Set<Token> lateTokens) {

  /// @throws IllegalArgumentException if it has not the hours of the block
  public OpenBlock {
    hours = List.copyOf(hours);
    tokens = Set.copyOf(tokens);
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
        Collections.nCopies(block.length().hours(), BigInteger.ZERO),
        BigInteger.ZERO,
        BigInteger.ZERO,
        Set.of(),
        BigInteger.ZERO,
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

  /// How many of the cohort's meters have not been heard of.
  public int missing() {
    return Math.max(0, cohort.members() - tokens.size() - lateTokens.size());
  }

  /// Takes the masks away.
  ///
  /// @param key the key of the block's day
  /// @throws IllegalStateException if what comes out cannot have gone in: another key, an item that
  ///   was tampered with, or more contributions than can be told apart
  public Totals totals(DayKey key) {
    var masks = new BigInteger[Slots.count(block.length())];
    Arrays.fill(masks, BigInteger.ZERO);
    for (Token token : tokens) {
      BigInteger[] own = key.masks(token, masks.length);
      for (int hour = 0; hour < hours.size(); hour++) {
        add(masks, Slots.hour(hour), own);
      }
      add(masks, Slots.CLIPPED, own);
      add(masks, Slots.WHOLE, own);
    }
    for (Token token : lateTokens) {
      BigInteger[] own = key.masks(token, masks.length);
      add(masks, Slots.CLIPPED, own);
      add(masks, Slots.LATE, own);
      add(masks, Slots.WHOLE, own);
    }
    int blocks = tokens.size() + lateTokens.size();
    if (blocks > Packed.CONTRIBUTIONS_MAX) {
      throw new IllegalStateException("more blocks in an item than can be told apart");
    }

    var cells = new ArrayList<CellTotal>(hours.size());
    for (int hour = 0; hour < hours.size(); hour++) {
      int slot = Slots.hour(hour);
      Packed packed = Packed.of(Packed.uncovered(hours.get(hour), masks[slot]));
      require(packed.count() <= tokens.size());
      cells.add(total(packed, slot, cohort.clip().value()));
    }
    long blockWh = cohort.commodity().cap().value() * hours.size();
    Packed ofLate = Packed.of(Packed.uncovered(late, masks[Slots.LATE]));
    require(ofLate.count() == lateTokens.size());
    CellTotal lateTotal = total(ofLate, Slots.LATE, blockWh);
    Packed ofWhole = Packed.of(Packed.uncovered(whole, masks[Slots.WHOLE]));
    require(ofWhole.count() == blocks);
    BigInteger above = Packed.uncovered(clipped, masks[Slots.CLIPPED]);
    require(above.compareTo(BigInteger.valueOf(blocks * blockWh)) <= 0);
    return new Totals(
        cells,
        new WattHours(above.longValueExact()),
        energy(ofWhole, cohort.blockMaxForEveryone().value()),
        highest(ofWhole, Slots.WHOLE),
        blocks,
        lateTotal);
  }

  /// An item's totals, in the clear; never stored and never logged.
  ///
  /// @param hours one cell for each hour of the block
  /// @param clipped the energy above the clip, late blocks included
  /// @param forEveryone what counts for the figures for everyone, late blocks included
  /// @param largestWhole no meter's energy in this block is above it, late blocks included; it is
  ///   the end of a bucket, or what the largest of each hour come to with all that was clipped
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
      long ofHoursWh = hours.stream().mapToLong(hour -> hour.largest().value()).sum();
      largestWhole =
          largestWhole
              .atMost(sum(hours, clipped, late))
              .atMost(new WattHours(Math.max(ofHoursWh, late.largest().value()) + clipped.value()));
    }

    /// All that was accepted: hours, late and above the clip.
    public WattHours accepted() {
      return sum(hours, clipped, late);
    }

    private static WattHours sum(List<CellTotal> hours, WattHours clipped, CellTotal late) {
      return Stream.concat(hours.stream(), Stream.of(late))
          .map(CellTotal::energy)
          .reduce(clipped, WattHours::plus);
    }
  }

  private CellTotal total(Packed packed, int slot, long meterWhMax) {
    WattHours energy = energy(packed, meterWhMax);
    return new CellTotal(packed.count(), energy, highest(packed, slot).atMost(energy));
  }

  private static WattHours energy(Packed packed, long meterWhMax) {
    require(packed.energyWh() <= packed.count() * meterWhMax);
    return new WattHours(packed.energyWh());
  }

  private WattHours highest(Packed packed, int slot) {
    return packed.highest() < 0
        ? WattHours.ZERO
        : Slots.buckets(cohort, slot).end(packed.highest());
  }

  private static void add(BigInteger[] sums, int slot, BigInteger[] masks) {
    sums[slot] = sums[slot].add(masks[slot]);
  }

  private static void require(boolean holds) {
    if (!holds) {
      throw new IllegalStateException("an item does not open with the key of its day");
    }
  }
}

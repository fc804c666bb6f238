package meterveil.cell;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import meterveil.block.Block;
import meterveil.cohort.Cohort;
import meterveil.energy.Buckets;
import meterveil.energy.WattHours;
import meterveil.reading.BlockReading;

/// What one meter's block adds to its cohort's item: nothing in it tells an energy without the day
/// key.
///
/// @param token what keeps it from being added twice
/// @param hours one for each hour of the block
/// @param clippedWh energy above the clip, masked
/// @param forEveryoneWh what it adds to the figures for everyone, masked
/// @param wholeBucket a name of the bucket of the block's whole energy, clipped or not
/// @param late what is added in place of the hours when they are frozen already
record Contribution(
    Token token,
    List<Hour> hours,
    BigInteger clippedWh,
    BigInteger forEveryoneWh,
    byte wholeBucket,
    Late late) {

  Contribution {
    hours = List.copyOf(hours);
  }

  /// @param energyWh the clipped energy, masked; of an hour that was not measured the mask alone
  /// @param bucket a name of the bucket of the clipped energy; none if it was not measured
  record Hour(BigInteger energyWh, Optional<Byte> bucket) {}

  /// @param energyWh the block's clipped energy, masked
  /// @param bucket a name of the bucket of that energy
  record Late(BigInteger energyWh, byte bucket) {}

  /// Clips, masks and names.
  static Contribution of(DayKey key, Cohort cohort, Token token, BlockReading reading) {
    long[] masks = key.masks(token, Slots.MASKS);
    byte[] choices = key.choices(token);
    var block = reading.block();
    var hours = new ArrayList<Hour>(block.length().hours());
    WattHours whole = WattHours.ZERO;
    WattHours counted = WattHours.ZERO;
    for (int hour = 0; hour < block.length().hours(); hour++) {
      if (reading.isMeasured(hour)) {
        WattHours clipped = reading.energy(hour).atMost(cohort.clip());
        hours.add(
            new Hour(
                masked(clipped, masks[hour]),
                Optional.of(name(key, choices, cohort, block, hour, clipped))));
        whole = whole.plus(reading.energy(hour));
        counted = counted.plus(clipped);
      } else {
        hours.add(new Hour(masked(WattHours.ZERO, masks[hour]), Optional.empty()));
      }
    }
    var above = new WattHours(whole.value() - counted.value());
    return new Contribution(
        token,
        hours,
        masked(above, masks[Slots.CLIPPED]),
        masked(counted.atMost(cohort.blockMaxForEveryone()), masks[Slots.FOR_EVERYONE]),
        name(key, choices, cohort, block, Slots.WHOLE, whole),
        new Late(
            masked(counted, masks[Slots.LATE]),
            name(key, choices, cohort, block, Slots.LATE, counted)));
  }

  /// One of the names of a bucket. Each has several, and which is taken depends on the meter: so
  /// that a name which is there already hardly tells that a bucket is a common one.
  private static byte name(
      DayKey key, byte[] choices, Cohort cohort, Block block, int slot, WattHours energy) {
    int several = Slots.namesOfABucket(cohort, slot);
    int chosen = Byte.toUnsignedInt(choices[slot]) * several / DayKey.NAMES_ALL;
    return key.names(cohort.id(), block, slot)[Buckets.of(energy) * several + chosen];
  }

  /// Energy plus mask. The masks of a sum are taken away exactly, so it does not wrap around.
  private static BigInteger masked(WattHours energy, long mask) {
    return unsigned(mask).add(BigInteger.valueOf(energy.value()));
  }

  /// A mask as a number from 0 to 2^64 - 1.
  static BigInteger unsigned(long mask) {
    var number = BigInteger.valueOf(mask & Long.MAX_VALUE);
    return mask < 0 ? number.setBit(63) : number;
  }
}

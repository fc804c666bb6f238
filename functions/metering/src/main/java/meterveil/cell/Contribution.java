package meterveil.cell;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import meterveil.cohort.Cohort;
import meterveil.energy.Buckets;
import meterveil.energy.WattHours;
import meterveil.reading.BlockReading;

/// What one meter's block adds to its cohort's item. Without the day key each of its numbers is as
/// good as random.
///
/// @param token what keeps it from being added twice
/// @param hours for each hour of the block its clipped energy and that energy's bucket, masked; of
///   an hour that was not measured the mask alone
/// @param clipped energy above the clip, masked
/// @param whole what it adds to the figures for everyone, and the bucket of its whole energy,
///   clipped or not; masked
/// @param late what is added in place of the hours when they are frozen already: its clipped energy
///   and that energy's bucket, masked
record Contribution(
    Token token, List<BigInteger> hours, BigInteger clipped, BigInteger whole, BigInteger late) {

  Contribution {
    hours = List.copyOf(hours);
  }

  /// Clips and masks.
  static Contribution of(DayKey key, Cohort cohort, Token token, BlockReading reading) {
    BigInteger[] masks = key.masks(token, Slots.count(reading.block().length()));
    Buckets ofAnHour = Slots.buckets(cohort, Slots.hour(0));
    var hours = new ArrayList<BigInteger>();
    WattHours whole = WattHours.ZERO;
    WattHours counted = WattHours.ZERO;
    for (int hour = 0; hour < reading.block().length().hours(); hour++) {
      BigInteger mask = masks[Slots.hour(hour)];
      if (reading.isMeasured(hour)) {
        WattHours clipped = reading.energy(hour).atMost(cohort.clip());
        hours.add(Packed.hidden(clipped, ofAnHour.of(clipped), mask));
        whole = whole.plus(reading.energy(hour));
        counted = counted.plus(clipped);
      } else {
        hours.add(Packed.hidden(WattHours.ZERO, mask));
      }
    }
    var above = new WattHours(whole.value() - counted.value());
    return new Contribution(
        token,
        hours,
        Packed.hidden(above, masks[Slots.CLIPPED]),
        Packed.hidden(
            counted.atMost(cohort.blockMaxForEveryone()),
            Slots.buckets(cohort, Slots.WHOLE).of(whole),
            masks[Slots.WHOLE]),
        Packed.hidden(counted, Slots.buckets(cohort, Slots.LATE).of(counted), masks[Slots.LATE]));
  }
}

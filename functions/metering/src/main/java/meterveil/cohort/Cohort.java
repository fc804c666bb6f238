package meterveil.cohort;

import meterveil.block.BlockLength;
import meterveil.energy.Commodity;
import meterveil.energy.WattHours;
import meterveil.tenant.TenantId;

/// One cohort as it was planned. Holds how many meters it has, never which.
///
/// @param tenant whose meters they are
/// @param id unique within the tenant, for ever
/// @param district the district of all its meters
/// @param tariffClass the class of all its meters
/// @param commodity what all its meters measure
/// @param members how many meters it has, 1 to [#MEMBERS_MAX]
/// @param blockLength what its meters report at once
public record Cohort(
    TenantId tenant,
    CohortId id,
    DistrictId district,
    TariffClass tariffClass,
    Commodity commodity,
    int members,
    BlockLength blockLength) {

  /// The most meters of a cohort: what keeps a day's item under 1.5 KB.
  public static final int MEMBERS_MAX = 75;

  /// A block adds at most so many hours at the clip to the figures for everyone: 30 kWh for a home,
  /// which few days are above, and much less noise than 24 hours would take.
  private static final int HOURS_FOR_EVERYONE_MAX = 10;

  /// @throws IllegalArgumentException if `members` is outside its limits
  public Cohort {
    if (members < 1 || members > MEMBERS_MAX) {
      throw new IllegalArgumentException(
          "a cohort has 1 to %d meters, not %d".formatted(MEMBERS_MAX, members));
    }
  }

  /// What one of its meters adds to an hour at most.
  public WattHours clip() {
    return tariffClass.clip(commodity);
  }

  /// What one block of one of its meters adds to the figures for everyone at most.
  public WattHours blockMaxForEveryone() {
    int hours = Math.min(blockLength.hours(), HOURS_FOR_EVERYONE_MAX);
    return new WattHours(clip().value() * hours);
  }
}

package meterveil.usage;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import meterveil.cell.CellTotal;
import meterveil.cohort.CohortId;
import meterveil.cohort.DistrictId;
import meterveil.tenant.TenantId;

/// What anyone may know of some hours of some cohorts.
///
/// @param tenant whose cohorts
/// @param district the district of all of them; none if they lie in several
/// @param start the first hour
/// @param hours how many: 1, or the block's of a late total
/// @param cohorts which, in order; none for a late total, which is of all the district's
/// @param formed how it came about
/// @param count how many meters are in it, rounded down to a multiple of [#COUNT_STEP]; 0 if
///   suppressed
/// @param energyKWh their energy rounded to whole kilowatt-hours; none if suppressed
public record ReleasedCell(
    TenantId tenant,
    Optional<DistrictId> district,
    Instant start,
    int hours,
    List<CohortId> cohorts,
    Formed formed,
    int count,
    OptionalLong energyKWh) {

  /// Counts are told in steps of.
  public static final int COUNT_STEP = 5;

  private static final long WH_PER_KWH = 1000;

  /// At which level of the hierarchy a cell lies.
  public enum Level {
    /// One cohort's.
    COHORT,
    /// Of cohorts of one district.
    DISTRICT,
    /// Of cohorts of several districts.
    TENANT
  }

  public ReleasedCell {
    cohorts = List.copyOf(cohorts);
  }

  /// Rounds what may be released.
  static ReleasedCell of(
      TenantId tenant,
      Optional<DistrictId> district,
      Instant start,
      int hours,
      List<CohortId> cohorts,
      Formed formed,
      CellTotal total) {
    return formed == Formed.SUPPRESSED
        ? new ReleasedCell(tenant, district, start, hours, cohorts, formed, 0, OptionalLong.empty())
        : new ReleasedCell(
            tenant,
            district,
            start,
            hours,
            cohorts,
            formed,
            total.count() - total.count() % COUNT_STEP,
            OptionalLong.of((total.energy().value() + WH_PER_KWH / 2) / WH_PER_KWH));
  }

  /// Its level.
  public Level level() {
    if (district.isEmpty()) {
      return Level.TENANT;
    }
    return cohorts.size() == 1 ? Level.COHORT : Level.DISTRICT;
  }

  /// What it is of: its cohorts joined by `+`, or the district of a late total.
  public String id() {
    return cohorts.isEmpty()
        ? district.map(DistrictId::value).orElse(tenant.value())
        : cohorts.stream().map(CohortId::value).collect(Collectors.joining("+"));
  }

  /// Its rounded energy in watt-hours; 0 if suppressed.
  public long energyWh() {
    return energyKWh.orElse(0) * WH_PER_KWH;
  }
}

package meterveil.usage;

import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SequencedMap;
import java.util.stream.Collectors;
import meterveil.block.Block;
import meterveil.cell.CellTotal;
import meterveil.cohort.Cohort;
import meterveil.cohort.CohortId;
import meterveil.cohort.DistrictId;
import meterveil.energy.WattHours;
import meterveil.tenant.TenantId;
import meterveil.usage.Grouping.Group;

/// What anyone may know of some hours of some cohorts.
///
/// @param tenant whose cohorts
/// @param district the district of all of them; none if they lie in several
/// @param start the first hour
/// @param hours how many: 1, or the block's of a late total
/// @param cohorts which, in order; of a late total all the district's that measure one commodity
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

  /// The cells of one hour.
  ///
  /// @param grouping what was decided for the hour
  /// @param hour its start
  /// @param totals one for each cohort
  public static List<ReleasedCell> of(
      Grouping grouping, Instant hour, SequencedMap<Cohort, CellTotal> totals) {
    var cohorts = new HashMap<CohortId, Cohort>();
    totals.keySet().forEach(cohort -> cohorts.put(cohort.id(), cohort));
    return grouping.groups().stream()
        .map(group -> {
          List<Cohort> members =
              group.cohorts().stream().map(id -> Objects.requireNonNull(cohorts.get(id))).toList();
          return of(group, hour, members, sum(members, totals));
        })
        .toList();
  }

  private static ReleasedCell of(Group group, Instant hour, List<Cohort> members, CellTotal total) {
    var districts = members.stream().map(Cohort::district).distinct().toList();
    return new ReleasedCell(
        members.getFirst().tenant(),
        districts.size() == 1 ? Optional.of(districts.getFirst()) : Optional.empty(),
        hour,
        1,
        group.cohorts(),
        group.formed(),
        group.released() ? rounded(total.count()) : 0,
        group.released() ? rounded(total.energy()) : OptionalLong.empty());
  }

  private static CellTotal sum(List<Cohort> members, SequencedMap<Cohort, CellTotal> totals) {
    return members.stream()
        .map(member -> Objects.requireNonNull(totals.get(member)))
        .reduce(CellTotal.EMPTY, CellTotal::plus);
  }

  /// The late total of a block, if the rule lets it be told.
  ///
  /// @param cohorts all of a district that measure one commodity, in the order of their names
  /// @param total what their late blocks add up to
  public static Optional<ReleasedCell> late(List<Cohort> cohorts, Block block, CellTotal total) {
    if (!ReleaseRule.holds(total)) {
      return Optional.empty();
    }
    return Optional.of(
        new ReleasedCell(
            cohorts.getFirst().tenant(),
            Optional.of(cohorts.getFirst().district()),
            block.start(),
            block.length().hours(),
            cohorts.stream().map(Cohort::id).toList(),
            Formed.LATE,
            rounded(total.count()),
            rounded(total.energy())));
  }

  private static int rounded(int count) {
    return count - count % COUNT_STEP;
  }

  private static OptionalLong rounded(WattHours energy) {
    return OptionalLong.of((energy.value() + WH_PER_KWH / 2) / WH_PER_KWH);
  }

  /// Its level.
  public Level level() {
    if (district.isEmpty()) {
      return Level.TENANT;
    }
    return cohorts.size() == 1 ? Level.COHORT : Level.DISTRICT;
  }

  /// What it is of: its cohorts joined by `+`.
  public String id() {
    return cohorts.stream().map(CohortId::value).collect(Collectors.joining("+"));
  }

  /// Its rounded energy in watt-hours; 0 if suppressed.
  public long energyWh() {
    return energyKWh.orElse(0) * WH_PER_KWH;
  }
}

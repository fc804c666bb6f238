package meterveil.release;

import java.time.Clock;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.stream.Gatherers;
import meterveil.block.Block;
import meterveil.block.Times;
import meterveil.cell.CellTotal;
import meterveil.cell.DayKey;
import meterveil.cell.OpenBlock;
import meterveil.cell.OpenBlock.State;
import meterveil.cohort.Cohort;
import meterveil.cohort.DistrictId;
import meterveil.energy.Commodity;
import meterveil.energy.WattHours;
import meterveil.opendata.DailyTotal;
import meterveil.usage.Grouping;
import meterveil.usage.Reconciliation;
import meterveil.usage.Reconciliation.Figures;
import meterveil.usage.ReleaseRule;
import meterveil.usage.ReleasedCell;

/// Days of which nothing is accepted any more: their late blocks are told as totals, everyone is
/// told the day with noise, their energy is accounted for, and what was kept of them is destroyed.
///
/// The record of a day is put when all is known and before anything is destroyed, so whoever finds
/// it has only to destroy, and whoever does not finds everything still there.
final class Closing {

  private final Stores stores;
  private final Releasing releasing;
  private final Clock clock;
  private final Failures failures;

  Closing(Stores stores, Releasing releasing, Clock clock, Failures failures) {
    this.stores = stores;
    this.releasing = releasing;
    this.clock = clock;
    this.failures = failures;
  }

  /// Closes every day that is due. One that cannot be closed holds back no other, so that the keys
  /// of those are destroyed in time.
  ///
  /// @param days a tenant's open days, in order
  /// @return how many were closed
  int closeDue(List<DayPlan> days) {
    int closed = 0;
    for (DayPlan day : days) {
      if (Times.isClosed(day.day(), clock.instant())) {
        closed += failures.attempt(() -> close(day)) ? 1 : 0;
      }
    }
    return closed;
  }

  private void close(DayPlan day) {
    var tenant = day.tenant();
    if (stores.reconciliations().find(tenant.id(), day.day()).isEmpty()) {
      reconcile(day).ifPresent(record -> stores.reconciliations().putFirst(record, tenant));
    }
    for (Block block : day.blocks()) {
      day.cohorts().stream()
          .gather(
              Gatherers.mapConcurrent(
                  Stores.REQUESTS_AT_ONCE,
                  cohort -> {
                    stores.blocks().empty(cohort, block);
                    return cohort;
                  }))
          .forEach(_ -> {});
    }
    stores.dayKeyTable().close(tenant.id(), day.day());
  }

  /// Closes every item and adds up.
  ///
  /// @return nothing if another closer has put the record and begun to destroy
  private Optional<Reconciliation> reconcile(DayPlan day) {
    Optional<DayKey> key = stores.dayKeys().find(day.tenant().id(), day.day());
    if (key.isEmpty()) {
      return Optional.empty();
    }
    var sum = new DaySum();
    for (Block block : day.blocks()) {
      List<Grouping> decided = releasing.finish(day, block);
      List<OpenBlock> items =
          day.cohorts().stream()
              .gather(
                  Gatherers.mapConcurrent(
                      Stores.REQUESTS_AT_ONCE, cohort -> stores.blocks().close(cohort, block)))
              .toList();
      if (items.stream().anyMatch(item -> item.state() == State.EMPTIED)) {
        return Optional.empty();
      }
      add(day, block, decided, items, key.get(), sum);
    }
    sum.forEveryone.forEach((commodity, total) ->
        stores.openData().tell(day.tenant(), DailyTotal.product(commodity), day.day(), total));
    return Optional.of(new Reconciliation(day.tenant().id(), day.day(), sum.figures()));
  }

  private void add(
      DayPlan day,
      Block block,
      List<Grouping> decided,
      List<OpenBlock> items,
      DayKey key,
      DaySum sum) {
    List<OpenBlock.Totals> totals = items.stream().map(item -> item.totals(key)).toList();
    totals.forEach(sum::accepted);
    sum.block(totals);
    forEveryone(items, totals).forEach(sum::forEveryone);

    List<SequencedMap<Cohort, CellTotal>> hours = Releasing.hours(block, totals, items);
    Releasing.cells(day, block, hours, decided).forEach(cell -> sum.releasedWh += cell.energyWh());
    for (int i = 0; i < hours.size(); i++) {
      sum.leavesOver |= decided.get(i).suppressesTooFew(hours.get(i));
    }

    var late = new ArrayList<ReleasedCell>();
    for (SequencedMap<Cohort, CellTotal> place : late(items, totals)) {
      CellTotal total = place.values().stream().reduce(CellTotal.EMPTY, CellTotal::plus);
      var told = ReleasedCell.late(List.copyOf(place.keySet()), block, total);
      sum.leavesOver |= told.isEmpty() && total.count() > 0;
      told.ifPresent(late::add);
    }
    stores.usage().putMissing(late, block.start(), block.end(), day.tenant());
    late.forEach(cell -> sum.lateWh += cell.energyWh());
  }

  private static Map<Commodity, DailyTotal> forEveryone(
      List<OpenBlock> items, List<OpenBlock.Totals> totals) {
    var found = new EnumMap<Commodity, DailyTotal>(Commodity.class);
    for (int i = 0; i < items.size(); i++) {
      var cohort = items.get(i).cohort();
      var total = totals.get(i);
      found.merge(
          cohort.commodity(),
          new DailyTotal(total.blocks(), total.forEveryone(), cohort.blockMaxForEveryone()),
          DailyTotal::withOtherMeters);
    }
    return found;
  }

  /// What late blocks are added up by.
  private record Place(DistrictId district, Commodity commodity) {}

  private static Collection<SequencedMap<Cohort, CellTotal>> late(
      List<OpenBlock> items, List<OpenBlock.Totals> totals) {
    var places = new LinkedHashMap<Place, SequencedMap<Cohort, CellTotal>>();
    for (int i = 0; i < items.size(); i++) {
      var cohort = items.get(i).cohort();
      places
          .computeIfAbsent(
              new Place(cohort.district(), cohort.commodity()), _ -> new LinkedHashMap<>())
          .put(cohort, totals.get(i).late());
    }
    return places.values();
  }

  /// A day's energy while it is added up.
  private static final class DaySum {

    private WattHours accepted = WattHours.ZERO;
    private final Map<Commodity, DailyTotal> forEveryone = new EnumMap<>(Commodity.class);
    private WattHours largestMeter = WattHours.ZERO;
    private int meters;
    private long releasedWh;
    private long lateWh;

    /// Whether some energy is in no cell because it is of too few meters, or of late ones of which
    /// one has too large a share, who may be the only one: it would be what is left of the day.
    private boolean leavesOver;

    void accepted(OpenBlock.Totals totals) {
      accepted = accepted.plus(totals.accepted());
    }

    /// Nobody's day is above the sum of the largest blocks, and at least as many meters reported as
    /// did in the fullest block.
    void block(List<OpenBlock.Totals> cohorts) {
      largestMeter =
          largestMeter.plus(
              cohorts.stream()
                  .map(OpenBlock.Totals::largestWhole)
                  .max(WattHours::compareTo)
                  .orElse(WattHours.ZERO));
      meters = Math.max(meters, cohorts.stream().mapToInt(OpenBlock.Totals::blocks).sum());
    }

    void forEveryone(Commodity commodity, DailyTotal block) {
      forEveryone.merge(commodity, block, DailyTotal::withLaterBlock);
    }

    Optional<Figures> figures() {
      if (leavesOver || !ReleaseRule.holds(new CellTotal(meters, accepted, largestMeter))) {
        return Optional.empty();
      }
      long acceptedWh = accepted.value();
      return Optional.of(
          new Figures(acceptedWh, releasedWh, lateWh, acceptedWh - releasedWh - lateWh));
    }
  }
}

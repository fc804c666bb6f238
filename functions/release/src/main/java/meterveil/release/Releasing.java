package meterveil.release;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.stream.Gatherers;
import java.util.stream.IntStream;
import meterveil.block.Block;
import meterveil.block.Times;
import meterveil.cell.CellTotal;
import meterveil.cell.DayKey;
import meterveil.cell.OpenBlock;
import meterveil.cohort.Cohort;
import meterveil.usage.Formed;
import meterveil.usage.Grouping;
import meterveil.usage.ReleasedCell;

/// Blocks past the watermark: frozen, decided once, and written as released cells.
///
/// A releaser may die between any two of its writes, and two may be at it together. What holds it
/// together is the order: all items of a block are frozen before any is judged, so every releaser
/// judges the same totals; the decision is stored before any cell is written, and whoever comes
/// later follows the stored one; a later block is begun only when the last one decided has all its
/// cells; and no day is closed before every block of it has them. A block whose items do not open
/// holds back no day but its own.
final class Releasing {

  private final Stores stores;
  private final Asking asking;
  private final Clock clock;
  private final Failures failures;

  Releasing(Stores stores, Asking asking, Clock clock, Failures failures) {
    this.stores = stores;
    this.asking = asking;
    this.clock = clock;
    this.failures = failures;
  }

  /// What of a tenant's open days is to be done.
  ///
  /// @param last the block that was decided last, which may lack cells
  /// @param blocks past the watermark and not decided, in order
  record Due(Optional<DayBlock> last, List<DayBlock> blocks) {

    /// How long ago the oldest block passed the watermark.
    Duration waited(Instant now) {
      return blocks.isEmpty()
          ? Duration.ZERO
          : Duration.between(blocks.getFirst().block().end().plus(Times.RELEASED_AFTER), now);
    }
  }

  /// What was released.
  ///
  /// @param blocks how many
  /// @param cells how many cells they have
  /// @param suppressed how many of these tell nothing
  record Released(int blocks, int cells, int suppressed) {

    static final Released NONE = new Released(0, 0, 0);

    static Released of(List<ReleasedCell> block) {
      long untold = block.stream().filter(cell -> cell.formed() == Formed.SUPPRESSED).count();
      return new Released(1, block.size(), Math.toIntExact(untold));
    }

    Released plus(Released other) {
      return new Released(
          blocks + other.blocks, cells + other.cells, suppressed + other.suppressed);
    }
  }

  /// Finds out what is to be done.
  ///
  /// @param days a tenant's open days, in order
  Due due(List<DayPlan> days) {
    if (days.isEmpty()) {
      return new Due(Optional.empty(), List.of());
    }
    Map<Instant, Instant> decided =
        stores
            .groupings()
            .decided(
                days.getFirst().tenant().id(),
                days.getFirst().blocks().getFirst().start(),
                days.getLast().blocks().getLast().end());
    Optional<DayBlock> last = Optional.empty();
    Instant lastAt = Instant.EPOCH;
    var due = new ArrayList<DayBlock>();
    for (DayPlan day : days) {
      for (Block block : day.blocks()) {
        Instant at = decided.get(block.start());
        if (at != null) {
          if (!at.isBefore(lastAt)) {
            last = Optional.of(new DayBlock(day, block));
            lastAt = at;
          }
        } else if (Times.isReleased(block, clock.instant())) {
          due.add(new DayBlock(day, block));
        }
      }
    }
    return new Due(last, due);
  }

  /// Releases every block that is due, but for those of a day from the first on that does not open.
  ///
  /// @throws RuntimeException if a decision or cells cannot be written; what comes later is not
  ///   begun, then
  Released releaseDue(Due due) {
    due.last().ifPresent(it -> finish(it.day(), it.block()));
    var released = Released.NONE;
    var shut = new HashSet<LocalDate>();
    for (DayBlock it : due.blocks()) {
      var hours = new ArrayList<SequencedMap<Cohort, CellTotal>>();
      if (shut.contains(it.day().day())
          || !failures.attempt(() -> hours.addAll(open(it.day(), it.block())))) {
        shut.add(it.day().day());
      } else {
        released = released.plus(Released.of(decide(it.day(), it.block(), hours)));
      }
    }
    return released;
  }

  /// A block of a day.
  record DayBlock(DayPlan day, Block block) {}

  /// Makes sure that a block has all its cells, whoever began it.
  ///
  /// @return what was decided of it, hour by hour
  List<Grouping> finish(DayPlan day, Block block) {
    Optional<List<Grouping>> decided = decided(day, block);
    if (decided.isPresent() && isComplete(day, block, decided.get())) {
      return decided.get();
    }
    decide(day, block, open(day, block));
    return decided(day, block)
        .orElseThrow(() -> new IllegalStateException("a released block without a decision"));
  }

  private Optional<List<Grouping>> decided(DayPlan day, Block block) {
    return stores.groupings().find(day.tenant().id(), block, day.cohortIds());
  }

  private boolean isComplete(DayPlan day, Block block, List<Grouping> decided) {
    var nothing = new LinkedHashMap<Cohort, CellTotal>();
    day.cohorts().forEach(cohort -> nothing.put(cohort, CellTotal.EMPTY));
    List<Instant> hours = block.hours();
    List<ReleasedCell> places =
        IntStream.range(0, hours.size())
            .boxed()
            .flatMap(i -> ReleasedCell.of(decided.get(i), hours.get(i), nothing).stream())
            .toList();
    return stores.usage().missing(places, block.start(), block.end()).isEmpty();
  }

  /// Freezes a block and opens what is in it: for each hour, a cell for each cohort.
  private List<SequencedMap<Cohort, CellTotal>> open(DayPlan day, Block block) {
    List<OpenBlock> items =
        day.cohorts().stream()
            .gather(
                Gatherers.mapConcurrent(
                    Stores.REQUESTS_AT_ONCE, cohort -> stores.blocks().freeze(cohort, block)))
            .toList();
    asking.ask(items); // before it is decided, as what is decided is not come back to
    DayKey key =
        stores
            .dayKeys()
            .find(day.tenant().id(), day.day())
            .orElseThrow(() -> new IllegalStateException("an open day without its key"));
    return hours(block, items.stream().map(item -> item.totals(key)).toList(), items);
  }

  /// Decides a block, unless it is decided, and writes the cells of what is in force.
  private List<ReleasedCell> decide(
      DayPlan day, Block block, List<SequencedMap<Cohort, CellTotal>> hours) {
    var tenant = day.tenant();
    List<Grouping> own = hours.stream().map(Grouping::decide).toList();
    boolean first =
        stores.groupings().putFirst(tenant.id(), block, day.cohortIds(), own, clock.instant());
    List<ReleasedCell> cells =
        cells(day, block, hours, first ? own : decided(day, block).orElseThrow());
    if (first) {
      stores.usage().put(cells, tenant); // nobody has put one before
    } else {
      stores.usage().putMissing(cells, block.start(), block.end(), tenant);
    }
    return cells;
  }

  /// A block's cells as they are released.
  ///
  /// @throws IllegalStateException if they would tell of fewer than 15 meters by subtraction
  static List<ReleasedCell> cells(
      DayPlan day,
      Block block,
      List<SequencedMap<Cohort, CellTotal>> hours,
      List<Grouping> decided) {
    var cells = new ArrayList<ReleasedCell>();
    List<Instant> starts = block.hours();
    for (int i = 0; i < starts.size(); i++) {
      decided.get(i).refuseDifferences(day.cohorts());
      cells.addAll(ReleasedCell.of(decided.get(i), starts.get(i), hours.get(i)));
    }
    return cells;
  }

  static List<SequencedMap<Cohort, CellTotal>> hours(
      Block block, List<OpenBlock.Totals> totals, List<OpenBlock> items) {
    return IntStream.range(0, block.length().hours())
        .mapToObj(hour -> {
          SequencedMap<Cohort, CellTotal> cells = new LinkedHashMap<>();
          for (int i = 0; i < items.size(); i++) {
            cells.put(items.get(i).cohort(), totals.get(i).hours().get(hour));
          }
          return cells;
        })
        .toList();
  }
}

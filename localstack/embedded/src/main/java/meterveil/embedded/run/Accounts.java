package meterveil.embedded.run;

import java.security.SecureRandom;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import meterveil.block.Block;
import meterveil.block.Epoch;
import meterveil.block.Times;
import meterveil.cell.DayKey;
import meterveil.cell.DayKeyTable;
import meterveil.cell.DayKeys;
import meterveil.cell.OpenBlock;
import meterveil.cell.OpenBlockTable;
import meterveil.cohort.Cohort;
import meterveil.cohort.CohortTable;
import meterveil.cohort.DistrictId;
import meterveil.embedded.run.RunSummary.Cells;
import meterveil.energy.Commodity;
import meterveil.opendata.DailyTotal;
import meterveil.opendata.OpenDataTable;
import meterveil.tenant.Tenant;
import meterveil.usage.Formed;
import meterveil.usage.Reconciliation;
import meterveil.usage.ReconciliationTable;
import meterveil.usage.ReleasedCell;
import meterveil.usage.UsageTable;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/// A tenant's energy by the platform's stores alone, as an administrator reads them.
///
/// @param cells every released cell and late total that is kept
/// @param withheldWh by the reconciliations of the closed days
/// @param pendingWh in the open items of days that are not closed, less what is released of it
/// @param undisclosed closed days without figures
/// @param dailyTotals how many days everyone is told, with noise
record Accounts(
    List<ReleasedCell> cells,
    long withheldWh,
    long pendingWh,
    List<LocalDate> undisclosed,
    int dailyTotals) {

  Accounts {
    cells = List.copyOf(cells);
    undisclosed = List.copyOf(undisclosed);
  }

  /// What the accounts are read from.
  record Stores(
      CohortTable cohorts,
      OpenBlockTable blocks,
      DayKeyTable dayKeyTable,
      DayKeys dayKeys,
      UsageTable usage,
      ReconciliationTable reconciliations,
      OpenDataTable openData) {

    /// @param names the physical names of tables
    static Stores of(DynamoDbClient dynamoDb, UnaryOperator<String> names, DayKeys dayKeys) {
      return new Stores(
          new CohortTable(dynamoDb, names.apply("Cohorts")),
          new OpenBlockTable(dynamoDb, names.apply("OpenBlocks")),
          new DayKeyTable(dynamoDb, names.apply("DayKeys")),
          dayKeys,
          new UsageTable(dynamoDb, names.apply("Usage")),
          new ReconciliationTable(dynamoDb, names.apply("Reconciliations")),
          new OpenDataTable(dynamoDb, names.apply("OpenData"), new SecureRandom()));
    }
  }

  /// Reads them.
  ///
  /// @param districts all there are
  /// @param days all that anything was measured on, in order
  /// @param now what has expired by then does not count
  static Accounts read(
      Stores stores, Tenant tenant, List<DistrictId> districts, List<LocalDate> days, Instant now) {
    Instant from = days.getFirst().atStartOfDay(ZoneOffset.UTC).toInstant();
    Instant until = Times.end(days.getLast());
    List<ReleasedCell> cells =
        Stream.concat(districts.stream().map(Optional::of), Stream.of(Optional.<DistrictId>empty()))
            .flatMap(district -> stores.usage().read(tenant, district, from, until, now))
            .toList();
    List<Reconciliation> told =
        stores
            .reconciliations()
            .read(tenant, now)
            .filter(reconciliation -> reconciliation.figures().isPresent())
            .toList();
    List<LocalDate> open = stores.dayKeyTable().openDays(tenant.id());
    Set<LocalDate> known =
        Stream.concat(told.stream().map(Reconciliation::day), open.stream())
            .collect(Collectors.toSet());
    long withheldWh =
        told.stream()
            .mapToLong(reconciliation -> reconciliation.figures().orElseThrow().withheldWh())
            .sum();
    return new Accounts(
        cells,
        withheldWh,
        open.stream().mapToLong(day -> pendingWh(stores, tenant, day, cells)).sum(),
        days.stream().filter(day -> !known.contains(day)).toList(),
        (int) days.stream().filter(day -> isToldToEveryone(stores, tenant, day, now)).count());
  }

  private static boolean isToldToEveryone(
      Stores stores, Tenant tenant, LocalDate day, Instant now) {
    var product = DailyTotal.product(Commodity.ELECTRICITY);
    return stores.openData().find(tenant, product, day, now).isPresent();
  }

  private static long pendingWh(
      Stores stores, Tenant tenant, LocalDate day, List<ReleasedCell> cells) {
    DayKey key =
        stores
            .dayKeys()
            .find(tenant.id(), day)
            .orElseThrow(() -> new IllegalStateException("an open day without its key"));
    var items = new ArrayList<OpenBlock>();
    for (Cohort cohort : stores.cohorts().of(tenant.id(), Epoch.of(day))) {
      var first = new Block(day.atStartOfDay(ZoneOffset.UTC).toInstant(), cohort.blockLength());
      Stream.iterate(first, block -> block.day().equals(day), Block::next)
          .flatMap(block -> stores.blocks().find(cohort, block).stream())
          .forEach(items::add);
    }
    long acceptedWh = items.stream().mapToLong(item -> item.totals(key).accepted().value()).sum();
    long toldWh =
        cells.stream()
            .filter(cell -> LocalDate.ofInstant(cell.start(), ZoneOffset.UTC).equals(day))
            .mapToLong(ReleasedCell::energyWh)
            .sum();
    return acceptedWh - toldWh;
  }

  /// What the cells of one hour add up to.
  long releasedWh() {
    return cells.stream()
        .filter(cell -> cell.formed() != Formed.LATE)
        .mapToLong(ReleasedCell::energyWh)
        .sum();
  }

  /// What the late totals add up to.
  long lateWh() {
    return cells.stream()
        .filter(cell -> cell.formed() == Formed.LATE)
        .mapToLong(ReleasedCell::energyWh)
        .sum();
  }

  /// How the cells of one hour came about.
  Cells formed() {
    return new Cells(count(Formed.OWN), count(Formed.MERGED), count(Formed.SUPPRESSED));
  }

  private long count(Formed formed) {
    return cells.stream().filter(cell -> cell.formed() == formed).count();
  }
}

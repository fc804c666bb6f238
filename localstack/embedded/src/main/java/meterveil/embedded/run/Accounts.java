package meterveil.embedded.run;

import java.security.SecureRandom;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
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
import meterveil.usage.Reconciliation.Figures;
import meterveil.usage.ReconciliationTable;
import meterveil.usage.ReleasedCell;
import meterveil.usage.UsageTable;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/// A tenant's energy by the platform's stores alone, as an administrator reads them.
///
/// @param cells every released cell and late total that is kept
/// @param withheldWh by the reconciliations of the closed days
/// @param pendingWh in the open items of days that are not closed, less what is released of it
/// @param undisclosed days with a record without figures, or with one that is not kept any more
/// @param unrecorded days that are neither open nor have a record, though it would be kept
/// @param dailyTotals how many days everyone is told, with noise
record Accounts(
    List<ReleasedCell> cells,
    long withheldWh,
    long pendingWh,
    List<LocalDate> undisclosed,
    List<LocalDate> unrecorded,
    int dailyTotals) {

  Accounts {
    cells = List.copyOf(cells);
    undisclosed = List.copyOf(undisclosed);
    unrecorded = List.copyOf(unrecorded);
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
    var records = new TreeMap<LocalDate, Optional<Figures>>();
    // What has expired tells nothing any more, as a record without figures does.
    days.stream()
        .filter(day -> !tenant.expiry(day.atStartOfDay(ZoneOffset.UTC).toInstant()).isAfter(now))
        .forEach(day -> records.put(day, Optional.empty()));
    stores
        .reconciliations()
        .read(tenant, now)
        .forEach(record -> records.put(record.day(), record.figures()));
    // A day with a record is accounted for, though its key may not be destroyed yet.
    List<LocalDate> open =
        stores.dayKeyTable().openDays(tenant.id()).stream()
            .filter(day -> !records.containsKey(day))
            .toList();
    return new Accounts(
        cells,
        records.values().stream().flatMap(Optional::stream).mapToLong(Figures::withheldWh).sum(),
        open.stream().mapToLong(day -> pendingWh(stores, tenant, day, cells)).sum(),
        records.entrySet().stream()
            .filter(record -> record.getValue().isEmpty())
            .map(Map.Entry::getKey)
            .toList(),
        days.stream().filter(day -> !records.containsKey(day) && !open.contains(day)).toList(),
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
    return acceptedWh - toldWh(cells, day);
  }

  private static long toldWh(List<ReleasedCell> cells, LocalDate day) {
    return cells.stream()
        .filter(cell -> LocalDate.ofInstant(cell.start(), ZoneOffset.UTC).equals(day))
        .mapToLong(ReleasedCell::energyWh)
        .sum();
  }

  /// What the cells and late totals of a day add up to.
  long toldWh(LocalDate day) {
    return toldWh(cells, day);
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

package meterveil.embedded.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import meterveil.embedded.aws.Charges;
import org.jspecify.annotations.Nullable;

/// What a run came to.
///
/// @param scope what was run
/// @param counts what became of messages and blocks
/// @param energy where the energy went
/// @param cells how the released cells came about
/// @param dailyTotals how many days everyone is told, with noise; none below 100 meters
/// @param scan what was searched for traces of a meter
/// @param writeUnits what DynamoDB would charge for writing
/// @param bill what AWS would charge for
/// @param pace how fast it went and what it took
/// @param notes what a person should know besides, a sentence each
public record RunSummary(
    Scope scope,
    Counts counts,
    Energy energy,
    Cells cells,
    int dailyTotals,
    CanaryScan.Result scan,
    WriteUnits writeUnits,
    Bill bill,
    Pace pace,
    List<String> notes) {

  private static final ObjectWriter WRITER = new JsonMapper().writerWithDefaultPrettyPrinter();

  public RunSummary {
    notes = List.copyOf(notes);
  }

  /// What was run.
  ///
  /// @param file the file's name; none for made-up homes
  /// @param seed what made-up data and planning depend on
  /// @param firstDay the first UTC day
  /// @param days how many UTC days, in whole or in part
  /// @param blockHours hours of a block
  /// @param meters how many
  /// @param cohorts how many in one epoch, at most
  /// @param districts how many
  /// @param epochs how many the days lie in
  /// @param retentionDays how long what is released is kept
  public record Scope(
      Optional<String> file,
      long seed,
      LocalDate firstDay,
      int days,
      int blockHours,
      int meters,
      int cohorts,
      int districts,
      int epochs,
      int retentionDays) {}

  /// What became of messages and blocks. The first two by the meters' own books, the rest by the
  /// functions' metrics and the broker's.
  ///
  /// @param messages readings sent for the first time
  /// @param repeats readings sent again
  /// @param meterHours measured hours that were counted
  /// @param accepted blocks that were counted, late ones included
  /// @param duplicates blocks that had been counted before
  /// @param refused messages the collector refused, by reason
  /// @param refusedByBroker what the broker refused, by reason
  /// @param givenUp events that failed every time and were handed to nobody, by the function's
  ///   logical id
  public record Counts(
      long messages,
      long repeats,
      long meterHours,
      long accepted,
      long duplicates,
      Map<String, Long> refused,
      Map<String, Long> refusedByBroker,
      Map<String, Long> givenUp) {

    public Counts {
      refused = Map.copyOf(refused);
      refusedByBroker = Map.copyOf(refusedByBroker);
      givenUp = Map.copyOf(givenUp);
    }
  }

  /// Where the energy went, in whole watt-hours: sent = refused + undelivered + released + late +
  /// withheld + undisclosed + pending.
  ///
  /// @param sentWh by the meters' own books, as the next two
  /// @param refusedWh what the platform had to refuse
  /// @param undeliveredWh what never reached it
  /// @param releasedWh what the released cells add up to, by the platform's stores, as the rest
  /// @param lateWh what the late totals add up to
  /// @param withheldWh suppressed, clipped and rounded away; below zero where more was rounded up
  /// @param undisclosedWh the same of the undisclosed days, which no store tells: by the meters'
  ///   own books of those days, less what is released of them. So of those days the sum holds by
  ///   itself, and is not checked
  /// @param pendingWh in blocks that are not released, or of days that are not closed
  /// @param undisclosedDays closed days whose total may not be told, or is not kept any more
  /// @param unrecordedDays days of which something was delivered, and that are neither open nor
  ///   have a record
  public record Energy(
      long sentWh,
      long refusedWh,
      long undeliveredWh,
      long releasedWh,
      long lateWh,
      long withheldWh,
      long undisclosedWh,
      long pendingWh,
      int undisclosedDays,
      int unrecordedDays) {

    /// What is sent and not accounted for; 0 when all is well.
    public long differenceWh() {
      return sentWh
          - refusedWh
          - undeliveredWh
          - releasedWh
          - lateWh
          - withheldWh
          - undisclosedWh
          - pendingWh;
    }

    /// Whether the sum does not hold, or a day is missing.
    public boolean isWrong() {
      return differenceWh() != 0 || unrecordedDays != 0;
    }
  }

  /// Released cells of one hour by how they came about.
  public record Cells(long own, long merged, long suppressed) {

    /// All of them.
    public long all() {
      return own + merged + suppressed;
    }
  }

  /// By DynamoDB's own consumed-capacity figures.
  ///
  /// @param collect of the collect function
  /// @param release of the release function
  public record WriteUnits(double collect, double release) {}

  /// What AWS would charge for.
  ///
  /// @param calls by the role's logical id, then by service and operation
  /// @param work by the function's logical id
  /// @param rules by IoT Core's metric names, each after its rule's name and a dot
  /// @param logBytes of all log lines
  /// @param metrics how many metrics of its own they hold, for each set of dimensions
  /// @param stored what the items of each table came to
  public record Bill(
      Map<String, Map<String, Charges.Calls>> calls,
      Map<String, Charges.Work> work,
      Map<String, Long> rules,
      long logBytes,
      int metrics,
      Map<String, Stored> stored) {

    public Bill {
      calls = Map.copyOf(calls);
      work = Map.copyOf(work);
      rules = Map.copyOf(rules);
      stored = Map.copyOf(stored);
    }

    private Map<String, Object> json() {
      var roles = new TreeMap<String, Object>();
      calls.forEach((role, operations) -> {
        var counts = new TreeMap<String, Object>();
        operations.forEach((operation, made) -> {
          var count = new LinkedHashMap<String, Object>();
          count.put("calls", made.count());
          count.put("readUnits", made.readUnits());
          count.put("writeUnits", made.writeUnits());
          counts.put(operation, count);
        });
        roles.put(role, counts);
      });
      var functions = new TreeMap<String, Object>();
      work.forEach((function, did) -> {
        var times = new LinkedHashMap<String, Object>();
        times.put("invocations", did.invocations());
        times.put("busyMillis", rounded(did.busyMillis(), 1));
        times.put("billedMillis", rounded(did.billedMillis(), 0));
        times.put("busyMillisMin", rounded(did.busyMillis(0), 2));
        times.put("busyMillisP50", rounded(did.busyMillis(0.50), 2));
        times.put("busyMillisP99", rounded(did.busyMillis(0.99), 2));
        functions.put(function, times);
      });
      var json = new LinkedHashMap<String, Object>();
      json.put("calls", roles);
      json.put("functions", functions);
      json.put("rules", new TreeMap<>(rules));
      json.put("logBytes", logBytes);
      json.put("metrics", metrics);
      var bytes = new TreeMap<String, Object>();
      stored.forEach((table, items) ->
          bytes.put(table, Map.of("firstDay", items.firstDayBytes(), "end", items.endBytes())));
      json.put("storedBytes", bytes);
      return json;
    }
  }

  /// What the items of a table come to.
  ///
  /// @param firstDayBytes when the first day is over and nothing of it is released
  /// @param endBytes when every day is closed
  public record Stored(long firstDayBytes, long endBytes) {}

  /// How fast it went and what it took.
  ///
  /// @param startSeconds from the start of the platform to the first counted message
  /// @param sendingSeconds from the first message with readings to the last that was stored
  /// @param storedMillis from a meter's publishing a message to collect's answer, for each message
  ///   in ascending order
  /// @param wallSeconds from the start of the platform to the last closed day
  /// @param residentBytesMax of all processes together at the same time; none where the system does
  ///   not tell
  /// @param cpuSeconds by what the processes are: `platform` (broker, rules and stand-ins),
  ///   `meters`, `functions`, `database`; empty where the system does not tell
  /// @param cpuSecondsBefore of it, what was used before the first message with readings
  public record Pace(
      double startSeconds,
      double sendingSeconds,
      List<Double> storedMillis,
      double wallSeconds,
      OptionalLong residentBytesMax,
      Map<String, Double> cpuSeconds,
      Map<String, Double> cpuSecondsBefore) {

    public Pace {
      storedMillis = List.copyOf(storedMillis);
      cpuSeconds = Map.copyOf(cpuSeconds);
      cpuSecondsBefore = Map.copyOf(cpuSecondsBefore);
    }

    /// How long a share of the messages took at most from publishing to stored.
    ///
    /// @param share 0.5 for the median
    double storedMillis(double share) {
      return storedMillis.isEmpty()
          ? 0
          : storedMillis.get((int) (share * (storedMillis.size() - 1)));
    }
  }

  /// Messages a second, from the first message with readings to the last that was stored.
  public double messagesPerSecond() {
    return pace.sendingSeconds() > 0 ? counts.messages() / pace.sendingSeconds() : 0;
  }

  /// Write units per meter-hour.
  ///
  /// @return nothing when no hour was counted
  public @Nullable BigDecimal perMeterHour(double units) {
    return counts.meterHours() == 0 ? null : rounded(units / counts.meterHours(), 4);
  }

  /// Whether the run did what a run promises: all energy accounted for, no trace of a meter, and
  /// nothing left undone.
  public boolean isRight() {
    return !energy.isWrong() && scan.hits().isEmpty() && undone().isEmpty();
  }

  /// What a platform that works does not leave, when every meter behaves and every day is over.
  public List<String> undone() {
    var undone = new ArrayList<String>();
    if (energy.pendingWh() != 0) {
      undone.add("%,d Wh are of days that were not closed".formatted(energy.pendingWh()));
    }
    if (energy.undeliveredWh() != 0) {
      undone.add("%,d Wh never reached the platform".formatted(energy.undeliveredWh()));
    }
    new TreeMap<>(counts.refusedByBroker())
        .forEach((reason, count) ->
            undone.add("the broker refused its own meters %,d times: %s".formatted(count, reason)));
    new TreeMap<>(counts.givenUp())
        .forEach((function, count) ->
            undone.add("%s failed for good with %,d of its events".formatted(function, count)));
    return List.copyOf(undone);
  }

  /// As `summary.json` has it.
  public String toJson() {
    var json = new LinkedHashMap<String, @Nullable Object>();
    json.put("source", scope.file().orElse("made up"));
    json.put("seed", scope.seed());
    json.put("firstDay", scope.firstDay().toString());
    json.put("days", scope.days());
    json.put("blockHours", scope.blockHours());
    json.put("epochs", scope.epochs());
    json.put("retentionDays", scope.retentionDays());
    json.put("meters", scope.meters());
    json.put("cohorts", scope.cohorts());
    json.put("districts", scope.districts());
    json.put("messages", counts.messages());
    json.put("repeats", counts.repeats());
    json.put("meterHours", counts.meterHours());
    json.put("accepted", counts.accepted());
    json.put("duplicates", counts.duplicates());
    json.put("refused", new TreeMap<>(counts.refused()));
    json.put("refusedByBroker", new TreeMap<>(counts.refusedByBroker()));
    json.put("givenUp", new TreeMap<>(counts.givenUp()));
    json.put("undone", undone());
    json.put("sentWh", energy.sentWh());
    json.put("refusedWh", energy.refusedWh());
    json.put("undeliveredWh", energy.undeliveredWh());
    json.put("releasedWh", energy.releasedWh());
    json.put("lateWh", energy.lateWh());
    json.put("withheldWh", energy.withheldWh());
    json.put("undisclosedWh", energy.undisclosedWh());
    json.put("pendingWh", energy.pendingWh());
    json.put("differenceWh", energy.differenceWh());
    json.put("undisclosedDays", energy.undisclosedDays());
    json.put("unrecordedDays", energy.unrecordedDays());
    var formed = new LinkedHashMap<String, Long>();
    formed.put("own", cells.own());
    formed.put("merged", cells.merged());
    formed.put("suppressed", cells.suppressed());
    json.put("cells", formed);
    json.put("dailyTotals", dailyTotals);
    json.put("itemsScanned", scan.items());
    json.put("logLinesScanned", scan.logLines());
    json.put("keyContextsScanned", scan.keyContexts());
    json.put("retainedMessagesScanned", scan.retainedMessages());
    json.put("failureRecordsScanned", scan.failureRecords());
    json.put("canaryHits", scan.hits().size());
    json.put("collectWriteUnits", rounded(writeUnits.collect(), 1));
    json.put("releaseWriteUnits", rounded(writeUnits.release(), 1));
    json.put("collectWriteUnitsPerMeterHour", perMeterHour(writeUnits.collect()));
    json.put("releaseWriteUnitsPerMeterHour", perMeterHour(writeUnits.release()));
    json.put("startSeconds", rounded(pace.startSeconds(), 2));
    json.put("sendingSeconds", rounded(pace.sendingSeconds(), 2));
    json.put("wallSeconds", rounded(pace.wallSeconds(), 2));
    json.put("messagesPerSecond", rounded(messagesPerSecond(), 1));
    json.put("storedMillisP50", rounded(pace.storedMillis(0.50), 1));
    json.put("storedMillisP99", rounded(pace.storedMillis(0.99), 1));
    OptionalLong resident = pace.residentBytesMax();
    json.put("residentBytesMax", resident.isPresent() ? resident.getAsLong() : null);
    json.put("cpuSeconds", rounded(pace.cpuSeconds()));
    json.put("cpuSecondsBefore", rounded(pace.cpuSecondsBefore()));
    json.put("bill", bill.json());
    json.put("notes", notes);
    try {
      return WRITER.writeValueAsString(json) + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("numbers and texts can always be written as JSON", e);
    }
  }

  private static Map<String, BigDecimal> rounded(Map<String, Double> seconds) {
    var rounded = new TreeMap<String, BigDecimal>();
    seconds.forEach((kind, each) -> rounded.put(kind, rounded(each, 1)));
    return rounded;
  }

  private static BigDecimal rounded(double value, int places) {
    return BigDecimal.valueOf(value).setScale(places, RoundingMode.HALF_UP);
  }
}

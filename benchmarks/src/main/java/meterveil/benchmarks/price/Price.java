package meterveil.benchmarks.price;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.IntFunction;
import java.util.stream.Stream;
import meterveil.benchmarks.Chart;
import meterveil.benchmarks.Goal;
import meterveil.benchmarks.MainLineRuns;
import meterveil.benchmarks.Outcome;
import meterveil.benchmarks.Table;
import meterveil.block.Times;
import meterveil.cell.OpenBlockTable;
import meterveil.tenant.Tenant;
import meterveil.usage.GroupingTable;

/// What it costs: AWS's list prices on what a run has counted.
///
/// What grows with the meters is taken per meter-hour from a run; what does not is counted in the
/// templates and paid by the month. The usual design is priced by the same list on the same meters:
/// its counts follow from what it is.
public final class Price {

  private static final double DAYS_PER_MONTH = 365 / 12.0;
  private static final double HOURS_PER_YEAR = 8_760;
  private static final double MILLION = 1e6;
  private static final double BYTES_PER_GB = 1e9;
  private static final int HOURS_PER_DAY = 24;
  private static final double TIMES_CHEAPER_MIN = 20;
  private static final double MILLIS_PER_SECOND = 1_000;
  private static final double MB_PER_GB = 1_024;
  private static final List<Integer> METERS = List.of(1_000, 100_000, 1_000_000);
  private static final int METERS_OF_GOAL = 100_000;
  private static final String COLLECT_RULE = "collect_readings";
  private static final String OURS = "Meterveil, a message a day";
  private static final String USUAL = "a function per reading, hourly";

  /// How long the items of a day lie open, from its beginning to its closing.
  private static final Duration OPEN = Duration.ofDays(1).plus(Times.CLOSED_AFTER);

  /// How long each table keeps what is left of a day that is closed, by default.
  private static final Map<String, Duration> KEPT =
      Map.of(
          "OpenBlocks", OpenBlockTable.MARKER_KEPT,
          "DayKeys", OpenBlockTable.MARKER_KEPT,
          "Groupings", Times.CLOSED_AFTER.plus(GroupingTable.KEPT_AFTER_CLOSING),
          "Usage", Tenant.RETENTION,
          "Reconciliations", Tenant.RETENTION,
          "OpenData", Tenant.RETENTION);

  /// Under which keys are counted that rotate.
  static final String ROTATING = "EnableKeyRotation";

  /// Under which metrics are counted that alarms list.
  static final String ALARM_METRICS = "MetricStat";

  /// Under which alarms are counted that ask by query.
  static final String ALARM_QUERIES = "Expression";

  /// What cannot but grow with the meters.
  private static final Set<String> GROWING =
      Set.of(
          "iotRuleTriggered",
          "iotAction",
          "lambdaRequest",
          "lambdaGbSecond",
          "dynamoDbWriteUnit",
          "logGb");

  /// What the meters of a deployment do.
  ///
  /// @param daily whether they send once a day; else once an hour
  /// @param perMeterHour what a meter-hour uses, by the number of meters; without connections
  /// @param perSession what it uses to connect and leave, beside the minutes between
  /// @param perDayConnected what a day of staying connected uses, beside its minutes
  private record Way(
      String name,
      boolean daily,
      IntFunction<Use> perMeterHour,
      Use perSession,
      Use perDayConnected) {}

  private record Runs(
      JsonNode dailyFew, JsonNode dailyMany, JsonNode hourlyFew, JsonNode hourlyMany) {}

  private final PriceList prices;
  private final double memoryGb;
  private final double usualItemBytes;

  /// @param memoryGb of a function
  /// @param usualItemBytes of an item of the usual design, as they are paid for while it is kept
  Price(PriceList prices, double memoryGb, double usualItemBytes) {
    this.prices = prices;
    this.memoryGb = memoryGb;
    this.usualItemBytes = usualItemBytes;
  }

  /// Measures it.
  ///
  /// @param repository its root folder, built
  public static Outcome measure(Path repository, MainLineRuns runs)
      throws IOException, InterruptedException {
    var measured =
        new Runs(
            runs.run("--meters", "100", "--days", "2").summary(),
            runs.run("--meters", "1000", "--days", "2").summary(),
            runs.run("--meters", "100", "--days", "1", "--block", "1").summary(),
            runs.run("--meters", "1000", "--days", "1", "--block", "1").summary());
    Map<String, Integer> resources = resources(templates(repository));
    double memoryGb = memoryGb(repository);
    UsualCalls.Measured usual =
        UsualCalls.measure(
            repository, runs.emptied("usual"), memoryGb * MB_PER_GB, List.of(1, HOURS_PER_DAY));
    return new Price(PriceList.read(), memoryGb, usual.itemBytes())
        .outcome(measured, usual.billedMillis(), resources);
  }

  private Outcome outcome(
      Runs runs, Map<Integer, Double> usualMillis, Map<String, Integer> resources) {
    Use fixed = perMonth(resources, runs.dailyMany().path("bill").path("metrics").asDouble());
    Use status = perStatus(runs.dailyMany());
    Use session =
        new Use.Sum()
            .add("iotMessage", Assumption.SESSION_MESSAGES.value())
            .done()
            .plus(status)
            .plus(perEvent(runs.dailyMany(), status).times(Assumption.SESSION_EVENTS.value()));
    Use usualSession =
        new Use.Sum().add("iotMessage", Assumption.USUAL_SESSION_MESSAGES.value()).done();
    Use none = new Use.Sum().done();
    double hourlyMillis = Objects.requireNonNull(usualMillis.get(1));
    double dailyMillis = Objects.requireNonNull(usualMillis.get(HOURS_PER_DAY));
    Use usual = functionPerReading(hourlyMillis, 1, true);
    List<Way> ways =
        List.of(
            new Way(
                OURS,
                true,
                meters -> perMeterHour(runs.dailyFew(), runs.dailyMany(), meters),
                session,
                status),
            new Way(
                "Meterveil, a message an hour",
                false,
                meters -> perMeterHour(runs.hourlyFew(), runs.hourlyMany(), meters),
                session,
                status),
            new Way(
                "a rule writes each reading, hourly", false, _ -> ruleWrites(), usualSession, none),
            new Way(USUAL, false, _ -> usual, usualSession, none),
            new Way(
                "the same under Basic Ingest, hourly",
                false,
                _ -> functionPerReading(hourlyMillis, 1, false),
                usualSession,
                none),
            new Way(
                "a function per message, items each, daily",
                true,
                _ -> functionPerReading(dailyMillis, HOURS_PER_DAY, true),
                usualSession,
                none));
    var figures = new LinkedHashMap<String, Object>();
    figures.put("prices", prices.json());
    figures.put("assumptions", Assumption.json());
    figures.put("perMonth", fixed.units());
    figures.put("usualBilledMillis", usualMillis);
    figures.put("usualItemBytes", usualItemBytes);
    figures.put("collectBilledMillis", billedMillis(runs));
    figures.put("perSession", session.units());
    figures.put("fixedUsdPerMonth", fixed.usd(prices));
    var tables = new ArrayList<Table>();
    var chart =
        new Chart(
            "A million meter-hours of 100,000 meters",
            "US dollars, list price, without connections");
    for (int meters : METERS) {
      tables.add(perMillion(ways, meters, figures));
    }
    for (Way way : ways) {
      chart.bar(
          way.name(),
          way.perMeterHour().apply(METERS_OF_GOAL).times(MILLION).usd(prices),
          3,
          way.name().startsWith("Meterveil"));
    }
    tables.addAll(perMeterYear(ways, fixed, figures));
    tables.add(billedMillis(runs, usualMillis));
    double timesCheaper =
        usual.usd(prices)
            / perMeterHour(runs.dailyFew(), runs.dailyMany(), METERS_OF_GOAL).usd(prices);
    return new Outcome(
        "price",
        tables,
        figures,
        Map.of("price", chart.svg()),
        List.of(
            Goal.atLeast(
                "daily messages of 100,000 meters, cheaper than a function per reading, without keys, alarms and connections",
                "times",
                timesCheaper,
                TIMES_CHEAPER_MIN)));
  }

  private Table perMillion(List<Way> ways, int meters, Map<String, Object> figures) {
    var table =
        new Table(
            "%,d meters: US dollars a million meter-hours, prices of %s; without keys, alarms and connections"
                .formatted(meters, prices.dated()),
            "",
            "IoT Core",
            "Lambda",
            "DynamoDB",
            "KMS",
            "logs",
            "together",
            "times ours");
    double base = ways.getFirst().perMeterHour().apply(meters).usd(prices);
    var json = new LinkedHashMap<String, Object>();
    for (Way way : ways) {
      Use million = way.perMeterHour().apply(meters).times(MILLION);
      table.row(
          way.name(),
          usd(million.usd(prices, "iot")),
          usd(million.usd(prices, "lambda") + million.usd(prices, "schedule")),
          usd(million.usd(prices, "dynamoDb")),
          usd(million.usd(prices, "kms")),
          usd(million.usd(prices, "log")),
          usd(million.usd(prices)),
          "%.1f".formatted(million.usd(prices) / MILLION / base));
      var one = new LinkedHashMap<String, Object>();
      one.put("usd", million.usd(prices));
      one.put("units", new TreeMap<>(million.units()));
      json.put(way.name(), one);
    }
    figures.put("perMillionMeterHours of %d meters".formatted(meters), json);
    return table;
  }

  /// With what the tables by meter-hours leave out, in dollars and beside ours.
  private List<Table> perMeterYear(List<Way> ways, Use fixed, Map<String, Object> figures) {
    String[] columns = {"", "1,000 meters", "100,000", "1,000,000", "1,000,000, always connected"};
    var dollars =
        new Table(
            "US dollars a meter and year, with keys, alarms and connections: a minute a message, or always",
            columns);
    var times = new Table("The same, times ours", columns);
    Map<String, Double> ours = meterYear(ways.getFirst(), fixed);
    var perYear = new LinkedHashMap<String, Object>();
    for (Way way : ways) {
      Map<String, Double> usd = meterYear(way, fixed);
      dollars.row(cells(way, usd.values().stream().map(Price::usd)));
      times.row(
          cells(
              way,
              usd.entrySet().stream()
                  .map(it ->
                      "%.1f"
                          .formatted(it.getValue() / ours.getOrDefault(it.getKey(), Double.NaN)))));
      perYear.put(way.name(), usd);
    }
    figures.put("perMeterYear", perYear);
    return List.of(dollars, times);
  }

  private static String[] cells(Way way, Stream<String> more) {
    return Stream.concat(Stream.of(way.name()), more).toArray(String[]::new);
  }

  /// Everyone pays for the same fixed things, as a fair sample is encrypted and watched too.
  ///
  /// @return by the number of meters that connect for each message, then of those that stay
  private Map<String, Double> meterYear(Way way, Use fixed) {
    double minute = prices.of("iotConnectionMinute");
    double sessions = HOURS_PER_YEAR / (way.daily() ? HOURS_PER_DAY : 1);
    var usd = new LinkedHashMap<String, Double>();
    for (int meters : METERS) {
      usd.put(
          Integer.toString(meters),
          meterYear(way, fixed, meters) + sessions * (minute + way.perSession().usd(prices)));
    }
    usd.put(
        "always connected",
        meterYear(way, fixed, METERS.getLast())
            + HOURS_PER_YEAR * 60 * minute
            + HOURS_PER_YEAR / HOURS_PER_DAY * way.perDayConnected().usd(prices));
    return usd;
  }

  private double meterYear(Way way, Use fixed, int meters) {
    return way.perMeterHour().apply(meters).usd(prices) * HOURS_PER_YEAR
        + fixed.usd(prices) * 12 / meters;
  }

  /// What a status takes from the rule to its table, as a run's meters have sent them.
  private Use perStatus(JsonNode run) {
    double statuses = function(run, "Status").path("invocations").asDouble();
    double logGb = logGb(run);
    var one = new Use.Sum();
    role(run, "Status").forEach(call -> units(one, call, 1 / statuses));
    return one.add("iotRuleTriggered", 1)
        .add("iotAction", 1)
        .add("lambdaRequest", 1)
        .add(
            "lambdaGbSecond",
            memoryGb
                / MILLIS_PER_SECOND
                * function(run, "Status").path("billedMillis").asDouble()
                / statuses)
        .add("logGb", logGb)
        .add("logGbMonth", logGb * Assumption.LOG_MONTHS_KEPT.value())
        .done();
  }

  /// What the broker's event of a connection or its end takes: it changes the item that a status
  /// changes, after a look at the list of meters. A run's meters are on no list, so that look alone
  /// is counted in it.
  private Use perEvent(JsonNode run, Use status) {
    double events = function(run, "Presence").path("invocations").asDouble();
    var look = new Use.Sum();
    role(run, "Presence").forEach(call -> units(look, call, 1 / events));
    return status.plus(look.done());
  }

  /// What a run has used, per day of readings.
  ///
  /// Release is called 24 times a day on AWS, and in a run once for each end of a block. So calls
  /// are added that find nothing to do and take as long as the shortest, and what release reads is
  /// multiplied as if each call read the same.
  private Use perDay(JsonNode run) {
    double days = run.path("days").asDouble();
    JsonNode bill = run.path("bill");
    JsonNode release = function(run, "Release");
    double releases = Math.max(release.path("invocations").asDouble(), HOURS_PER_DAY * days);
    double releasesAdded = releases - release.path("invocations").asDouble();
    double readFactor = releases / release.path("invocations").asDouble();
    var sum = new Use.Sum();
    JsonNode rules = bill.path("rules");
    sum.add("iotRuleTriggered", rules.path(COLLECT_RULE + ".TopicMatch").asDouble());
    sum.add("iotAction", rules.path(COLLECT_RULE + ".Success").asDouble());
    for (Map.Entry<String, JsonNode> role : bill.path("calls").properties()) {
      boolean releasing = role.getKey().startsWith("Release");
      if (!releasing && !role.getKey().startsWith("Collect")) {
        continue; // statuses are the device plane's, and the planner works once in 30 days
      }
      double factor = releasing ? readFactor : 1;
      for (Map.Entry<String, JsonNode> call : role.getValue().properties()) {
        sum.add("dynamoDbReadUnit", call.getValue().path("readUnits").asDouble() * factor);
        sum.add("dynamoDbWriteUnit", call.getValue().path("writeUnits").asDouble());
        if (call.getKey().startsWith("kms:")) {
          sum.add("kmsRequest", call.getValue().path("calls").asDouble());
        }
      }
    }
    JsonNode collect = function(run, "Collect");
    double invocations = collect.path("invocations").asDouble();
    sum.add("lambdaRequest", invocations + releases);
    double billedMillis =
        collect.path("billedMillis").asDouble()
            + release.path("billedMillis").asDouble()
            + releasesAdded * Math.ceil(release.path("busyMillisMin").asDouble());
    sum.add("lambdaGbSecond", memoryGb / MILLIS_PER_SECOND * billedMillis);
    sum.add("scheduleCall", releases);
    double logGb = (invocations + releases) * logGb(run);
    sum.add("logGb", logGb).add("logGbMonth", logGb * Assumption.LOG_MONTHS_KEPT.value());
    KEPT.forEach((table, kept) -> {
      JsonNode bytes = bill.path("storedBytes").path(table);
      // What is there when the first day is over is of one day, and what is left of all.
      sum.add("dynamoDbGbMonth", gbMonth(bytes.path("firstDay").asDouble() * days, OPEN));
      sum.add("dynamoDbGbMonth", gbMonth(bytes.path("end").asDouble(), kept));
    });
    return sum.done().times(1 / days);
  }

  private static double gbMonth(double bytes, Duration kept) {
    return bytes / BYTES_PER_GB * kept.toHours() / HOURS_PER_DAY / DAYS_PER_MONTH;
  }

  /// What a deployment of so many meters uses, per meter-hour: of two runs, what is the same in
  /// both is taken as fixed, and the rest as growing with the meters.
  ///
  /// @throws IllegalStateException if what grows with the meters did not, so that it would vanish
  Use perMeterHour(JsonNode small, JsonNode large, int meters) {
    double few = small.path("meters").asDouble();
    double many = large.path("meters").asDouble();
    Use fewUse = perDay(small);
    Use manyUse = perDay(large);
    var sum = new Use.Sum();
    manyUse
        .units()
        .forEach((price, used) -> {
          double before = fewUse.units().getOrDefault(price, 0.0);
          if (GROWING.contains(price) && used <= before) {
            throw new IllegalStateException(
                "%s did not grow with the meters: measure again".formatted(price));
          }
          double slope = Math.max(0, (used - before) / (many - few));
          double fixed = Math.max(0, used - slope * many);
          sum.add(price, (fixed + slope * meters) / meters / HOURS_PER_DAY);
        });
    return sum.done();
  }

  /// A rule that writes each reading to an item of its own.
  private Use ruleWrites() {
    return stored(
        new Use.Sum()
            .add("iotMessage", 1)
            .add("iotRuleTriggered", 1)
            .add("iotAction", 1)
            .add("dynamoDbWriteUnit", 1));
  }

  /// A function that puts each reading of a message as an item of its own.
  Use functionPerReading(double millis, int readings, boolean broker) {
    double messages = 1.0 / readings;
    double logGb = Assumption.LAMBDA_LOG_BYTES.value() * messages / BYTES_PER_GB;
    return stored(
        new Use.Sum()
            .add("iotMessage", broker ? messages : 0)
            .add("iotRuleTriggered", messages)
            .add("iotAction", messages)
            .add("lambdaRequest", messages)
            .add("lambdaGbSecond", memoryGb / MILLIS_PER_SECOND * millis * messages)
            .add("logGb", logGb)
            .add("logGbMonth", logGb * Assumption.LOG_MONTHS_KEPT.value())
            .add("dynamoDbWriteUnit", 1));
  }

  private Use stored(Use.Sum sum) {
    return sum.add(
            "dynamoDbGbMonth",
            gbMonth(usualItemBytes, Duration.ofDays((long) Assumption.USUAL_DAYS_KEPT.value())))
        .done();
  }

  /// What costs the same each month.
  ///
  /// @param resources of the templates, as [#resources] counts them
  /// @param metrics of its own, as a run has told them
  static Use perMonth(Map<String, Integer> resources, double metrics) {
    return new Use.Sum()
        .add("kmsKeyMonth", resources.getOrDefault("AWS::KMS::Key", 0))
        .add("kmsKeyMonth", resources.getOrDefault(ROTATING, 0) * Assumption.KEY_ROTATIONS.value())
        .add("alarmMonth", resources.getOrDefault(ALARM_METRICS, 0))
        .add(
            "alarmMonth",
            resources.getOrDefault(ALARM_QUERIES, 0) * Assumption.ALARM_QUERY_METRICS.value())
        .add("dashboardMonth", resources.getOrDefault("AWS::CloudWatch::Dashboard", 0))
        .add("metricMonth", metrics)
        .done();
  }

  /// How long a call works, which decides what Lambda's time costs.
  private static Table billedMillis(Runs runs, Map<Integer, Double> usualMillis) {
    var table =
        new Table(
            "Billed for a call of a function, ms; on a whole core where 1,024 MB on Lambda have 0.58 vCPU",
            "",
            "mean");
    billedMillis(runs).forEach((run, millis) -> table.row(run, "%.1f".formatted(millis)));
    usualMillis.forEach((readings, millis) ->
        table.row(
            "the usual function, items written: %d".formatted(readings), "%.1f".formatted(millis)));
    return table;
  }

  private static Map<String, Double> billedMillis(Runs runs) {
    var millis = new LinkedHashMap<String, Double>();
    millis.put("collect, daily", billedMillis(runs.dailyMany()));
    millis.put("collect, hourly", billedMillis(runs.hourlyMany()));
    return millis;
  }

  private static double billedMillis(JsonNode run) {
    JsonNode collect = function(run, "Collect");
    return collect.path("billedMillis").asDouble() / collect.path("invocations").asDouble();
  }

  /// What a call of a function writes to its log: the mean of all, as a run does not tell their
  /// lines apart.
  private static double logGb(JsonNode run) {
    double invocations = 0;
    for (JsonNode function : run.path("bill").path("functions")) {
      invocations += function.path("invocations").asDouble();
    }
    return (run.path("bill").path("logBytes").asDouble() / invocations
            + Assumption.LAMBDA_LOG_BYTES.value())
        / BYTES_PER_GB;
  }

  /// What the roles have called whose names begin so.
  private static List<JsonNode> role(JsonNode run, String begins) {
    var calls = new ArrayList<JsonNode>();
    for (Map.Entry<String, JsonNode> role : run.path("bill").path("calls").properties()) {
      if (role.getKey().startsWith(begins)) {
        role.getValue().forEach(calls::add);
      }
    }
    return calls;
  }

  private static void units(Use.Sum sum, JsonNode call, double factor) {
    sum.add("dynamoDbReadUnit", call.path("readUnits").asDouble() * factor);
    sum.add("dynamoDbWriteUnit", call.path("writeUnits").asDouble() * factor);
  }

  private static JsonNode function(JsonNode run, String begins) {
    for (Map.Entry<String, JsonNode> function : run.path("bill").path("functions").properties()) {
      if (function.getKey().startsWith(begins)) {
        return function.getValue();
      }
    }
    throw new IllegalStateException(begins + " has never run");
  }

  private static List<JsonNode> templates(Path repository) throws IOException {
    var templates = new ArrayList<JsonNode>();
    try (Stream<Path> files = Files.walk(repository.resolve("infrastructure-cdk/target/cdk.out"))) {
      for (Path file :
          files.filter(path -> path.toString().endsWith(".template.json")).sorted().toList()) {
        templates.add(new JsonMapper().readTree(file.toFile()));
      }
    }
    return templates;
  }

  /// What there is of each type, and by [#ROTATING], [#ALARM_METRICS] and [#ALARM_QUERIES] what is
  /// paid by another measure.
  static Map<String, Integer> resources(List<JsonNode> templates) {
    var counts = new LinkedHashMap<String, Integer>();
    for (JsonNode template : templates) {
      for (JsonNode resource : template.path("Resources")) {
        counts.merge(resource.path("Type").asText(), 1, Integer::sum);
        if (resource.path("Properties").path("EnableKeyRotation").asBoolean()) {
          counts.merge(ROTATING, 1, Integer::sum);
        }
        if (resource.path("Type").asText().equals("AWS::CloudWatch::Alarm")) {
          countAlarm(resource.path("Properties").path("Metrics"), counts);
        }
      }
    }
    return counts;
  }

  /// An alarm is paid by each metric that it lists or finds by query, and not by its arithmetic.
  ///
  /// @param metrics none, where it looks at one metric alone
  private static void countAlarm(JsonNode metrics, Map<String, Integer> counts) {
    if (metrics.isMissingNode()) {
      counts.merge(ALARM_METRICS, 1, Integer::sum);
    }
    for (JsonNode metric : metrics) {
      if (metric.has("MetricStat")) {
        counts.merge(ALARM_METRICS, 1, Integer::sum);
      } else if (metric.path("Expression").asText().startsWith("SELECT ")) {
        counts.merge(ALARM_QUERIES, 1, Integer::sum);
      }
    }
  }

  private static double memoryGb(Path repository) throws IOException {
    for (JsonNode template : templates(repository)) {
      for (JsonNode resource : template.path("Resources")) {
        JsonNode properties = resource.path("Properties");
        if (properties.path("Handler").asText().startsWith("meterveil.collect.")) {
          return properties.path("MemorySize").asDouble() / MB_PER_GB;
        }
      }
    }
    throw new IllegalStateException("collect is in no template");
  }

  private static String usd(double usd) {
    return usd >= 0.1 || usd == 0 ? "%,.2f".formatted(usd) : "%.4f".formatted(usd);
  }
}

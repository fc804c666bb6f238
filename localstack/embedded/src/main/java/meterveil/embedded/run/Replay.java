package meterveil.embedded.run;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import meterveil.block.Block;
import meterveil.block.Epoch;
import meterveil.block.Times;
import meterveil.cell.DayKeyTable;
import meterveil.cell.DayKeys;
import meterveil.cohort.CohortTable;
import meterveil.embedded.EmbeddedPlatform;
import meterveil.embedded.aws.Deployment;
import meterveil.embedded.iot.DeviceCertificate;
import meterveil.embedded.run.RunSummary.Bill;
import meterveil.embedded.run.RunSummary.Counts;
import meterveil.embedded.run.RunSummary.Energy;
import meterveil.embedded.run.RunSummary.Pace;
import meterveil.embedded.run.RunSummary.Scope;
import meterveil.embedded.run.RunSummary.Stored;
import meterveil.embedded.run.RunSummary.WriteUnits;
import meterveil.energy.WattHours;
import meterveil.meter.ListedMeter;
import meterveil.meter.ThingName;
import meterveil.plan.Plan;
import meterveil.plan.Rollout;
import meterveil.simulator.Books;
import meterveil.simulator.MeterCertificate;
import meterveil.tenant.TenantTable;
import software.amazon.awssdk.enhanced.dynamodb.document.EnhancedDocument;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/// A scenario on the embedded platform, from the first certificate to the last closed day.
///
/// The clock jumps from the end of one block to the end of the next. Each jump lets the meters send
/// what is over, and fires the release of what is old enough meanwhile; the next jump waits until
/// both are done, as a block must be counted before it is released a day later.
final class Replay {

  /// How long after the end of a block the meters are told to send it.
  private static final Duration SENT_AFTER = Duration.ofMinutes(5);

  private static final Duration QUIET_MAX = Duration.ofMinutes(2);

  /// Thousands of meters connect within minutes.
  private static final Duration HEARD_MAX = Duration.ofMinutes(10);

  /// What CDK ends a construct's logical id with.
  private static final Pattern HASH = Pattern.compile("[0-9A-F]{8}$");

  private final Scenario scenario;
  private final Path repository;
  private final Path work;
  private final Optional<Deployment> deployment;
  private final Consumer<EmbeddedPlatform> started;
  private final boolean twice;
  private final Progress progress;
  private final Clock wall = Clock.systemUTC();
  private final Map<Epoch, Plan> plans = new TreeMap<>(Comparator.comparing(Epoch::number));
  private final CanaryScan scan;
  private final List<String> copies = new ArrayList<>();
  private Map<String, Long> firstDayBytes = Map.of();

  /// The last epoch of which the meters know.
  private Epoch told;

  /// @param scenario what to run
  /// @param repository its root folder, with all that is built below it
  /// @param work a folder for what the platform writes; what is in it is deleted
  /// @param deployment tables and keys to use in place of local ones
  /// @param started is given the platform before there are meters
  /// @param twice whether every message is delivered twice
  /// @param progress whom to tell how far it is
  Replay(
      Scenario scenario,
      Path repository,
      Path work,
      Optional<Deployment> deployment,
      Consumer<EmbeddedPlatform> started,
      boolean twice,
      Progress progress) {
    this.scenario = scenario;
    this.repository = repository;
    this.work = work;
    this.deployment = deployment;
    this.started = started;
    this.twice = twice;
    this.progress = progress;
    this.told = scenario.epochs().getFirst();
    this.scan = new CanaryScan(scenario.measurements());
  }

  /// What a run leaves.
  ///
  /// @param summary what it came to
  /// @param accounts the cells
  /// @param copies what somebody who copied the tables of consumption has, an item a line:
  ///   `OpenBlocks` as the last day ends, when several days are open, and this and `Usage` as all
  ///   are closed
  record Outcome(RunSummary summary, Accounts accounts, List<String> copies) {

    Outcome {
      copies = List.copyOf(copies);
    }
  }

  /// Runs it.
  ///
  /// @throws IOException if a part of the platform does not start or breaks
  /// @throws IllegalStateException if the platform does not come to rest
  Outcome run() throws IOException, InterruptedException {
    Path assembly = repository.resolve("infrastructure-cdk/target/cdk.out");
    delete(work);
    Instant begin = wall.instant();
    var journeys = new Journeys();
    try (var processes = new Processes();
        var fleet = FleetProcess.start(journeys);
        var platform = EmbeddedPlatform.start(assembly, work, options())) {
      started.accept(platform);
      platform.functions().startAhead("Collect"); // while there is a core for it
      platform.functions().onAnswer("Collect", journeys::stored);
      AtomicLong firstCounted = watchFirstCounted(platform, begin);
      try (fleet) { // it leaves before the platform goes
        connect(platform, fleet);
        Map<String, Double> cpuSecondsBefore = processes.cpuSeconds();
        Duration sending = replay(platform, fleet);
        Duration took = Duration.between(begin, wall.instant());
        var pace =
            new Pace(
                firstCounted.get() / 1000.0,
                sending.toMillis() / 1000.0,
                journeys.millis(),
                took.toMillis() / 1000.0,
                processes.bytesMax(),
                processes.cpuSeconds(),
                cpuSecondsBefore);
        return outcome(platform, fleet, pace);
      }
    }
  }

  private EmbeddedPlatform.Options options() {
    var local = EmbeddedPlatform.Options.startingAt(scenario.beginning());
    return deployment.map(local::with).orElse(local);
  }

  /// Plans the first epoch, gives every meter a certificate and connects it.
  private void connect(EmbeddedPlatform platform, FleetProcess fleet)
      throws IOException, InterruptedException {
    fleet.begin(
        platform.broker().port(),
        platform.authority().certificatePem(),
        platform.clockFile(),
        scenario,
        twice);
    try (DynamoDbClient registrar = platform.dynamoDb("Registrar")) {
      new TenantTable(registrar, platform.table("Tenants")).add(scenario.tenant());
    }
    Epoch first = scenario.epochs().getFirst();
    Plan plan = plan(first);
    // A policy that names an attribute the thing has not got allows nothing, so both have a value.
    Plan following = plan(first.next());
    int meters = scenario.meters().size();
    int registered = 0;
    for (ListedMeter meter : scenario.meters()) {
      progress.at(registered++, meters, "meters", "given a certificate");
      var attributes =
          Map.of(
              "tenant",
              meter.tenant().value(),
              Plan.attribute(plan.epoch()),
              cohort(plan, meter.thing()),
              Plan.attribute(following.epoch()),
              cohort(following, meter.thing()));
      DeviceCertificate certificate = platform.register(meter.thing().value(), attributes);
      fleet.add(
          meter.thing(),
          new MeterCertificate(certificate.certificatePem(), certificate.privateKeyPem()),
          scenario.measurements().of(meter.thing()));
    }
    publish(platform, List.of(plan));
    heard(platform, fleet.connectAll(done -> progress.at(done, meters, "meters", "connected")));
    quiet(platform); // or what connecting brought about would be too old after the first jump
  }

  private Plan plan(Epoch epoch) {
    return plans.computeIfAbsent(epoch, scenario::plan);
  }

  private static String cohort(Plan plan, ThingName thing) {
    var membership = plan.memberships().get(thing);
    if (membership == null) {
      throw new IllegalStateException("a meter without a cohort");
    }
    return membership.cohort().value();
  }

  private void publish(EmbeddedPlatform platform, List<Plan> inForce) {
    try (DynamoDbClient plan = platform.dynamoDb("PlanRole")) {
      new Rollout(new CohortTable(plan, platform.table("Cohorts")), platform.downlink("PlanRole"))
          .publish(scenario.meters(), inForce);
    }
  }

  /// @return from the first message with readings to the last that was stored
  private Duration replay(EmbeddedPlatform platform, FleetProcess fleet)
      throws IOException, InterruptedException {
    List<LocalDate> days = scenario.days();
    int messages = scenario.messages();
    var today = new AtomicInteger(1);
    fleet.onProgress(done ->
        progress.at(
            Math.min(done, messages),
            messages,
            "messages",
            "day %d of %d".formatted(today.get(), days.size())));
    Block block =
        Block.containing(
            days.getFirst().atStartOfDay(ZoneOffset.UTC).toInstant(),
            scenario.tenant().blockLength());
    Instant end = Times.end(days.getLast());
    Instant begin = wall.instant();
    for (; block.end().compareTo(end) <= 0; block = block.next()) {
      today.set((int) (block.day().toEpochDay() - days.getFirst().toEpochDay()) + 1);
      step(platform, fleet, block.end());
      if (block.end().equals(Times.end(days.getFirst()))) {
        firstDayBytes = scanTables(platform);
      }
      prepare(platform, fleet, block.next());
    }
    Duration sending = Duration.between(begin, wall.instant());
    copy(platform, "open", "OpenBlocks");
    for (Instant at = end; at.isBefore(scenario.closed()); ) {
      at = at.plus(Duration.ofDays(1));
      step(platform, fleet, at);
    }
    return sending;
  }

  /// Moves the clock a little past an instant, lets the meters send while what came due is fired,
  /// and waits.
  private void step(EmbeddedPlatform platform, FleetProcess fleet, Instant at)
      throws IOException, InterruptedException {
    platform.clock().moveTo(at.plus(SENT_AFTER));
    CompletableFuture<?> sent = fleet.sendDue();
    platform.tick();
    sent.join();
    quiet(platform);
  }

  private static void quiet(EmbeddedPlatform platform) throws InterruptedException {
    if (!platform.awaitQuiet(QUIET_MAX)) {
      throw new IllegalStateException("the platform does not come to rest");
    }
  }

  /// On the last day before an epoch, tells the meters of the next one.
  private void prepare(EmbeddedPlatform platform, FleetProcess fleet, Block next) {
    Epoch now = next.epoch();
    Epoch then = Epoch.of(next.day().plusDays(1));
    if (then.equals(now) || told.equals(then) || !scenario.epochs().contains(then)) {
      return;
    }
    told = then;
    Plan plan = plan(then);
    for (ListedMeter meter : scenario.meters()) {
      platform.updateThing(
          meter.thing().value(), Map.of(Plan.attribute(then), cohort(plan, meter.thing())));
    }
    publish(platform, List.of(plan(now), plan));
    heard(platform, fleet.know(then));
  }

  /// Waits until the meters know what they are told, which they may not be allowed to hear.
  private static void heard(EmbeddedPlatform platform, CompletableFuture<?> told) {
    try {
      told.orTimeout(HEARD_MAX.toSeconds(), TimeUnit.SECONDS).join();
    } catch (CompletionException e) {
      throw new IllegalStateException(
          "the meters did not get their settings; the broker refused "
              + nonZero(platform.broker().refusals()),
          e);
    }
  }

  /// Watches for the first write of the collector.
  ///
  /// @return milliseconds from the beginning
  private AtomicLong watchFirstCounted(EmbeddedPlatform platform, Instant begin) {
    var millis = new AtomicLong();
    Thread.ofPlatform()
        .daemon()
        .name("first-counted")
        .start(() -> {
          while (platform.aws().charges().writeUnits("CollectRole") == 0) {
            try {
              Thread.sleep(5);
            } catch (InterruptedException _) {
              return;
            }
          }
          millis.set(Duration.between(begin, wall.instant()).toMillis());
        });
    return millis;
  }

  /// @return what the items of each table come to
  private Map<String, Long> scanTables(EmbeddedPlatform platform) throws IOException {
    var bytes = new TreeMap<String, Long>();
    try (DynamoDbClient administrator = platform.dynamoDb()) {
      for (Map.Entry<String, String> table : platform.aws().tables().entrySet()) {
        String construct = HASH.matcher(table.getKey()).replaceFirst("");
        scan.table(administrator, construct, table.getValue());
        bytes.put(construct, platform.aws().storedBytes(table.getValue()));
      }
    }
    return bytes;
  }

  private void copy(EmbeddedPlatform platform, String when, String table) {
    try (DynamoDbClient administrator = platform.dynamoDb()) {
      administrator
          .scanPaginator(scan -> scan.tableName(platform.table(table)).consistentRead(true))
          .items()
          .forEach(item ->
              copies.add(
                  "{\"when\":\"%s\",\"table\":\"%s\",\"item\":%s}"
                      .formatted(
                          when, table, EnhancedDocument.fromAttributeValueMap(item).toJson())));
    }
  }

  private Outcome outcome(EmbeddedPlatform platform, FleetProcess fleet, Pace pace)
      throws IOException {
    Books books = fleet.books();
    List<String> lines = platform.logLines();
    var metrics = new MetricLog(lines);
    Accounts accounts = accounts(platform);
    var stored = new TreeMap<String, Stored>();
    scanTables(platform)
        .forEach((table, bytes) ->
            stored.put(table, new Stored(firstDayBytes.getOrDefault(table, 0L), bytes)));
    copy(platform, "closed", "OpenBlocks");
    copy(platform, "closed", "Usage");
    lines.forEach(scan::logLine);
    platform.broker().logLines().forEach(scan::brokerLogLine);
    platform.aws().encryptionContexts().forEach(scan::keyContext);
    platform
        .retained()
        .forEach(
            message -> scan.retainedMessage(message.topic(), message.payload().getBytes(UTF_8)));
    String resend = platform.functions().functionArn("Resend"); // which keeps nothing
    platform.functions().failureRecords().stream()
        .filter(record -> !record.destination().equals(resend))
        .forEach(record -> scan.failureRecord(record.json()));
    var energy =
        new Energy(
            books.sent().value(),
            books.refused().value(),
            books.undelivered().value(),
            accounts.releasedWh(),
            accounts.lateWh(),
            accounts.withheldWh(),
            accounts.undisclosed().stream()
                .mapToLong(day -> fleet.delivered(day).value() - accounts.toldWh(day))
                .sum(),
            accounts.pendingWh(),
            accounts.undisclosed().size(),
            (int)
                accounts.unrecorded().stream()
                    .filter(day -> !fleet.delivered(day).equals(WattHours.ZERO))
                    .count());
    var counts =
        new Counts(
            books.messages(),
            books.repeats(),
            metrics.sum("MeterHours"),
            metrics.sum("Counted") + metrics.sum("CountedLate"),
            metrics.sum("Duplicates"),
            metrics.byReason("Refused"),
            nonZero(platform.broker().refusals()),
            platform.functions().givenUp());
    var writeUnits =
        new WriteUnits(
            platform.aws().charges().writeUnits("CollectRole"),
            platform.aws().charges().writeUnits("ReleaseRole"));
    var summary =
        new RunSummary(
            scope(),
            counts,
            energy,
            accounts.formed(),
            accounts.dailyTotals(),
            scan.result(),
            writeUnits,
            new Bill(
                platform.aws().charges().calls(),
                platform.aws().charges().work(),
                platform.rules().metrics(),
                lines.stream().mapToLong(line -> line.getBytes(UTF_8).length + 1).sum(),
                metrics.count(),
                stored),
            pace,
            scenario.notes());
    return new Outcome(summary, accounts, copies);
  }

  private Accounts accounts(EmbeddedPlatform platform) {
    try (DynamoDbClient administrator = platform.dynamoDb()) {
      var keys =
          new DayKeys(
              new DayKeyTable(administrator, platform.table("DayKeys")),
              platform.kms(),
              platform.aws().key("DayKeyKey"),
              platform.clock());
      return Accounts.read(
          Accounts.Stores.of(administrator, platform::table, keys),
          scenario.tenant(),
          scenario.meters().stream().map(ListedMeter::district).distinct().toList(),
          scenario.days(),
          platform.clock().instant());
    }
  }

  private Scope scope() {
    return new Scope(
        scenario.file(),
        scenario.seed(),
        scenario.days().getFirst(),
        scenario.days().size(),
        scenario.tenant().blockLength().hours(),
        scenario.meters().size(),
        plans.values().stream().mapToInt(plan -> plan.cohorts().size()).max().orElse(0),
        (int) scenario.meters().stream().map(ListedMeter::district).distinct().count(),
        scenario.epochs().size(),
        Math.toIntExact(scenario.tenant().retention().toDays()));
  }

  private static Map<String, Long> nonZero(Map<String, Long> counts) {
    var some = new TreeMap<>(counts);
    some.values().removeIf(count -> count == 0);
    return some;
  }

  static void delete(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }
}

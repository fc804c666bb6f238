package meterveil.embedded;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import meterveil.block.Block;
import meterveil.block.BlockLength;
import meterveil.block.Epoch;
import meterveil.cell.DayKeyTable;
import meterveil.cell.DayKeys;
import meterveil.cell.OpenBlock;
import meterveil.cell.OpenBlockTable;
import meterveil.cohort.Cohort;
import meterveil.cohort.CohortId;
import meterveil.cohort.CohortTable;
import meterveil.cohort.DistrictId;
import meterveil.cohort.TariffClass;
import meterveil.embedded.EmbeddedPlatform.Options;
import meterveil.embedded.aws.Faults.Fault;
import meterveil.embedded.aws.Faults.Injection;
import meterveil.embedded.cloud.Assembly;
import meterveil.embedded.cloud.Cloud;
import meterveil.embedded.cloud.TablesAndKeys;
import meterveil.emulator.Place;
import meterveil.energy.Commodity;
import meterveil.meter.ThingName;
import meterveil.meter.Topics;
import meterveil.opendata.OpenDataTable;
import meterveil.tenant.Tenant;
import meterveil.tenant.TenantId;
import meterveil.tenant.TenantTable;
import meterveil.usage.Formed;
import meterveil.usage.Reconciliation;
import meterveil.usage.ReconciliationTable;
import meterveil.usage.ReleasedCell;
import meterveil.usage.UsageTable;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/// A platform with one tenant, for tests of what becomes of messages behind the broker: rules,
/// functions and tables as deployed. Messages are put to the rules directly, so that a test says
/// exactly which arrive, in which order, and how often; meters have tests of their own.
final class MainLine implements AutoCloseable {

  static final TenantId GRID = new TenantId("grid");
  private static final Path CLOUD_ASSEMBLY = Path.of("../../infrastructure-cdk/target/cdk.out");

  /// After the end of a day: when its blocks are released, and when it is closed.
  static final Duration RELEASED = Duration.ofHours(24).plusMinutes(10);

  static final Duration CLOSED = Duration.ofHours(76).plusMinutes(10);

  /// So far that the day before is closed when a test begins.
  private static final Duration DAYS_APART = Duration.ofDays(6);

  private static final Duration SHORTLY = Duration.ofMinutes(10);
  private static final Duration QUIET_MAX = Duration.ofMinutes(1);

  final EmbeddedPlatform platform;
  final DynamoDbClient dynamoDb;
  final UsageTable usage;
  final ReconciliationTable reconciliations;
  final OpenDataTable openData;
  final OpenBlockTable openBlocks;
  final DayKeyTable dayKeyTable;
  final DayKeys dayKeys;
  private final Path work;

  /// What is to be deleted elsewhere.
  private final Closeable deployed;

  private MainLine(Path work, EmbeddedPlatform platform, Closeable deployed) {
    this.deployed = deployed;
    this.work = work;
    this.platform = platform;
    this.dynamoDb = platform.dynamoDb();
    this.usage = new UsageTable(dynamoDb, platform.table("Usage"));
    this.reconciliations = new ReconciliationTable(dynamoDb, platform.table("Reconciliations"));
    this.openData = new OpenDataTable(dynamoDb, platform.table("OpenData"), new SecureRandom());
    this.openBlocks = new OpenBlockTable(dynamoDb, platform.table("OpenBlocks"));
    this.dayKeyTable = new DayKeyTable(dynamoDb, platform.table("DayKeys"));
    this.dayKeys =
        new DayKeys(
            dayKeyTable, platform.kms(), platform.aws().key("DayKeyKey"), Clock.systemUTC());
    new TenantTable(dynamoDb, platform.table("Tenants")).add(new Tenant(GRID, Tenant.RETENTION));
  }

  /// Starts a platform whose clock says `start`.
  static MainLine startingAt(String start) throws IOException, InterruptedException {
    Path parent = Files.createDirectories(Path.of("target/platforms"));
    Path work = Files.createTempDirectory(parent, "line");
    Options options = Options.startingAt(Instant.parse(start));
    Place place = Place.ofThisRun();
    if (!place.isElsewhere()) {
      return new MainLine(work, EmbeddedPlatform.start(CLOUD_ASSEMBLY, work, options), () -> {});
    }
    Cloud cloud =
        place.endpoint().isPresent()
            ? Cloud.localStack(place.endpoint().get(), Place.REGION)
            : Cloud.aws(Place.REGION);
    TablesAndKeys deployed = TablesAndKeys.deploy(cloud, Assembly.read(CLOUD_ASSEMBLY));
    try {
      return new MainLine(
          work,
          EmbeddedPlatform.start(CLOUD_ASSEMBLY, work, options.with(deployed.deployment())),
          deployed);
    } catch (IOException | InterruptedException | RuntimeException failed) {
      deployed.closeAfter(failed);
      throw failed;
    }
  }

  /// Makes a cohort of electricity.
  Cohort cohort(Epoch epoch, String district, int number, int members, BlockLength length) {
    return cohort(epoch, district, number, members, length, Commodity.ELECTRICITY);
  }

  /// Makes a cohort.
  Cohort cohort(
      Epoch epoch,
      String district,
      int number,
      int members,
      BlockLength length,
      Commodity commodity) {
    var cohort =
        new Cohort(
            GRID,
            CohortId.of(epoch, district + "-re-" + number),
            new DistrictId(district),
            TariffClass.RESIDENTIAL,
            commodity,
            members,
            length);
    new CohortTable(dynamoDb, platform.table("Cohorts")).put(cohort);
    return cohort;
  }

  /// The name of a member of a cohort.
  static ThingName member(Cohort cohort, int number) {
    return new ThingName("m-%s-%d".formatted(cohort.id().value().substring(6), number));
  }

  /// A message of whole blocks of which every hour has the same energy.
  static String flat(Block block, int wh) {
    return message(
        block.start(), IntStream.range(0, block.length().hours()).map(_ -> wh).toArray());
  }

  /// A message.
  static String message(Instant start, int... energyWh) {
    return "{\"start\":\"%s\",\"energyWh\":[%s]}"
        .formatted(
            start,
            Arrays.stream(energyWh)
                .mapToObj(wh -> wh < 0 ? "null" : Integer.toString(wh))
                .collect(joining(",")));
  }

  /// Puts a message to the rule as if the meter had published it.
  void arrive(Cohort cohort, ThingName thing, String payload) throws IOException {
    platform
        .broker()
        .publish(
            Topics.readings(cohort.tenant(), cohort.id(), thing),
            payload.getBytes(UTF_8),
            1,
            false);
  }

  /// Lets members 0 to `count` - 1 report a block, each its own energy in every hour.
  void report(Cohort cohort, Block block, int count, IntUnaryOperator wh) throws IOException {
    for (int member = 0; member < count; member++) {
      arrive(cohort, member(cohort, member), flat(block, wh.applyAsInt(member)));
    }
  }

  /// The first whole day that is not over and of which no test before has seen anything; the clock
  /// is moved to shortly after it.
  Block nextDay() throws IOException, InterruptedException {
    var today = Block.containing(platform.clock().instant(), BlockLength.DAY);
    var day = new Block(today.start().plus(DAYS_APART), BlockLength.DAY);
    platform.moveTo(day.end().plus(SHORTLY));
    quiet();
    return day;
  }

  /// Moves the clock to some time after the end of a block, which fires the schedule, and waits.
  void moveTo(Block block, Duration after) throws IOException, InterruptedException {
    platform.moveTo(block.end().plus(after));
    quiet();
  }

  /// Lets a function's process die when one of its calls has been carried out.
  ///
  /// @param number of the call, the first after this being number 1
  Injection dieAfter(String function, String operation, int number) {
    return platform
        .faults()
        .inject(
            function,
            operation,
            n -> n == number,
            new Fault.After(() -> platform.functions().kill(function)));
  }

  /// Waits until nothing is under way.
  void quiet() throws IOException, InterruptedException {
    if (!platform.awaitQuiet(QUIET_MAX)) {
      List<String> log = platform.logLines();
      throw new IllegalStateException(
          "the platform does not come to rest; its log ends with\n"
              + String.join("\n", log.subList(Math.max(0, log.size() - 40), log.size())));
    }
  }

  /// Moves the clock, which fires the schedule, and waits.
  void moveTo(String instant) throws IOException, InterruptedException {
    platform.moveTo(Instant.parse(instant));
    quiet();
  }

  /// What is in an item, opened with its key.
  OpenBlock.Totals totals(Cohort cohort, Block block) {
    return item(cohort, block)
        .orElseGet(() -> OpenBlock.absent(cohort, block))
        .totals(dayKeys.find(GRID, block.day()).orElseThrow());
  }

  /// An item as it lies in the table.
  Optional<OpenBlock> item(Cohort cohort, Block block) {
    return openBlocks.find(cohort, block);
  }

  /// Every released cell of some districts, late totals included, in the order of time.
  List<ReleasedCell> cells(String... districts) {
    var tenant = new Tenant(GRID, Tenant.RETENTION_MAX);
    return Stream.concat(
            Arrays.stream(districts).map(d -> Optional.of(new DistrictId(d))),
            Stream.of(Optional.<DistrictId>empty()))
        .flatMap(district ->
            usage.read(
                tenant,
                district,
                Instant.parse("2012-01-01T00:00:00Z"),
                Instant.parse("2030-01-01T00:00:00Z"),
                Instant.parse("2012-01-01T00:00:00Z")))
        .sorted(Comparator.comparing(ReleasedCell::start).thenComparing(ReleasedCell::id))
        .toList();
  }

  /// The released cells without late totals.
  List<ReleasedCell> hourlyCells(String... districts) {
    return cells(districts).stream().filter(cell -> cell.formed() != Formed.LATE).toList();
  }

  /// The record of a closed day.
  Optional<Reconciliation> reconciliation(String day) {
    return reconciliations.find(GRID, LocalDate.parse(day));
  }

  /// How often the functions counted something, by their log.
  ///
  /// @param metric such as `Counted`
  long counted(String metric) throws IOException {
    return counted(metric, "");
  }

  /// How often the functions counted something of a kind, by their log.
  ///
  /// @param with what else stands in the line, such as `"Reason":"NOT_JSON"`
  long counted(String metric, String with) throws IOException {
    long sum = 0;
    for (String line : platform.logLines()) {
      int at = line.indexOf("\"" + metric + "\":");
      if (at >= 0 && line.contains(with)) {
        String rest = line.substring(at + metric.length() + 3);
        sum += (long) Double.parseDouble(rest.split("[,}]", 2)[0]);
      }
    }
    return sum;
  }

  /// Every item of every table, as text.
  List<String> everything() {
    var items = new ArrayList<String>();
    for (String table : platform.aws().tables().values()) {
      dynamoDb
          .scanPaginator(scan -> scan.tableName(table))
          .items()
          .forEach(item -> items.add(item.toString()));
    }
    return items;
  }

  @Override
  public void close() throws IOException {
    try (deployed) {
      dynamoDb.close();
      platform.close();
    }
    try (var files = Files.walk(work)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }
}

package meterveil.plan;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import meterveil.block.BlockLength;
import meterveil.block.Epoch;
import meterveil.cohort.Cohort;
import meterveil.cohort.CohortId;
import meterveil.cohort.CohortTable;
import meterveil.cohort.DistrictId;
import meterveil.cohort.TariffClass;
import meterveil.connection.JdkHttp;
import meterveil.emulator.Place;
import meterveil.energy.Commodity;
import meterveil.meter.Admission;
import meterveil.meter.Downlink;
import meterveil.meter.DownlinkJson;
import meterveil.meter.ListedMeter;
import meterveil.meter.Meter.Certificate;
import meterveil.meter.MeterSettings;
import meterveil.meter.MeterSettings.Membership;
import meterveil.meter.MeterTable;
import meterveil.meter.ThingName;
import meterveil.registry.Registry;
import meterveil.tenant.Tenant;
import meterveil.tenant.TenantId;
import meterveil.tenant.TenantTable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.KeySchemaElement;

@Tag("place")
class PlanFunctionTest {

  private static final DynamoDbClient DYNAMO_DB = Place.ofThisRun().dynamoDb();
  private static final Epoch NEXT = new Epoch(524);
  private static final Epoch NOW = new Epoch(523);
  private static final Instant THE_DAY_BEFORE = NEXT.start().minus(Duration.ofHours(23));
  private static final int AT_ONCE = 100_000;
  private static final TenantId GRID = new TenantId("grid");
  private static final Pattern COHORT = Pattern.compile("\"(cohort[AB])\":\"([^\"]+)\"");

  private static int tests;

  private final ByteArrayOutputStream printed = new ByteArrayOutputStream();
  private final PrintStream out = System.out;
  private final PlanSettings tables =
      new PlanSettings(
          Place.ofThisRun().table("tenants-" + ++tests, TenantTable.SCHEMA),
          Place.ofThisRun().table("meters-" + tests, MeterTable.SCHEMA),
          Place.ofThisRun().table("cohorts-" + tests, CohortTable.SCHEMA),
          Place.ofThisRun()
              .table(
                  "assignments-" + tests, AssignmentTable.PARTITION_KEY, AssignmentTable.SORT_KEY));
  private final MeterTable meters = new MeterTable(DYNAMO_DB, tables.metersTable());
  private final HttpServer server;

  /// In place of IoT Core: attributes by thing, settings by thing, and what was done in order.
  private final Map<String, Map<String, String>> things = new ConcurrentHashMap<>();

  private final Map<String, MeterSettings> settings = new ConcurrentHashMap<>();
  private final ConcurrentLinkedQueue<String> updates = new ConcurrentLinkedQueue<>();
  private final ConcurrentLinkedQueue<String> tooEarly = new ConcurrentLinkedQueue<>();

  /// How many more requests, to DynamoDB or IoT Core, are answered.
  private final AtomicInteger answers = new AtomicInteger(Integer.MAX_VALUE);

  /// The thing that is told a second later than others.
  private volatile String slow = "";

  private volatile int toldBeforeTheSlow;

  private volatile Instant instant = THE_DAY_BEFORE;

  PlanFunctionTest() throws IOException {
    new TenantTable(DYNAMO_DB, tables.tenantsTable()).add(new Tenant(GRID, Tenant.RETENTION));
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/", this::answer);
    server.start();
  }

  @BeforeEach
  void listen() {
    System.setOut(new PrintStream(printed, true, UTF_8));
  }

  @AfterEach
  void stop() {
    System.setOut(out);
    server.stop(0);
  }

  @Test
  @DisplayName("T4 every meter that takes part is in one cohort of its kind, within the limits")
  void plansEveryMeterTheDayBefore() {
    provision("n", "north", 130);
    provision("s", "south", 40);

    instant = NEXT.start().minus(Duration.ofHours(25));
    run();
    assertThat(updates).isEmpty();
    instant = THE_DAY_BEFORE;
    run();

    everyMeterIsTold(170);
    assertThat(cohorts()).extracting(Cohort::members).containsExactly(43, 43, 44, 40);
    assertThat(cohorts())
        .allSatisfy(cohort -> assertThat(cohort.members()).isLessThanOrEqualTo(75));
    assertThat(printed.toString(UTF_8)).contains("\"MetersPlanned\":170", "\"MetersTold\":170");
    assertThat(tooEarly).isEmpty();
  }

  @Test
  void doesNothingTwice() {
    provision("m", "north", 30);
    run();
    var once = Map.copyOf(settings);
    updates.clear();

    run();
    instant = NEXT.start().plus(Duration.ofHours(5));
    run();

    assertThat(updates).isEmpty();
    assertThat(settings).isEqualTo(once);
  }

  /// Whatever was the last request that was answered, the next run ends where one would have.
  @Test
  void goesOnFromAnyCrash() {
    provision("m", "north", 2);
    int crashes = 0;
    for (int answered = 0; ; answered++) {
      answers.set(answered);
      try {
        run();
        break; // so many are enough for a whole run
      } catch (SdkException _) {
        crashes++;
      }
      var decided = assignments();
      answers.set(Integer.MAX_VALUE);
      run();

      everyMeterIsTold(2);
      assertThat(tooEarly).isEmpty();
      if (!decided.isEmpty()) {
        assertThat(assignments()).isEqualTo(decided);
      }
      forget();
    }
    assertThat(crashes).isGreaterThan(25);
  }

  @Test
  void twoPlannersAtOnceFollowOnePlan() throws InterruptedException {
    provision("m", "north", 60);
    var done = new CountDownLatch(2);
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < 2; i++) {
        int seed = i;
        threads.execute(() -> {
          function(seed, AT_ONCE).handleRequest(Map.of(), new Remaining(() -> 900_000));
          done.countDown();
        });
      }
      done.await();
    }

    everyMeterIsTold(60);
    assertThat(tooEarly).isEmpty();
  }

  @Test
  void stopsInTimeAndGoesOnInTheNextRun() {
    provision("m", "north", 60);
    var asked = new AtomicInteger();

    function(1, AT_ONCE)
        .handleRequest(
            Map.of(), new Remaining(() -> asked.incrementAndGet() > 13 ? 59_000 : 900_000));
    assertThat(settings).hasSize(10); // three times it was asked for planning and for cohorts
    assertThat(printed.toString(UTF_8)).contains("\"PlansUnfinished\":1", "\"PlansOverdue\":0");

    instant = NEXT.start().plus(Duration.ofDays(3));
    function(1, AT_ONCE).handleRequest(Map.of(), new Remaining(() -> 59_000));
    assertThat(printed.toString(UTF_8)).contains("\"PlansOverdue\":1");

    run();
    everyMeterIsTold(60);
  }

  @Test
  void beginsNoPlanThatItMayNotEnd() {
    provision("m", "north", 60);
    function(1, AT_ONCE).handleRequest(Map.of(), new Remaining(() -> 359_000));
    assertThat(assignments()).isEmpty();
    assertThat(printed.toString(UTF_8)).contains("\"PlansUnfinished\":1", "\"PlansOverdue\":0");

    var asked = new AtomicInteger();
    function(1, AT_ONCE)
        .handleRequest(
            Map.of(), new Remaining(() -> asked.incrementAndGet() > 1 ? 359_000 : 900_000));
    assertThat(assignments()).hasSize(60);
    assertThat(cohorts()).isEmpty();

    run();
    everyMeterIsTold(60);
  }

  @Test
  void keepsToItsPace() {
    provision("m", "north", 60);
    long start = System.nanoTime();

    function(1, 40).handleRequest(Map.of(), new Remaining(() -> 900_000));

    // The first does not wait.
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(Duration.ofMillis(1_450));
    everyMeterIsTold(60);
  }

  @Test
  void goesOnWhileAMeterIsSlow() {
    var ofOneShard =
        IntStream.range(0, 1_000)
            .mapToObj("m%03d-"::formatted)
            .filter(prefix -> Math.floorMod((prefix + "0").hashCode(), AssignmentTable.SHARDS) == 0)
            .limit(40)
            .toList();
    ofOneShard.forEach(prefix -> provision(prefix, "north", 1));
    slow = ofOneShard.get(5) + "0";

    run();

    everyMeterIsTold(40);
    assertThat(toldBeforeTheSlow).isGreaterThan(12);
  }

  @Test
  void meterJoinAndLeaveBetweenEpochsOnly() {
    provision("m", "north", 20);
    meters.add(List.of(listed("listed-only", "north")), THE_DAY_BEFORE);
    provision("gone-", "north", 2);
    meters.leave(GRID, new ThingName("gone-0"));
    meters.revoke(GRID, new ThingName("gone-1"));
    run();
    provision("late-", "north", 1);
    run();

    assertThat(settings.keySet())
        .hasSize(20)
        .doesNotContain("gone-0", "gone-1", "late-0", "listed-only");

    instant = NEXT.end().minus(Duration.ofHours(3));
    run();
    assertThat(settings.keySet()).contains("late-0").doesNotContain("gone-0", "listed-only");
  }

  @Test
  void tellsMetersOfBothEpochsInTheLengthThatEachHas() {
    provision("m", "north", 20);
    var table = new CohortTable(DYNAMO_DB, tables.cohortsTable());
    var present = CohortId.of(NOW, "north-re-1");
    table.put(
        new Cohort(
            GRID,
            present,
            new DistrictId("north"),
            TariffClass.RESIDENTIAL,
            Commodity.ELECTRICITY,
            20,
            BlockLength.HOUR));
    things.values().forEach(attributes -> attributes.put("cohortB", present.value()));

    run();

    assertThat(settings).hasSize(20);
    assertThat(settings.values())
        .allSatisfy(told -> {
          assertThat(in(NOW, told)).contains(new Membership(present, BlockLength.HOUR));
          assertThat(in(NEXT, told).orElseThrow().blockLength()).isEqualTo(BlockLength.DAY);
        });
    assertThat(things.values())
        .allSatisfy(attributes -> assertThat(attributes).containsEntry("cohortB", present.value()));
  }

  @Test
  void takesALengthThatIsChosenAfterAPlanIntoTheNextOne() {
    provision("m", "north", 5);
    var late = Optional.ofNullable(things.remove("m2")).orElseThrow();
    run();
    var before = new Tenant(GRID, Tenant.RETENTION);
    assertThat(
            new TenantTable(DYNAMO_DB, tables.tenantsTable())
                .replace(before, new Tenant(GRID, Tenant.RETENTION, BlockLength.HOUR)))
        .isTrue();

    things.put("m2", late);
    run();
    assertThat(cohorts()).extracting(Cohort::blockLength).containsOnly(BlockLength.DAY);
    assertThat(settings).hasSize(5);
    assertThat(settings.values())
        .allSatisfy(told ->
            assertThat(in(NEXT, told).orElseThrow().blockLength()).isEqualTo(BlockLength.DAY));

    instant = NEXT.end().minus(Duration.ofHours(3));
    run();
    assertThat(settings.values())
        .allSatisfy(told -> {
          assertThat(in(NEXT, told).orElseThrow().blockLength()).isEqualTo(BlockLength.DAY);
          assertThat(in(NEXT.next(), told).orElseThrow().blockLength()).isEqualTo(BlockLength.HOUR);
        });
  }

  @Test
  void leavesAnEpochAloneThatSomebodyElseHasPlanned() {
    provision("m", "north", 5);
    new CohortTable(DYNAMO_DB, tables.cohortsTable())
        .put(
            new Cohort(
                GRID,
                CohortId.of(NEXT, "by-hand"),
                new DistrictId("north"),
                TariffClass.RESIDENTIAL,
                Commodity.ELECTRICITY,
                5,
                BlockLength.DAY));

    run();

    assertThat(updates).isEmpty();
  }

  @Test
  void plansLateOnTheFirstDayAndNotAfterIt() {
    provision("m", "north", 5);
    instant = NEXT.start().plus(Duration.ofHours(24));
    run();
    assertThat(updates).isEmpty();

    instant = NEXT.start().plus(Duration.ofHours(23));
    run();
    everyMeterIsTold(5);
  }

  @Test
  void waitsForAMeterWhoseThingIsNotThereUntilTheEpochBegins() {
    provision("m", "north", 5);
    var late = Optional.ofNullable(things.remove("m2")).orElseThrow();
    var later = Optional.ofNullable(things.remove("m3")).orElseThrow();

    run();
    assertThat(settings).hasSize(3);
    assertThat(printed.toString(UTF_8)).contains("\"MetersTold\":3", "\"PlansUnfinished\":1");

    things.put("m2", late);
    run();
    assertThat(settings).hasSize(4).containsKey("m2");

    printed.reset();
    instant = NEXT.start();
    run();
    assertThat(printed.toString(UTF_8)).contains("\"PlansUnfinished\":0", "\"PlansOverdue\":0");

    things.put("m3", later);
    run();
    assertThat(settings).hasSize(4);
  }

  @Test
  void goesOnWithOtherMetersAndTenantsWhenOneFails() {
    provision("m", "north", 60);
    // Its attribute stands for a cohort of another form than any is.
    things.computeIfPresent(
        "m0", (thing, _) -> new ConcurrentHashMap<>(Map.of("cohortB", "00523-/")));
    new TenantTable(DYNAMO_DB, tables.tenantsTable())
        .add(new Tenant(new TenantId("other"), Tenant.RETENTION));
    provision(new TenantId("other"), "o", "west", 5);

    assertThatThrownBy(this::run).isInstanceOf(IllegalArgumentException.class);

    assertThat(settings).hasSize(64).doesNotContainKey("m0");
    assertThat(printed.toString(UTF_8))
        .contains("\"TenantsFailed\":1", "\"MetersTold\":64", "\"PlansUnfinished\":1");

    instant = NEXT.start();
    updates.clear();
    assertThatThrownBy(this::run).isInstanceOf(IllegalArgumentException.class);
    assertThat(updates).containsExactly("m0");
    assertThat(printed.toString(UTF_8)).contains("\"PlansOverdue\":1");

    things.put("m0", new ConcurrentHashMap<>(Map.of("cohortB", "none")));
    run();
    assertThat(settings).hasSize(65);
  }

  @Test
  void leavesTheRestToTheNextRunWhenManyFail() {
    provision("m", "north", 200);
    things.replaceAll((thing, _) -> new ConcurrentHashMap<>(Map.of("cohortB", "00523-/")));

    assertThatThrownBy(this::run).isInstanceOf(IllegalArgumentException.class);

    assertThat(updates).hasSizeBetween(20, 20 + 24);
  }

  @Test
  void namesTheSettingThatIsMissing() {
    assertThatIllegalStateException()
        .isThrownBy(() -> PlanSettings.from(Map.of("TENANTS_TABLE", "t")))
        .withMessage("METERS_TABLE is not set");
  }

  private void run() {
    function(1, AT_ONCE).handleRequest(Map.of(), new Remaining(() -> 900_000));
  }

  private PlanFunction function(long seed, int updatesPerSecond) {
    var endpoint = URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    var credentials =
        StaticCredentialsProvider.create(AwsBasicCredentials.create("AKID", "secret"));
    return new PlanFunction(
        tables,
        crashing(),
        new Registry(endpoint, Region.US_WEST_2, credentials, new JdkHttp()),
        new Downlink(endpoint, Region.US_WEST_2, credentials, new JdkHttp()),
        new Clock() {
          @Override
          public ZoneOffset getZone() {
            return ZoneOffset.UTC;
          }

          @Override
          public Clock withZone(java.time.ZoneId zone) {
            return this;
          }

          @Override
          public Instant instant() {
            return instant;
          }
        },
        new Random(seed),
        updatesPerSecond);
  }

  /// DynamoDB as long as there are answers left.
  private DynamoDbClient crashing() {
    return (DynamoDbClient)
        Proxy.newProxyInstance(
            DynamoDbClient.class.getClassLoader(),
            new Class<?>[] {DynamoDbClient.class},
            (proxy, method, arguments) -> {
              if (answers.getAndDecrement() <= 0) {
                throw SdkClientException.create("crashed");
              }
              try {
                return method.invoke(DYNAMO_DB, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  private void everyMeterIsTold(int count) {
    var members = new HashMap<String, Integer>();
    assertThat(things).hasSize(count);
    things.forEach((thing, attributes) -> {
      var told = settings.get(thing);
      assertThat(told).as(thing).isNotNull();
      if (told != null) {
        var cohort = in(NEXT, told).orElseThrow().cohort().value();
        assertThat(attributes).containsEntry("cohortA", cohort);
        members.merge(cohort, 1, Integer::sum);
      }
    });
    var planned = new TreeMap<String, Integer>();
    cohorts().forEach(cohort -> planned.put(cohort.id().value(), cohort.members()));
    assertThat(planned).isEqualTo(members);
  }

  private List<Cohort> cohorts() {
    return new CohortTable(DYNAMO_DB, tables.cohortsTable()).of(GRID, NEXT);
  }

  /// The plan as it is stored: cohort by thing.
  private Map<ThingName, CohortId> assignments() {
    var table = new AssignmentTable(DYNAMO_DB, tables.assignmentsTable());
    var places = new HashMap<ThingName, CohortId>();
    table
        .find(GRID, NEXT)
        .ifPresent(
            plan -> table.all(plan).forEach(place -> places.put(place.thing(), place.cohort())));
    return places;
  }

  /// Makes everything as it was before any plan.
  private void forget() {
    for (String name : List.of(tables.cohortsTable(), tables.assignmentsTable())) {
      var keys =
          DYNAMO_DB.describeTable(describe -> describe.tableName(name)).table().keySchema().stream()
              .map(KeySchemaElement::attributeName)
              .toList();
      for (var item : DYNAMO_DB.scan(scan -> scan.tableName(name)).items()) {
        var key = new HashMap<>(item);
        key.keySet().retainAll(keys);
        DYNAMO_DB.deleteItem(delete -> delete.tableName(name).key(key));
      }
    }
    things.values().forEach(attributes -> attributes.replaceAll((name, value) -> "none"));
    settings.clear();
    updates.clear();
  }

  private void provision(String prefix, String district, int count) {
    provision(GRID, prefix, district, count);
  }

  private void provision(TenantId tenant, String prefix, String district, int count) {
    var admission = new Admission(meters);
    var listed =
        IntStream.range(0, count)
            .mapToObj(i ->
                new ListedMeter(
                    new ThingName(prefix + i),
                    tenant,
                    new DistrictId(district),
                    TariffClass.RESIDENTIAL,
                    Commodity.ELECTRICITY))
            .toList();
    meters.add(listed, THE_DAY_BEFORE);
    for (ListedMeter meter : listed) {
      admission.byClaim(meter.thing(), new Certificate("a".repeat(64), NEXT.end()));
      things.put(
          meter.thing().value(),
          new ConcurrentHashMap<>(Map.of("cohortA", "none", "cohortB", "none")));
    }
  }

  private static Optional<Membership> in(Epoch epoch, MeterSettings told) {
    return told.memberships().stream().filter(it -> it.epoch().equals(epoch)).findFirst();
  }

  private static ListedMeter listed(String thing, String district) {
    return new ListedMeter(
        new ThingName(thing),
        GRID,
        new DistrictId(district),
        TariffClass.RESIDENTIAL,
        Commodity.ELECTRICITY);
  }

  private void answer(HttpExchange exchange) throws IOException {
    var path = URLDecoder.decode(exchange.getRequestURI().getRawPath(), UTF_8);
    var body = exchange.getRequestBody().readAllBytes();
    var levels = path.split("/", -1);
    int code = 200;
    var answer = "{}";
    if (path.startsWith("/topics/") && levels[5].equals(slow)) {
      LockSupport.parkNanos(Duration.ofSeconds(1).toNanos());
      toldBeforeTheSlow = settings.size();
    }
    if (answers.getAndDecrement() <= 0) {
      code = 403;
    } else if (path.startsWith("/topics/")) {
      settings.put(levels[5], DownlinkJson.settings(body));
    } else {
      var attributes = things.get(levels[2]);
      if (attributes == null) {
        code = 404;
      } else if (exchange.getRequestMethod().equals("PATCH")) {
        var cohort = COHORT.matcher(new String(body, UTF_8));
        assertThat(cohort.find()).isTrue();
        attributes.put(cohort.group(1), cohort.group(2));
        updates.add(levels[2]);
        var id = new CohortId(cohort.group(2));
        boolean ofGrid = !levels[2].startsWith("o");
        if (ofGrid && new CohortTable(DYNAMO_DB, tables.cohortsTable()).find(GRID, id).isEmpty()) {
          tooEarly.add(levels[2]);
        }
      } else {
        var parts = new ArrayList<String>();
        attributes.forEach((name, value) -> parts.add("\"%s\":\"%s\"".formatted(name, value)));
        answer =
            "{\"thingName\":\"%s\",\"thingTypeName\":\"meter\",\"attributes\":{%s}}"
                .formatted(levels[2], String.join(",", parts));
      }
    }
    var bytes = answer.getBytes(UTF_8);
    exchange.sendResponseHeaders(code, bytes.length);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }
}

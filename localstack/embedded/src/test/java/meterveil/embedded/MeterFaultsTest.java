package meterveil.embedded;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import meterveil.block.Block;
import meterveil.block.BlockLength;
import meterveil.block.Epoch;
import meterveil.cell.OpenBlock;
import meterveil.cell.Packed;
import meterveil.cohort.Cohort;
import meterveil.embedded.aws.Faults.Fault;
import meterveil.embedded.aws.Functions.Delivery;
import meterveil.embedded.aws.Functions.FailureRecord;
import meterveil.embedded.iot.DeviceCertificate;
import meterveil.energy.WattHours;
import meterveil.meter.MeterSettings;
import meterveil.meter.MeterSettings.Membership;
import meterveil.meter.ThingName;
import meterveil.meter.Topics;
import meterveil.plan.Plan;
import meterveil.simulator.Endpoint;
import meterveil.simulator.Fleet;
import meterveil.simulator.FleetOptions;
import meterveil.simulator.LoadProfile;
import meterveil.simulator.Meter;
import meterveil.simulator.MeterCertificate;
import meterveil.simulator.Pauses;
import meterveil.status.DeviceStatusTable;
import meterveil.tenant.Tenant;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What goes wrong between meters and platform, with real meters on the real broker: what is lost
/// is asked for again, arrives, and is counted once.
class MeterFaultsTest {

  private static final int METERS = 5;

  /// Slow enough that something can happen between two of them.
  private static final int PUBLISHES_PER_SECOND = 10;

  private static final Duration SOON = Duration.ofSeconds(30);

  private static MainLine line;
  private static int tests;

  /// The first day of an epoch: nobody was missing the day before.
  private Block day;

  private Cohort cohort;
  private Fleet fleet;

  /// What tests before this one have counted and left.
  private final Map<String, Long> countedBefore = new HashMap<>();

  private int recordsBefore;

  @BeforeAll
  static void startPlatform() throws Exception {
    line = MainLine.startingAt("2024-01-01T12:00:00Z");
  }

  @AfterAll
  static void stopPlatform() throws Exception {
    line.close();
  }

  @BeforeEach
  void start() throws Exception {
    Epoch epoch = Epoch.containing(line.platform.clock().instant()).next();
    day = new Block(epoch.start(), BlockLength.DAY);
    line.moveTo(day, Duration.ofHours(-12));
    for (String metric : List.of("Asked", "CohortsAsked", "Duplicates", "UnknownMembers")) {
      countedBefore.put(metric, line.counted(metric));
    }
    recordsBefore = line.platform.functions().failureRecords().size();
    cohort = line.cohort(epoch, "north", ++tests, METERS, BlockLength.DAY);
    fleet =
        new Fleet(
            new Endpoint(
                "localhost",
                line.platform.broker().port(),
                line.platform.authority().certificatePem()),
            MainLine.GRID,
            line.platform.clock(),
            FleetOptions.DEFAULT.withPauses(Pauses.NONE).withRates(100, PUBLISHES_PER_SECOND));
    for (int i = 0; i < METERS; i++) {
      add(MainLine.member(cohort, i), 100 + i);
    }
    fleet.connectAll().join();
  }

  private void add(ThingName thing, int wh) throws Exception {
    var attributes = new HashMap<String, String>();
    attributes.put("tenant", MainLine.GRID.value());
    attributes.put(Plan.attribute(day.epoch()), cohort.id().value());
    attributes.put(Plan.attribute(day.epoch().next()), "none");
    DeviceCertificate certificate = line.platform.register(thing.value(), attributes);
    line.platform
        .downlink("PlanRole")
        .settings(
            MainLine.GRID,
            thing,
            new MeterSettings(List.of(new Membership(cohort.id(), BlockLength.DAY))));
    fleet.add(
        thing,
        new MeterCertificate(certificate.certificatePem(), certificate.privateKeyPem()),
        new LoadProfile(day.start(), IntStream.range(0, 48).map(_ -> wh).toArray()));
  }

  @AfterEach
  void stop() throws Exception {
    fleet.close();
    line.platform.functions().clearFault("Collect");
  }

  private long newlyCounted(String metric) throws Exception {
    return line.counted(metric) - countedBefore.getOrDefault(metric, 0L);
  }

  private List<FailureRecord> newRecords() {
    List<FailureRecord> all = line.platform.functions().failureRecords();
    return all.subList(recordsBefore, all.size());
  }

  private Meter meter(int number) {
    return fleet.meter(MainLine.member(cohort, number));
  }

  private void send() throws Exception {
    line.platform.moveTo(day.end().plus(Duration.ofMinutes(5)));
    fleet.sendDue().join();
    line.quiet();
  }

  /// Waits until so many meters' blocks are counted: a request and its answer take a moment.
  private void awaitCounted(int blocks) throws Exception {
    for (long end = System.nanoTime() + SOON.toNanos();
        counted() < blocks && System.nanoTime() < end; ) {
      Thread.sleep(50);
    }
    line.quiet();
    assertThat(counted()).isEqualTo(blocks);
  }

  private int counted() {
    return METERS - line.item(cohort, day).map(OpenBlock::missing).orElse(METERS);
  }

  private void assertAllCountedOnce() throws Exception {
    awaitCounted(METERS);
    long wh = IntStream.range(0, METERS).mapToLong(i -> 24L * (100 + i)).sum();
    assertThat(line.totals(cohort, day).accepted()).isEqualTo(new WattHours(wh));
    assertThat(fleet.books().sent()).isEqualTo(new WattHours(wh));
    assertThat(fleet.books().undelivered()).isEqualTo(WattHours.ZERO);
  }

  /// KMS, or DynamoDB, for longer than the SDK and Lambda try.
  @ParameterizedTest
  @ValueSource(strings = {"GenerateDataKey", "UpdateItem"})
  void asksAgainForWhatKeptFailing(String operation) throws Exception {
    try (var refusing =
        line.platform
            .faults()
            .inject("Collect", operation, _ -> newRecords().isEmpty(), new Fault.ServerError())) {
      send();
      assertThat(refusing.hits()).isPositive();
    }
    assertAllCountedOnce();
    assertThat(newRecords())
        .as("the records went to resend, payload and all, and nowhere else")
        .isNotEmpty()
        .allMatch(record -> record.json().contains("requestPayload"))
        .allMatch(record -> record.destination().equals(resend()));
  }

  private String resend() {
    return line.platform.functions().functionArn("Resend");
  }

  @Test
  void asksAgainForWhatARuleCouldNotHandOver() throws Exception {
    line.platform.rules().failNext("collect_readings", 3);
    send();
    assertAllCountedOnce();
    assertThat(newlyCounted("Asked")).isEqualTo(3);
  }

  @Test
  void asksThreeTimesForAMessageThatAlwaysCrashesAndThenGivesItUp() throws Exception {
    String victim = MainLine.member(cohort, 2).value();
    line.platform
        .functions()
        .setFault(
            "Collect",
            (_, payload) -> payload.contains(victim) ? Delivery.CRASH : Delivery.DELIVER);
    send();
    awaitCounted(METERS - 1);
    for (long end = System.nanoTime() + 2 * SOON.toNanos();
        meter(2).blocksGivenUp() == 0 && System.nanoTime() < end; ) {
      Thread.sleep(100);
    }
    line.quiet();

    assertThat(meter(2).blocksGivenUp()).isEqualTo(1);
    assertThat(newlyCounted("Asked")).as("after the first, and after each answer").isEqualTo(4);
    assertThat(fleet.books().undelivered()).isEqualTo(new WattHours(24 * 102));
    assertThat(counted()).isEqualTo(METERS - 1);

    line.moveTo(day, Duration.ofHours(6).plusMinutes(10));
    assertThat(newlyCounted("CohortsAsked")).isEqualTo(1);
    line.platform.functions().clearFault("Collect");
    line.platform.moveTo(day.next().end().plus(Duration.ofMinutes(5)));
    fleet.sendDue().join();
    line.quiet();
    assertThat(newlyCounted("Asked")).as("it has not sent it again").isEqualTo(4);
    assertThat(counted()).isEqualTo(METERS - 1);
    assertThat(
            new DeviceStatusTable(line.dynamoDb, line.platform.table("DeviceStatus"))
                .find(
                    new Tenant(MainLine.GRID, Tenant.RETENTION),
                    MainLine.member(cohort, 2),
                    line.platform.clock().instant()))
        .as("and says so in its status")
        .hasValueSatisfying(status -> assertThat(status.newest().blocksGivenUp()).isEqualTo(1));
  }

  @Test
  void findsWhatWasLostWithoutATraceByAskingTheCohort() throws Exception {
    line.platform.rules().loseNext("collect_readings", 2);
    send();
    assertThat(counted()).isEqualTo(METERS - 2);
    assertThat(newRecords()).isEmpty();

    line.moveTo(day, Duration.ofHours(6).plusMinutes(10));
    assertAllCountedOnce();
    assertThat(newlyCounted("CohortsAsked")).isEqualTo(1);

    line.moveTo(day, Duration.ofHours(8));
    assertThat(newlyCounted("CohortsAsked")).as("asked once").isEqualTo(1);
    assertThat(line.platform.logLines())
        .as("nobody is named")
        .noneMatch(l -> l.contains("m-north"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"Publish", "UpdateItem"})
  void asksTheCohortThoughAReleaserDiesWhileItAsks(String operation) throws Exception {
    line.platform.rules().loseNext("collect_readings", 2);
    send();
    assertThat(counted()).isEqualTo(METERS - 2);
    try (var dying =
        line.platform
            .faults()
            .inject(
                "Release",
                operation,
                n -> n == 1,
                new Fault.After(() -> line.platform.functions().kill("Release")))) {
      line.moveTo(day, Duration.ofHours(6).plusMinutes(10));
      assertThat(dying.hits()).isEqualTo(1);
    }
    assertAllCountedOnce();
    assertThat(newlyCounted("CohortsAsked")).as("asked by no other").isLessThanOrEqualTo(1);
  }

  @Test
  void losesNothingWhenTheBrokerRestartsWhileMetersSend() throws Exception {
    line.platform.moveTo(day.end().plus(Duration.ofMinutes(5)));
    var firstIsSent = new CountDownLatch(1);
    fleet.onProgress(_ -> firstIsSent.countDown());
    var sending = fleet.sendDue();
    assertThat(firstIsSent.await(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
    assertThat(sending).as("others have yet to be sent").isNotDone();
    line.platform.broker().restart();
    sending.join();
    line.quiet();
    assertAllCountedOnce();
  }

  @Test
  void reachesAMeterThatSleepsWhileItIsAsked() throws Exception {
    line.platform.rules().failNext("collect_readings", METERS);
    line.platform.moveTo(day.end().plus(Duration.ofMinutes(5)));
    try (var paused =
        line.platform
            .faults()
            .inject(
                "Resend",
                "Publish",
                n -> n == 1,
                new Fault.Before(() -> meter(0).sleep().join()))) {
      fleet.sendDue().join();
      line.quiet();
      assertThat(paused.hits()).isEqualTo(1);
    }
    meter(0).wake().join();
    assertAllCountedOnce();
  }

  @Test
  void countsOnceWhatMetersSendTwice() throws Exception {
    fleet.deliverTwice(true);
    send();
    assertAllCountedOnce();
    assertThat(newlyCounted("Duplicates")).isEqualTo(METERS);
  }

  @Test
  void keepsTheFirstOfTwoVersionsOfABlock() throws Exception {
    send();
    meter(1).sendOtherwise(day.start(), IntStream.range(0, 24).map(_ -> 999).toArray()).join();
    line.quiet();
    assertThat(counted()).isEqualTo(METERS);
    assertThat(line.totals(cohort, day).accepted())
        .isEqualTo(new WattHours(24 * (100 + 101 + 102 + 103 + 104)));
  }

  @Test
  @DisplayName(
      "T2 T3 T4 nothing of a meter is anywhere, while it is alone in its cell and while"
          + " functions fail on its message")
  void leavesNoTraceOfASingleMeter() throws Exception {
    var canary = new ThingName("canary-Xq7vB2mZ");
    int[] values = {48_611, 47_303, 2_203, 1_097, 1_999, 2_477, 1_777, 2_399};
    add(canary, 0);
    Meter meter = fleet.meter(canary);
    meter.connect().join();
    line.platform.moveTo(day.end().plus(Duration.ofMinutes(5)));
    String payload =
        "{\"start\":\"%s\",\"energyWh\":[%s],\"name\":\"Ada Canary\",\"gps\":[52.37,4.89]}"
            .formatted(
                day.start(),
                String.join(
                    ",",
                    IntStream.range(0, 24)
                        .mapToObj(i -> Integer.toString(values[i % values.length]))
                        .toList()));
    String topic = Topics.readings(MainLine.GRID, cohort.id(), canary);

    line.platform.rules().failNext("collect_readings", 1);
    meter.publish(topic, payload.getBytes(UTF_8), false).join();
    line.quiet();
    assertNoTrace(canary, values, payload);

    try (var failing =
        line.platform.faults().inject("Collect", "UpdateItem", new Fault.ServerError())) {
      meter.publish(topic, payload.getBytes(UTF_8), false).join();
      line.quiet();
      assertThat(failing.hits()).isPositive();
      assertNoTrace(canary, values, payload);
    }

    meter.publish(topic, payload.getBytes(UTF_8), false).join();
    line.quiet();
    assertThat(line.totals(cohort, day).blocks()).as("alone in its cell").isEqualTo(1);
    assertNoTrace(canary, values, payload);
    assertThat(newlyCounted("UnknownMembers")).as("dropped and counted, at each try").isPositive();
  }

  private void assertNoTrace(ThingName canary, int[] values, String payload) throws Exception {
    String base64 = Base64.getEncoder().encodeToString(payload.getBytes(UTF_8));
    List<String> needles =
        List.of("canary-Xq7vB2mZ", "Ada Canary", "52.37", base64.substring(60, 100));
    for (var table : Map.copyOf(line.platform.aws().tables()).entrySet()) {
      boolean devices = table.getKey().startsWith("DeviceStatus");
      line.dynamoDb
          .scanPaginator(scan -> scan.tableName(table.getValue()))
          .items()
          .forEach(item -> {
            String text = item.toString();
            for (String needle : needles) {
              if (!(devices && needle.equals(canary.value()))) {
                assertThat(text).doesNotContain(needle);
              }
            }
            item.values().stream()
                .flatMap(value -> Stream.ofNullable(value.n()))
                .map(BigInteger::new)
                .forEach(number ->
                    assertThat(values)
                        .as("alone or with its bucket")
                        .doesNotContain((int) Packed.of(number).energyWh()));
          });
    }
    assertThat(line.platform.logLines())
        .allSatisfy(log -> {
          assertThat(log).doesNotContain(needles);
          assertThat(log).doesNotContain("48611", "47303");
        });
    assertThat(line.platform.broker().logLines())
        .as("which may name who was refused")
        .allSatisfy(log -> assertThat(log).doesNotContain(needles.subList(1, needles.size())))
        .allSatisfy(log -> assertThat(log).doesNotContain("48611", "47303"));
    assertThat(line.platform.aws().encryptionContexts().toString()).doesNotContain(needles);
    assertThat(newRecords())
        .as("with the message in them, and so for resend alone, which keeps nothing")
        .allMatch(record -> record.destination().equals(resend()));
    assertThat(line.platform.retained())
        .allSatisfy(message -> {
          assertThat(message.payload()).doesNotContain(needles);
          assertThat(message.topic()).doesNotContain("readings");
        });
  }
}

package meterveil.embedded;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
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
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/// What goes wrong between meters and platform, with real meters on the real broker: what is lost
/// is asked for again, arrives, and is counted once.
class MeterFaultsTest {

  /// The first day of an epoch: nobody was missing the day before.
  private static final Instant START = Instant.parse("2024-01-18T12:00:00Z");

  private static final Block DAY =
      new Block(Instant.parse("2024-01-18T00:00:00Z"), BlockLength.DAY);
  private static final int METERS = 5;

  /// Slow enough that something can happen between two of them.
  private static final int PUBLISHES_PER_SECOND = 10;

  private static final Duration SOON = Duration.ofSeconds(30);

  private MainLine line;
  private Cohort cohort;
  private Fleet fleet;

  @BeforeEach
  void start() throws Exception {
    line = MainLine.startingAt(START.toString());
    Epoch epoch = DAY.epoch();
    cohort = line.cohort(epoch, "north", 1, METERS, BlockLength.DAY);
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
    attributes.put(Plan.attribute(DAY.epoch()), cohort.id().value());
    attributes.put(Plan.attribute(DAY.epoch().next()), "none");
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
        new LoadProfile(DAY.start(), IntStream.range(0, 48).map(_ -> wh).toArray()));
  }

  @AfterEach
  void stop() throws Exception {
    fleet.close();
    line.close();
  }

  private Meter meter(int number) {
    return fleet.meter(MainLine.member(cohort, number));
  }

  private void send() throws Exception {
    line.platform.moveTo(DAY.end().plus(Duration.ofMinutes(5)));
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
    return METERS - line.item(cohort, DAY).map(OpenBlock::missing).orElse(METERS);
  }

  private void assertAllCountedOnce() throws Exception {
    awaitCounted(METERS);
    long wh = IntStream.range(0, METERS).mapToLong(i -> 24L * (100 + i)).sum();
    assertThat(line.totals(cohort, DAY).accepted()).isEqualTo(new WattHours(wh));
    assertThat(fleet.books().sent()).isEqualTo(new WattHours(wh));
    assertThat(fleet.books().undelivered()).isEqualTo(WattHours.ZERO);
  }

  @Test
  void asksAgainForWhatKeptFailingWhileKmsRefused() throws Exception {
    try (var refusing =
        line.platform
            .faults()
            .inject("Collect", "GenerateDataKey", n -> n <= 60, new Fault.ServerError())) {
      send();
      assertThat(refusing.hits()).isPositive();
    }
    assertAllCountedOnce();
    assertThat(line.platform.functions().failureRecords())
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
    assertThat(line.counted("Asked")).isEqualTo(3);
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
    assertThat(line.counted("Asked")).as("after the first, and after each answer").isEqualTo(4);
    assertThat(fleet.books().undelivered()).isEqualTo(new WattHours(24 * 102));
    assertThat(counted()).isEqualTo(METERS - 1);
  }

  @Test
  void findsWhatWasLostWithoutATraceByAskingTheCohort() throws Exception {
    line.platform.rules().loseNext("collect_readings", 2);
    send();
    assertThat(counted()).isEqualTo(METERS - 2);
    assertThat(line.platform.functions().failureRecords()).isEmpty();

    line.moveTo(DAY, Duration.ofHours(6).plusMinutes(10));
    assertAllCountedOnce();
    assertThat(line.counted("CohortsAsked")).isEqualTo(1);

    line.moveTo(DAY, Duration.ofHours(8));
    assertThat(line.counted("CohortsAsked")).as("asked once").isEqualTo(1);
    assertThat(line.platform.logLines())
        .as("nobody is named")
        .noneMatch(l -> l.contains("m-north"));
  }

  @Test
  void losesNothingWhenTheBrokerRestartsWhileMetersSend() throws Exception {
    line.platform.moveTo(DAY.end().plus(Duration.ofMinutes(5)));
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
    line.platform.moveTo(DAY.end().plus(Duration.ofMinutes(5)));
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
    assertThat(line.counted("Duplicates")).isEqualTo(METERS);
  }

  @Test
  void keepsTheFirstOfTwoVersionsOfABlock() throws Exception {
    send();
    meter(1).sendOtherwise(DAY.start(), IntStream.range(0, 24).map(_ -> 999).toArray()).join();
    line.quiet();
    assertThat(counted()).isEqualTo(METERS);
    assertThat(line.totals(cohort, DAY).accepted())
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
    line.platform.moveTo(DAY.end().plus(Duration.ofMinutes(5)));
    String payload =
        "{\"start\":\"%s\",\"energyWh\":[%s],\"name\":\"Ada Canary\",\"gps\":[52.37,4.89]}"
            .formatted(
                DAY.start(),
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
    assertThat(line.totals(cohort, DAY).blocks()).as("alone in its cell").isEqualTo(1);
    assertNoTrace(canary, values, payload);
    assertThat(line.counted("UnknownMembers")).as("dropped and counted, at each try").isPositive();
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
    assertThat(line.platform.functions().failureRecords())
        .as("with the message in them, and so for resend alone, which keeps nothing")
        .allMatch(record -> record.destination().equals(resend()));
    assertThat(line.platform.retained())
        .allSatisfy(message -> {
          assertThat(message.payload()).doesNotContain(needles);
          assertThat(message.topic()).doesNotContain("readings");
        });
  }
}

package meterveil.simulator;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import meterveil.block.BlockLength;
import meterveil.block.Epoch;
import meterveil.cohort.CohortId;
import meterveil.meter.DownlinkJson;
import meterveil.meter.MeterSettings;
import meterveil.meter.MeterSettings.Membership;
import meterveil.meter.ResendRequest;
import meterveil.meter.ThingName;
import meterveil.meter.Topics;
import meterveil.tenant.TenantId;

/// A fleet of a tenant of its own on a broker shared with others, with what the platform would tell
/// its meters. The meters measure from the start of 11 January 2024 on, which lies in epoch 657;
/// 658 starts on 18 January.
final class TestFleet implements AutoCloseable {

  static final Epoch EPOCH = Epoch.containing(Instant.parse("2024-01-11T00:00:00Z"));
  private static final long WAIT_SECONDS = 60;

  final TenantId tenant;
  final TestClock clock;
  final Fleet fleet;
  private final TestBroker broker;

  TestFleet(TestBroker broker, String tenant, TestClock clock, FleetOptions options) {
    this.broker = broker;
    this.tenant = new TenantId(tenant);
    this.clock = clock;
    this.fleet = new Fleet(broker.endpoint(), this.tenant, clock, options);
  }

  /// Adds a meter that reports by the day, every hour as much, and tells it so.
  Meter meter(String name, Instant start, int days, int wh) {
    int[] energyWh = new int[days * 24];
    Arrays.fill(energyWh, wh);
    return meter(name, new LoadProfile(start, energyWh));
  }

  /// Adds a meter that reports by the day, and tells it so.
  Meter meter(String name, LoadProfile profile) {
    var thing = new ThingName(tenant + "-" + name);
    settings(thing, EPOCH);
    return fleet.add(thing, broker.certificate(thing), profile);
  }

  /// Connects all.
  TestFleet connected() {
    join(fleet.connectAll());
    return this;
  }

  /// What the planner tells a meter.
  void settings(ThingName thing, Epoch... epochs) {
    List<Membership> memberships =
        Arrays.stream(epochs).map(e -> new Membership(cohort(e), BlockLength.DAY)).toList();
    broker.publish(
        Topics.settings(tenant, thing), DownlinkJson.encode(new MeterSettings(memberships)), true);
  }

  CohortId cohort(Epoch epoch) {
    return CohortId.of(epoch, "north-1");
  }

  void ask(Meter meter, String... blocks) {
    broker.publish(Topics.resend(tenant, meter.thing()), request(blocks), false);
  }

  void askCohort(Epoch epoch, String... blocks) {
    broker.publish(Topics.resend(tenant, cohort(epoch)), request(blocks), false);
  }

  private static byte[] request(String... blocks) {
    return DownlinkJson.encode(
        new ResendRequest(Arrays.stream(blocks).map(Instant::parse).toList()));
  }

  /// The readings of a meter that reached the broker, in order.
  List<String> readings(Meter meter) {
    return readings(meter, EPOCH);
  }

  List<String> readings(Meter meter, Epoch epoch) {
    return broker.received(Topics.readings(tenant, cohort(epoch), meter.thing()));
  }

  List<String> statuses(Meter meter) {
    return broker.received(Topics.status(tenant, meter.thing()));
  }

  /// The payload of whole days with as much in every hour.
  static String days(String start, int days, int wh) {
    int[] energyWh = new int[days * 24];
    Arrays.fill(energyWh, wh);
    return new String(UplinkJson.readings(Instant.parse(start), energyWh), UTF_8);
  }

  static <T> T join(CompletableFuture<T> future) {
    return future.orTimeout(WAIT_SECONDS, TimeUnit.SECONDS).join();
  }

  static void await(BooleanSupplier condition) throws InterruptedException {
    for (int tries = 0; !condition.getAsBoolean(); tries++) {
      if (tries > WAIT_SECONDS * 50) {
        throw new AssertionError("waited in vain");
      }
      Thread.sleep(20);
    }
  }

  @Override
  public void close() {
    fleet.close();
  }
}

package meterveil.embedded;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import meterveil.cohort.DistrictId;
import meterveil.cohort.TariffClass;
import meterveil.embedded.aws.Functions.Delivery;
import meterveil.embedded.iot.DeviceCertificate;
import meterveil.embedded.iot.TestMeter;
import meterveil.embedded.iot.ThingRegistry;
import meterveil.energy.Commodity;
import meterveil.meter.ListedMeter;
import meterveil.meter.MeterTable;
import meterveil.meter.ThingName;
import meterveil.tenant.Tenant;
import meterveil.tenant.TenantId;
import meterveil.tenant.TenantTable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// Whether a meter is there, whole ways: from the broker's events to device status.
class PresenceTest {

  private static final Instant NOW = Instant.parse("2026-11-20T12:00:00Z");
  private static final Path CLOUD_ASSEMBLY = Path.of("../../infrastructure-cdk/target/cdk.out");
  private static final TenantId GRID = new TenantId("grid-1");
  private static final Duration QUIET_MAX = Duration.ofMinutes(1);

  @TempDir static Path folder;
  private static EmbeddedPlatform platform;

  @BeforeAll
  static void start() throws Exception {
    platform =
        EmbeddedPlatform.start(
            CLOUD_ASSEMBLY, folder.resolve("platform"), EmbeddedPlatform.Options.startingAt(NOW));
    new TenantTable(platform.dynamoDb("Registrar"), platform.table("Tenants"))
        .add(new Tenant(GRID, Tenant.RETENTION));
    new MeterTable(platform.dynamoDb("Registrar"), platform.table("Meters"))
        .add(
            Stream.of("comes-and-goes", "told-twice", "told-late", "told-quietly", "vanishes")
                .map(thing ->
                    new ListedMeter(
                        new ThingName(thing),
                        GRID,
                        new DistrictId("north"),
                        TariffClass.RESIDENTIAL,
                        Commodity.ELECTRICITY))
                .toList(),
            NOW);
  }

  @AfterAll
  static void stop() throws IOException {
    platform.close();
  }

  private static Optional<Boolean> online(String thing) throws InterruptedException {
    assertThat(platform.awaitQuiet(QUIET_MAX)).isTrue();
    return Optional.ofNullable(item(thing).get("online")).map(AttributeValue::bool);
  }

  private static Map<String, AttributeValue> item(String thing) {
    return platform
        .dynamoDb()
        .getItem(get ->
            get.tableName(platform.table("DeviceStatus"))
                .consistentRead(true)
                .key(
                    Map.of(
                        "tenant",
                        AttributeValue.fromS(GRID.value()),
                        "thing",
                        AttributeValue.fromS(thing))))
        .item();
  }

  private static DeviceCertificate register(String thing) throws IOException {
    return platform.register(
        thing, Map.of("tenant", GRID.value(), "cohortA", "none", "cohortB", "none"));
  }

  private static TestMeter client(String thing, DeviceCertificate certificate) {
    return new TestMeter(
        thing, certificate, platform.authority().certificatePem(), platform.broker().port());
  }

  /// What IoT Core would tell.
  private static void tell(String type, String thing, String session, long version)
      throws IOException {
    platform
        .broker()
        .publish(
            "$aws/events/presence/" + type + "/" + thing,
            """
            {"clientId": "%s", "timestamp": %d, "eventType": "%s", "sessionIdentifier": "%s",
             "principalIdentifier": "canary-principal", "ipAddress": "192.0.2.77",
             "versionNumber": %d}
            """
                .formatted(thing, NOW.toEpochMilli(), type, session, version)
                .getBytes(UTF_8),
            0,
            false);
  }

  @Test
  @DisplayName("U6 a meter is online from its connection to the end of it, however that comes")
  void knowsWhoIsThere() throws Exception {
    DeviceCertificate certificate = register("comes-and-goes");
    assertThat(online("comes-and-goes")).isEmpty();
    try (var meter = client("comes-and-goes", certificate)) {
      assertThat(meter.connects()).isTrue();
      assertThat(online("comes-and-goes")).contains(true);
    }
    awaitOffline("comes-and-goes");
    try (var meter = client("comes-and-goes", certificate).connected()) {
      assertThat(online("comes-and-goes")).contains(true);
      platform
          .registry()
          .setStatus(
              ThingRegistry.certificateId(certificate.certificate()), ThingRegistry.Status.REVOKED);
      platform.broker().disconnect("comes-and-goes", true, false);
      assertThat(meter.disconnection()).isNotEmpty();
      awaitOffline("comes-and-goes");
    }
  }

  /// The broker notices an end a moment after the client does.
  private static void awaitOffline(String thing) throws InterruptedException {
    for (int tries = 0; !online(thing).equals(Optional.of(false)); tries++) {
      assertThat(tries).isLessThan(200);
      Thread.sleep(50);
    }
  }

  @Test
  @DisplayName("U6 events that come twice or out of order leave the latest")
  void takesEventsInAnyOrder() throws Exception {
    tell("connected", "told-twice", "session-a", 0);
    tell("connected", "told-twice", "session-a", 0);
    assertThat(online("told-twice")).contains(true);
    tell("disconnected", "told-twice", "session-a", 0);
    tell("disconnected", "told-twice", "session-a", 0);
    assertThat(online("told-twice")).contains(false);

    tell("disconnected", "told-late", "session-b", 1);
    assertThat(online("told-late")).contains(false);
    tell("connected", "told-late", "session-b", 1);
    assertThat(online("told-late")).contains(false);
    tell("connected", "told-late", "session-c", 2);
    assertThat(online("told-late")).contains(true);
    tell("disconnected", "told-late", "session-b", 1);
    assertThat(online("told-late")).contains(true);
    tell("disconnected", "told-late", "session-c", 2);
    assertThat(online("told-late")).contains(false);
  }

  @Test
  @DisplayName(
      "U6 a last will tells of a meter that is gone, where the broker's word of it got lost")
  void learnsOfAMeterThatVanishedFromItsLastWill() throws Exception {
    String topic = "$aws/rules/collect_status/mv/1/" + GRID + "/vanishes/status";
    DeviceCertificate certificate = register("vanishes");
    platform.functions().setFault("PresenceFunction", (_, _) -> Delivery.LOSE);
    try (var meter =
        client("vanishes", certificate).withWill(topic, status(0, "connection-lost"), 0)) {
      meter.connected().publish(topic, status(41, "battery-low"));
      assertThat(online("vanishes")).contains(true);

      meter.vanish();
      awaitOffline("vanishes");
    } finally {
      platform.functions().clearFault("PresenceFunction");
    }
    assertThat(item("vanishes"))
        .as("a will takes nothing of what the meter said of itself")
        .containsEntry("sequence", AttributeValue.fromN("41"))
        .containsEntry(
            "faults", AttributeValue.fromL(List.of(AttributeValue.fromS("battery-low"))));

    try (var meter = client("vanishes", certificate).connected()) {
      meter.publish(topic, status(42, "battery-low"));
      assertThat(online("vanishes")).as("back").contains(true);
    }
  }

  private static String status(int sequence, String fault) {
    return """
    {"sequence": %d, "firmware": "1.0.0", "batteryPercent": 97, "signalDbm": -71,
     "faults": ["%s"], "uptimeSeconds": 86400, "blocksGivenUp": 0}
    """
        .formatted(sequence, fault);
  }

  @Test
  @DisplayName("T4 T52 neither address nor certificate of a connection is stored or logged")
  void takesNoAddress() throws Exception {
    tell("connected", "told-quietly", "session-z", 9);
    tell("connected", "on-no-list", "session-y", 0);
    assertThat(online("told-quietly")).contains(true);
    platform
        .aws()
        .tables()
        .forEach((id, name) ->
            platform
                .dynamoDb()
                .scanPaginator(scan -> scan.tableName(name))
                .items()
                .forEach(item ->
                    assertThat(item.toString())
                        .as(id)
                        .doesNotContain(
                            "192.0.2.77", "canary-principal", "127.0.0.1", "on-no-list")));
    assertThat(platform.logLines())
        .noneMatch(line ->
            Stream.of("192.0.2.77", "canary-principal", "127.0.0.1", "on-no-list", "told-quietly")
                .anyMatch(line::contains));
  }
}

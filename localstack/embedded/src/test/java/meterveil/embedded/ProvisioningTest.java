package meterveil.embedded;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import meterveil.cohort.DistrictId;
import meterveil.cohort.TariffClass;
import meterveil.embedded.aws.Faults.Fault;
import meterveil.embedded.iot.CertificateAuthority;
import meterveil.embedded.iot.DeviceCertificate;
import meterveil.embedded.iot.ProvisioningClient;
import meterveil.embedded.iot.TestMeter;
import meterveil.embedded.iot.ThingRegistry;
import meterveil.embedded.iot.ThingRegistry.Status;
import meterveil.energy.Commodity;
import meterveil.meter.ListedMeter;
import meterveil.meter.Meter;
import meterveil.meter.MeterTable;
import meterveil.meter.ThingName;
import meterveil.meter.Topics;
import meterveil.tenant.TenantId;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.crt.mqtt5.packets.PubAckPacket.PubAckReasonCode;

/// How meters come in, whole ways: from a device with a claim or its utility's certificate, through
/// broker, templates, functions and their roles, to its first message.
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ProvisioningTest {

  private static final Instant NOW = Instant.parse("2026-11-20T12:00:00Z");
  private static final Path CLOUD_ASSEMBLY = Path.of("../../infrastructure-cdk/target/cdk.out");
  private static final TenantId GRID = new TenantId("grid-1");
  private static final Duration QUIET_MAX = Duration.ofMinutes(1);
  private static final int TRIES_MAX = 3;

  @TempDir static Path folder;
  private static EmbeddedPlatform platform;
  private static MeterTable meters;
  private static DeviceCertificate claim;
  private static CertificateAuthority utility;

  @BeforeAll
  static void start() throws Exception {
    platform =
        EmbeddedPlatform.start(
            CLOUD_ASSEMBLY, folder.resolve("platform"), EmbeddedPlatform.Options.startingAt(NOW));
    meters = new MeterTable(platform.dynamoDb("Registrar"), platform.table("Meters"));
    meters.add(
        Stream.of("claimed", "twice", "rotated", "slow", "signed", "signed-late")
            .map(ProvisioningTest::listed)
            .toList(),
        NOW);
    meters.add(List.of(listed("signed-later", new TenantId("grid-2"))), NOW);
    claim = platform.claim("claim");
    utility = new CertificateAuthority(folder.resolve("utility"), "Utility authority");
    platform.registerAuthority(utility);
    try (var device = claimant("first")) { // starts the hook's process
      var _ =
          device.provision(
              "meter", token(device.certificateFor(ProvisioningClient.newKeys())), "unlisted");
    }
  }

  @AfterAll
  static void stop() throws IOException {
    platform.close();
  }

  private static ListedMeter listed(String thing) {
    return listed(thing, GRID);
  }

  private static ListedMeter listed(String thing, TenantId tenant) {
    return new ListedMeter(
        new ThingName(thing),
        tenant,
        new DistrictId("north"),
        TariffClass.RESIDENTIAL,
        Commodity.ELECTRICITY);
  }

  private static Optional<Meter> meter(String thing) {
    return meters.find(new ThingName(thing));
  }

  private static TestMeter client(String clientId, DeviceCertificate certificate) {
    return new TestMeter(
        clientId, certificate, platform.authority().certificatePem(), platform.broker().port());
  }

  private static ProvisioningClient claimant(String thing) throws InterruptedException {
    return new ProvisioningClient(client("claim-" + thing, claim).connected());
  }

  private static String token(JsonNode issued) {
    return issued.path("certificateOwnershipToken").asText();
  }

  private static Status status(JsonNode issued) {
    return status(issued.path("certificateId").asText());
  }

  private static Status status(String certificateId) {
    return requireNonNull(platform.registry().certificate(certificateId)).status();
  }

  /// Provisions by the claim, and keeps what the device keeps. A hook that was not quick enough
  /// said no, on a busy machine at its first call; a device asks again, with the same certificate.
  private static DeviceCertificate provisioned(String thing) throws Exception {
    KeyPair keys = ProvisioningClient.newKeys();
    try (var device = claimant(thing)) {
      JsonNode issued = device.certificateFor(keys);
      JsonNode answer = device.provision("meter", token(issued), thing);
      for (int tries = 1; tries < TRIES_MAX && !answer.has("thingName"); tries++) {
        answer = device.provision("meter", token(issued), thing);
      }
      assertThat(answer.path("thingName").asText()).isEqualTo(thing);
      return ProvisioningClient.certificate(
          folder, thing, issued.path("certificatePem").asText(), keys);
    }
  }

  private static void assertReports(String thing, DeviceCertificate certificate) throws Exception {
    try (var own = client(thing, certificate).connected()) {
      assertThat(own.publish(Topics.status(GRID, new ThingName(thing)), "{}"))
          .isEqualTo(PubAckReasonCode.SUCCESS);
    }
  }

  @Test
  @DisplayName("U15 a listed meter gets a certificate of its own by a claim, and reports with it")
  void letsAListedMeterInByAClaim() throws Exception {
    DeviceCertificate certificate = provisioned("claimed");
    assertThat(meter("claimed").map(Meter::state)).contains(Meter.State.PROVISIONED);
    assertThat(platform.registry().thing("claimed").orElseThrow().attributes())
        .isEqualTo(Map.of("tenant", "grid-1", "cohortA", "none", "cohortB", "none"));
    assertReports("claimed", certificate);
  }

  @Test
  @DisplayName("U15 a meter that nobody listed gets no certificate by a claim")
  void refusesAMeterThatIsNotListed() throws Exception {
    try (var device = claimant("unlisted")) {
      for (String serialNumber : List.of("unlisted", "no name", "")) {
        JsonNode issued = device.certificateFor(ProvisioningClient.newKeys());
        JsonNode answer = device.provision("meter", token(issued), serialNumber);
        assertThat(answer.path("errorCode").asText()).isEqualTo("AccessDenied");
        assertThat(status(issued)).isEqualTo(Status.PENDING_ACTIVATION);
      }
    }
    assertThat(platform.registry().thing("unlisted")).isEmpty();
  }

  @Test
  @DisplayName("U15 a claim does not take over a meter that is in already")
  void refusesAMeterThatIsProvisioned() throws Exception {
    DeviceCertificate first = provisioned("twice");
    try (var device = claimant("thief")) {
      JsonNode issued = device.certificateFor(ProvisioningClient.newKeys());
      assertThat(device.provision("meter", token(issued), "twice").path("errorCode").asText())
          .isEqualTo("AccessDenied");
    }
    assertReports("twice", first);
    assertThat(platform.registry().certificatesOf("twice")).hasSize(1);
  }

  @Test
  @DisplayName("U15 a claim lets nobody report, and connects under no meter's name")
  void aClaimIsForNothingElse() throws Exception {
    try (var meter = client("claimed", claim)) {
      assertThat(meter.connects()).isFalse();
    }
    for (String topic :
        List.of(
            Topics.status(GRID, new ThingName("claimed")),
            "$aws/provisioning-templates/rotation/provision/json")) {
      try (var device = client("claim-any", claim).connected()) {
        var _ = device.publishing(topic, "{}", false);
        assertThat(device.disconnection()).isEqualTo("NOT_AUTHORIZED");
      }
    }
  }

  @Test
  void refusesInTimeWhatTheHookCannotAnswer() throws Exception {
    try (var device = claimant("slow")) {
      JsonNode issued = device.certificateFor(ProvisioningClient.newKeys());
      try (var _ = platform.faults().inject("Admit", "UpdateItem", new Fault.Silence())) {
        assertThat(device.provision("meter", token(issued), "slow").path("statusCode").asInt())
            .isGreaterThanOrEqualTo(400);
      }
      assertThat(device.provision("meter", token(issued), "slow").path("thingName").asText())
          .isEqualTo("slow");
    }
  }

  @Test
  @DisplayName("U15 a meter changes its certificate for a new one, under no name but its own")
  void rotates() throws Exception {
    DeviceCertificate old = provisioned("rotated");
    platform.updateThing("rotated", Map.of("cohortA", "00522-north-1"));
    KeyPair keys = ProvisioningClient.newKeys();
    DeviceCertificate renewed;
    try (var device = new ProvisioningClient(client("rotated", old).connected())) {
      JsonNode issued = device.certificateFor(keys);
      assertThat(device.provision("rotation", token(issued), "claimed").path("errorCode").asText())
          .isEqualTo("AccessDenied");
      assertThat(device.provision("rotation", token(issued), "rotated").path("thingName").asText())
          .isEqualTo("rotated");
      renewed =
          ProvisioningClient.certificate(
              folder, "renewed", issued.path("certificatePem").asText(), keys);
    }
    assertReports("rotated", renewed);
    assertThat(meter("rotated").flatMap(Meter::certificate).map(Meter.Certificate::id))
        .contains(ThingRegistry.certificateId(renewed.certificate()));
    assertThat(platform.registry().thing("rotated").orElseThrow().attributes())
        .containsEntry("cohortA", "00522-north-1");
  }

  @Test
  @DisplayName("U15 a listed meter comes in by a certificate that its utility signed")
  void letsAMeterInByItsUtilitysAuthority() throws Exception {
    DeviceCertificate certificate = utility.issueFor("signed", "signed", "grid-1");
    try (var first = client("signed", certificate)) {
      assertThat(first.connects()).isFalse();
    }
    assertThat(platform.awaitQuiet(QUIET_MAX)).isTrue();
    assertReports("signed", certificate);
    assertThat(meter("signed").map(Meter::state)).contains(Meter.State.PROVISIONED);
  }

  @Test
  @DisplayName("U14 U15 a utility's certificate lets nobody in who is not listed, or is another's")
  void refusesWhomTheUtilityDidNotList() throws Exception {
    record Stranger(String name, String tenant) {}
    for (Stranger stranger :
        List.of(
            new Stranger("signed-unlisted", "grid-1"), new Stranger("signed-later", "grid-1"))) {
      DeviceCertificate certificate =
          utility.issueFor(stranger.name, stranger.name, stranger.tenant);
      try (var meter = client(stranger.name, certificate)) {
        assertThat(meter.connects()).isFalse();
        assertThat(platform.awaitQuiet(QUIET_MAX)).isTrue();
        assertThat(meter.isLetIn()).isFalse();
      }
      assertThat(status(ThingRegistry.certificateId(certificate.certificate())))
          .isEqualTo(Status.INACTIVE);
      assertThat(platform.registry().thing(stranger.name)).isEmpty();
    }
  }

  @Test
  void finishesARegistrationThatStopped() throws Exception {
    DeviceCertificate certificate = utility.issueFor("signed-late", "signed-late", "grid-1");
    try (var _ =
        platform
            .faults()
            .inject("Register", "AttachPolicy", number -> number <= 3, new Fault.ServerError())) {
      try (var first = client("signed-late", certificate)) {
        assertThat(first.connects()).isFalse();
      }
      assertThat(platform.awaitQuiet(QUIET_MAX)).isTrue();
    }
    assertReports("signed-late", certificate);
  }

  @Test
  @Order(Integer.MAX_VALUE)
  @DisplayName("T4 addresses and certificates of meters are stored and logged nowhere else")
  void leavesNoTraceElsewhere() throws Exception {
    assertThat(platform.awaitQuiet(QUIET_MAX)).isTrue();
    var certificates = new ArrayList<String>();
    for (String thing : List.of("claimed", "twice", "rotated", "signed")) {
      platform.registry().certificatesOf(thing).forEach(it -> certificates.add(it.id()));
    }
    assertThat(certificates).hasSizeGreaterThan(3);
    platform
        .aws()
        .tables()
        .forEach((id, name) ->
            platform
                .dynamoDb()
                .scanPaginator(scan -> scan.tableName(name))
                .items()
                .forEach(item -> {
                  String text = item.toString();
                  assertThat(text).as(id).doesNotContain("127.0.0.1", "BEGIN CERTIFICATE");
                  if (!id.startsWith("Meters")) {
                    assertThat(text).as(id).doesNotContain(certificates);
                  }
                }));
    for (String line : platform.logLines()) {
      assertThat(line).doesNotContain("127.0.0.1", "BEGIN CERTIFICATE");
      assertThat(line).doesNotContain(certificates);
      assertThat(line).doesNotContain("claimed", "rotated", "signed-unlisted");
    }
  }
}

package meterveil.embedded.iot;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import meterveil.embedded.iot.Refusal.Reason;
import meterveil.embedded.iot.ThingRegistry.Status;
import meterveil.embedded.policy.PolicyDocument;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.crt.mqtt.MqttClientConnection;
import software.amazon.awssdk.crt.mqtt.MqttMessage;
import software.amazon.awssdk.crt.mqtt.QualityOfService;
import software.amazon.awssdk.crt.mqtt5.packets.PubAckPacket.PubAckReasonCode;
import software.amazon.awssdk.crt.mqtt5.packets.SubAckPacket.SubAckReasonCode;
import software.amazon.awssdk.iot.AwsIotMqttConnectionBuilder;

class BrokerTest {

  private static final Instant NOW = Instant.parse("2026-11-20T12:00:00Z");

  @TempDir static Path folder;
  static TestCore core;

  @BeforeAll
  static void start() throws IOException {
    core = new TestCore(folder);
  }

  @AfterAll
  static void stop() throws IOException {
    core.close();
  }

  @BeforeEach
  void forget() {
    core.invocations.clear();
    core.present.clear();
    core.registered.clear();
    core.now.set(NOW);
  }

  @Test
  void givesWhatAMeterPublishesToTheFunction() throws Exception {
    try (var meter = core.meter("m-publishes").connected()) {
      assertThat(meter.publish(TestCore.readings("m-publishes"), "any bytes"))
          .isEqualTo(PubAckReasonCode.SUCCESS);
      var event = core.nextInvocation();
      assertThat(event.function()).isEqualTo(TestCore.COLLECT);
      assertThat(TestCore.text(event.event().get("payload"))).isEqualTo("any bytes");
      assertThat(event.event().get("tenant").asText()).isEqualTo(TestCore.TENANT);
      assertThat(event.event().get("cohort").asText()).isEqualTo(TestCore.COHORT_A);
      assertThat(event.event().get("thing").asText()).isEqualTo("m-publishes");
      assertThat(event.event()).hasSize(4);
    }
  }

  @Test
  void countsNoRefusalForAMeterThatBehaves() throws Exception {
    var before = core.broker.lastRefusals();
    long handshakes = core.refusals(Reason.HANDSHAKE);
    try (var meter = core.meter("m-behaves").withSession().connected()) {
      meter.subscribe(TestCore.settings("m-behaves"));
      meter.publish(TestCore.status("m-behaves"), "1");
    }
    TestCore.await(() -> core.refusals(Reason.HANDSHAKE) <= handshakes);
    assertThat(core.broker.lastRefusals()).isEqualTo(before);
  }

  @Test
  void takesAMeterThatSpeaksTheOlderProtocol() throws Exception {
    DeviceCertificate certificate = core.register("m-old");
    try (var builder =
            AwsIotMqttConnectionBuilder.newMtlsBuilderFromPath(
                certificate.certificatePem().toString(), certificate.privateKeyPem().toString());
        MqttClientConnection meter =
            builder
                .withCertificateAuthorityFromPath(null, core.authority.certificatePem().toString())
                .withEndpoint("localhost")
                .withPort(core.broker.port())
                .withClientId("m-old")
                .withCleanSession(true)
                .build()) {
      meter.connect().get(20, TimeUnit.SECONDS);
      meter
          .publish(
              new MqttMessage(
                  TestCore.status("m-old"), new byte[0], QualityOfService.AT_LEAST_ONCE, false))
          .get(20, TimeUnit.SECONDS);
      assertThat(core.nextInvocation().function()).isEqualTo(TestCore.STATUS);
      meter.disconnect().get(20, TimeUnit.SECONDS);
    }
  }

  @Test
  @DisplayName("U15 refuses a connection without a certificate")
  void refusesNoCertificate() throws Exception {
    assertHandshakeRefused(() -> {
      try (TestMeter meter =
          TestMeter.withoutCertificate(
              "m-bare", core.authority.certificatePem(), core.broker.port())) {
        assertThat(meter.connects()).isFalse();
      }
    });
  }

  @Test
  @DisplayName("U15 refuses a certificate of another authority")
  void refusesForeignCertificate() throws Exception {
    var foreign = new CertificateAuthority(folder.resolve("foreign"), "Test authority");
    DeviceCertificate certificate = core.register("m-foreign", foreign.issue("m-foreign"));
    assertHandshakeRefused(() -> {
      try (TestMeter meter = core.meter("m-foreign", certificate)) {
        assertThat(meter.connects()).isFalse();
      }
    });
  }

  @Test
  @DisplayName("U15 refuses a certificate that is over by the wall's clock")
  void refusesCertificateExpiredByTheWall() throws Exception {
    DeviceCertificate certificate =
        core.register(
            "m-expired",
            core.authority.issue(
                "m-expired",
                CertificateAuthority.VALID_FROM,
                Instant.parse("2020-01-01T00:00:00Z")));
    assertHandshakeRefused(() -> {
      try (TestMeter meter = core.meter("m-expired", certificate)) {
        assertThat(meter.connects()).isFalse();
      }
    });
  }

  @Test
  @DisplayName("U15 refuses a certificate that is over, or not begun, by the platform's clock")
  void refusesCertificateExpiredByThePlatform() throws Exception {
    Instant until = Instant.parse("2045-01-01T00:00:00Z");
    DeviceCertificate certificate =
        core.register(
            "m-over", core.authority.issue("m-over", CertificateAuthority.VALID_FROM, until));
    core.now.set(until);
    assertConnects("m-over", certificate);
    core.now.set(until.plusSeconds(1));
    assertRefused(Reason.CERTIFICATE_EXPIRED, "m-over", certificate);
    core.now.set(CertificateAuthority.VALID_FROM.minusSeconds(1));
    assertRefused(Reason.CERTIFICATE_EXPIRED, "m-over", certificate);
  }

  @Test
  @DisplayName("U15 refuses a certificate that nobody registered")
  void refusesUnknownCertificate() throws Exception {
    core.register("m-known");
    assertRefused(Reason.CERTIFICATE_UNKNOWN, "m-known", core.authority.issue("m-unknown"));
  }

  @Test
  @DisplayName("U15 refuses an inactive certificate, and at once whatever it still sends")
  void refusesInactiveCertificate() throws Exception {
    DeviceCertificate certificate = core.register("m-inactive");
    String id = ThingRegistry.certificateId(certificate.certificate());
    try (var meter = core.meter("m-inactive", certificate).connected()) {
      core.registry.setStatus(id, Status.INACTIVE);
      assertPublishRefused(Reason.PUBLISH, meter, TestCore.readings("m-inactive"), false);
    }
    assertRefused(Reason.CERTIFICATE_INACTIVE, "m-inactive", certificate);
    core.registry.setStatus(id, Status.ACTIVE);
    assertConnects("m-inactive", certificate);
  }

  @Test
  @DisplayName("U15 revoking cuts the live connection, and the certificate is refused from then on")
  void cutsAndRefusesRevokedCertificate() throws Exception {
    DeviceCertificate certificate = core.register("m-revoked");
    String id = ThingRegistry.certificateId(certificate.certificate());
    try (var meter = core.meter("m-revoked", certificate).connected()) {
      core.registry.setStatus(id, Status.REVOKED);
      assertThat(core.broker.disconnect("m-revoked", false, false)).isTrue();
      assertThat(meter.disconnection()).isEqualTo("ADMINISTRATIVE_ACTION");
      assertThat(meter.isLetIn()).isFalse();
    }
    assertRefused(Reason.CERTIFICATE_REVOKED, "m-revoked", certificate);
    assertThat(core.broker.disconnect("m-revoked", false, false)).isFalse();
  }

  @Test
  void tellsRulesWhoConnectedAndDisconnected() throws Exception {
    DeviceCertificate certificate = core.register("m-present");
    String id = ThingRegistry.certificateId(certificate.certificate());
    try (var meter = core.meter("m-present", certificate)) {
      assertThat(meter.connects()).isTrue();
    }
    JsonNode connected = core.nextEvent("connected", "m-present");
    JsonNode gone = core.nextEvent("disconnected", "m-present");
    assertThat(connected.path("ipAddress").asText()).isEqualTo("127.0.0.1");
    assertThat(connected.path("principalIdentifier").asText()).isEqualTo(id);
    assertThat(connected.path("timestamp").asLong()).isEqualTo(core.now.get().toEpochMilli());
    assertThat(connected.path("versionNumber").asLong()).isZero();
    assertThat(gone.path("versionNumber").asLong()).isZero();
    assertThat(gone.path("sessionIdentifier")).isEqualTo(connected.path("sessionIdentifier"));
    assertThat(gone.path("clientInitiatedDisconnect").asBoolean()).isTrue();
    assertThat(gone.path("disconnectReason").asText()).isEqualTo("CLIENT_INITIATED_DISCONNECT");
    assertThat(gone.has("ipAddress")).isFalse();

    try (var meter = core.meter("m-present", certificate).connected()) {
      assertThat(core.nextEvent("connected", "m-present").path("versionNumber").asLong()).isOne();
      core.broker.disconnect("m-present", false, false);
      JsonNode cut = core.nextEvent("disconnected", "m-present");
      assertThat(cut.path("disconnectReason").asText()).isEqualTo("API_INITIATED_DISCONNECT");
      assertThat(cut.path("clientInitiatedDisconnect").asBoolean()).isFalse();
      assertThat(meter.isLetIn()).isTrue(); // comes back by itself
      core.nextEvent("connected", "m-present");
    }
    core.nextEvent("disconnected", "m-present");
    core.now.set(core.now.get().plus(Duration.ofHours(1)));
    try (var meter = core.meter("m-present", certificate)) {
      assertThat(meter.connects()).isTrue();
      assertThat(core.nextEvent("connected", "m-present").path("versionNumber").asLong()).isZero();
      assertThat(core.broker.disconnect("m-present", true, true)).isTrue();
    }
  }

  @Test
  void registersAnUnknownCertificateOfARegisteredAuthority() throws Exception {
    var utility = new CertificateAuthority(folder.resolve("utility"), "Utility authority");
    String authority = core.registry.registerAuthority(utility.certificate(), true).id();
    core.broker.restart();
    DeviceCertificate certificate = utility.issueFor("m-jit", "m-jit", TestCore.TENANT);
    String id = ThingRegistry.certificateId(certificate.certificate());
    assertRefused(Reason.CERTIFICATE_PENDING, "m-jit", certificate);
    JsonNode event = core.nextRegistered();
    assertThat(event.path("certificateId").asText()).isEqualTo(id);
    assertThat(event.path("caCertificateId").asText()).isEqualTo(authority);
    assertThat(event.path("certificateStatus").asText()).isEqualTo("PENDING_ACTIVATION");
    assertRefused(Reason.CERTIFICATE_PENDING, "m-jit", certificate);
    assertThat(core.registered).isEmpty(); // told of once

    core.registry.createThing("m-jit", "meter", Map.of("tenant", TestCore.TENANT));
    core.registry.attachThing(id, "m-jit");
    core.registry.attachPolicy(id, "Meter");
    core.registry.setStatus(id, Status.ACTIVE);
    assertConnects("m-jit", certificate);

    core.registry.registerAuthority(utility.certificate(), false);
    assertRefused(
        Reason.CERTIFICATE_UNKNOWN, "m-late", utility.issueFor("m-late", "m-late", "grid-1"));
  }

  @Test
  @DisplayName("U15 refuses a client id that is not the thing's name")
  void refusesOtherClientId() throws Exception {
    DeviceCertificate certificate = core.register("m-mine");
    core.register("m-theirs");
    assertRefused(Reason.CONNECT, "m-other", certificate);
    assertRefused(Reason.CONNECT, "m-theirs", certificate);
  }

  @Test
  void refusesASessionOrAWillThatNoStatementNames() throws Exception {
    putPolicy("Plain", TestCore.allow("iot:Connect", List.of("*")));
    DeviceCertificate certificate = register("m-plain", "Plain");
    assertConnects("m-plain", certificate);
    try (var meter = core.meter("m-plain", certificate).withSession()) {
      assertThat(meter.connects()).isFalse();
    }
    try (var meter =
        core.meter("m-plain", certificate).withWill(TestCore.status("m-plain"), "gone", 0)) {
      assertThat(meter.connects()).isFalse();
    }
  }

  @Test
  @DisplayName("T32 refuses TLS 1.0 and 1.1 and takes 1.2")
  void refusesOldTls() throws Exception {
    assertThat(answerToTls(1)).isEqualTo("alert 70");
    assertThat(answerToTls(2)).isEqualTo("alert 70");
    assertThat(answerToTls(3)).isEqualTo("handshake");
  }

  static Stream<String> topicsOfOthers() {
    return Stream.of(
        TestCore.readings(TestCore.TENANT, TestCore.COHORT_A, "m-neighbour"),
        TestCore.readings("grid-2", TestCore.COHORT_A, "m-publisher"),
        TestCore.readings(TestCore.TENANT, "00522-north-2", "m-publisher"),
        TestCore.status("m-neighbour"),
        "mv/1/grid-1/00522-north-1/m-publisher/readings",
        "$aws/rules/collect_status/mv/1/grid-1/00522-north-1/m-publisher/readings",
        "$aws/rules/other/mv/1/grid-1/00522-north-1/m-publisher/readings",
        "$aws/things/m-publisher/shadow/update",
        TestCore.settings("m-publisher"),
        TestCore.resend("m-publisher"),
        "mv/1/grid-1/cohort/00522-north-1/resend",
        "other");
  }

  @ParameterizedTest
  @MethodSource("topicsOfOthers")
  void refusesToPublishOnATopicThatIsNotTheMeters(String topic) throws Exception {
    try (var meter = core.meter("m-publisher", publisher()).connected()) {
      assertPublishRefused(Reason.PUBLISH, meter, topic, false);
    }
    assertThat(core.invocations).isEmpty();
  }

  @Test
  void refusesToRetain() throws Exception {
    try (var meter = core.meter("m-publisher", publisher()).connected()) {
      assertPublishRefused(Reason.RETAIN, meter, TestCore.readings("m-publisher"), true);
    }
    assertThat(core.invocations).isEmpty();
    assertThat(core.broker.retained())
        .noneMatch(message -> message.topic().equals(TestCore.readings("m-publisher")));
  }

  @Test
  void goesByAThingsAttributesAsTheyAre() throws Exception {
    String next = "00524-south-9";
    try (var meter = core.meter("m-moves").connected()) {
      core.registry.updateThing("m-moves", Map.of("cohortA", next), true);
      String topic = TestCore.readings(TestCore.TENANT, next, "m-moves");
      assertThat(meter.publish(topic, "1")).isEqualTo(PubAckReasonCode.SUCCESS);
      assertThat(core.nextInvocation().event().get("cohort").asText()).isEqualTo(next);
      assertPublishRefused(Reason.PUBLISH, meter, TestCore.readings("m-moves"), false);
    }
  }

  @Test
  void refusesEverythingWhileAnAttributeItsPolicyNeedsIsMissing() throws Exception {
    try (var meter = core.meter("m-lacks").connected()) {
      core.registry.updateThing("m-lacks", Map.of("cohortB", ""), true);
      assertPublishRefused(Reason.PUBLISH, meter, TestCore.readings("m-lacks"), false);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "#",
        "+/1/grid-1/m-subscriber/settings",
        "mv/1/grid-1/+/settings",
        "mv/1/grid-1/m-subscriber/+",
        "mv/1/grid-1/m-subscriber/#",
        "mv/1/grid-1/m-neighbour/settings",
        "mv/1/grid-1/m-neighbour/resend",
        "mv/1/grid-2/m-subscriber/settings",
        "mv/1/grid-1/cohort/00522-north-2/resend",
        "mv/1/grid-1/cohort/+/resend",
        "$share/a/mv/1/grid-1/m-neighbour/settings",
        "$share/a/#",
        "$aws/rules/#",
        "$aws/rules/collect_readings/mv/1/grid-1/00522-north-1/m-subscriber/readings"
      })
  void refusesToSubscribeToAnythingThatIsNotTheMeters(String filter) throws Exception {
    if (core.registry.thing("m-subscriber").isEmpty()) {
      core.register("m-subscriber");
    }
    long before = core.refusals(Reason.SUBSCRIBE);
    try (var meter = core.meter("m-subscriber", files("m-subscriber")).connected()) {
      assertThat(meter.subscribe(filter)).isEqualTo(SubAckReasonCode.NOT_AUTHORIZED);
    }
    assertThat(core.refusals(Reason.SUBSCRIBE)).isEqualTo(before + 1);
    assertThat(core.broker.lastRefusals())
        .last()
        .isEqualTo(new Refusal(NOW, Reason.SUBSCRIBE, "m-subscriber", filter));
  }

  @Test
  void deliversSettingsAndRequests() throws Exception {
    core.broker.publish(TestCore.settings("m-listens"), bytes("first"), 1, true);
    core.broker.publish(TestCore.settings("m-listens"), bytes("settings"), 1, true);
    assertThat(core.broker.retained())
        .contains(new RetainedMessage(TestCore.settings("m-listens"), "settings"));
    try (var meter = core.meter("m-listens").connected()) {
      assertThat(meter.subscribe(TestCore.settings("m-listens")))
          .isEqualTo(SubAckReasonCode.GRANTED_QOS_1);
      assertThat(meter.next()).isEqualTo(TestCore.settings("m-listens") + " settings");
      for (String topic :
          List.of(
              TestCore.resend("m-listens"),
              "mv/1/grid-1/cohort/" + TestCore.COHORT_A + "/resend",
              "mv/1/grid-1/cohort/" + TestCore.COHORT_B + "/resend")) {
        assertThat(meter.subscribe(topic)).isEqualTo(SubAckReasonCode.GRANTED_QOS_1);
        core.broker.publish(topic, bytes("ask"), 1, false);
        assertThat(meter.next()).isEqualTo(topic + " ask");
      }
    }
    core.broker.publish(TestCore.settings("m-listens"), new byte[0], 1, true);
    assertThat(core.broker.retained())
        .noneMatch(message -> message.topic().equals(TestCore.settings("m-listens")));
  }

  @Test
  void dropsWhatAMeterMayNoLongerReceive() throws Exception {
    String left = "mv/1/grid-1/cohort/" + TestCore.COHORT_A + "/resend";
    long before = core.refusals(Reason.RECEIVE);
    try (var meter = core.meter("m-leaves").connected()) {
      meter.subscribe(left);
      meter.subscribe(TestCore.resend("m-leaves"));
      core.registry.updateThing("m-leaves", Map.of("cohortA", "00524-south-9"), true);
      core.broker.publish(left, bytes("ask"), 1, false);
      core.broker.publish(TestCore.resend("m-leaves"), bytes("ask"), 1, false);
      assertThat(meter.next()).isEqualTo(TestCore.resend("m-leaves") + " ask");
      assertThat(core.refusals(Reason.RECEIVE)).isEqualTo(before + 1);
    }
  }

  @Test
  @DisplayName("T2 Basic Ingest reaches no subscriber, not even one that may receive everything")
  void distributesNothingFromBasicIngest() throws Exception {
    putPolicy("Everything", TestCore.allow("iot:*", List.of("*")));
    DeviceCertificate certificate = register("m-spy", "Everything");
    try (var spy = core.meter("m-spy", certificate).connected();
        var meter = core.meter("m-spied-on").connected()) {
      assertThat(spy.subscribe("#")).isEqualTo(SubAckReasonCode.GRANTED_QOS_1);
      spy.subscribe("$aws/rules/#");
      spy.subscribe(TestCore.readings("m-spied-on"));
      meter.publish(TestCore.readings("m-spied-on"), "1");
      core.nextInvocation();
      spy.publish("mv/heard", "2");
      String heard = spy.next();
      while (!heard.equals("mv/heard 2")) {
        assertThat(heard).doesNotContain("m-spied-on");
        heard = spy.next();
      }
    }
  }

  @Test
  void acknowledgesWhatIsForAnUnknownRule() throws Exception {
    putPolicy("AnyRule", TestCore.allow("iot:*", List.of("*")));
    DeviceCertificate certificate = register("m-rule", "AnyRule");
    long before = core.rules.metrics().getOrDefault("RuleNotFound", 0L);
    try (var meter = core.meter("m-rule", certificate).connected()) {
      assertThat(meter.publish("$aws/rules/no_such_rule/a", "1"))
          .isEqualTo(PubAckReasonCode.SUCCESS);
      assertThat(meter.publish("$aws/rules/no_such_rule", "1")).isEqualTo(PubAckReasonCode.SUCCESS);
      assertThat(core.rules.metrics()).containsEntry("RuleNotFound", before + 2);
      assertPublishRefused(Reason.TOPIC, meter, "1/2/3/4/5/6/7/8/9", false);
    }
    assertThat(core.invocations).isEmpty();
  }

  @Test
  void refusesMessagesOfMoreThan128KiB() throws Exception {
    try (var meter = core.meter("m-large").connected()) {
      assertThatThrownBy(() ->
              meter
                  .publishing(TestCore.readings("m-large"), "a".repeat(128 * 1024), false)
                  .get(20, TimeUnit.SECONDS))
          .isInstanceOf(ExecutionException.class);
      meter.publish(TestCore.readings("m-large"), "a".repeat(127 * 1024));
      assertThat(TestCore.text(core.nextInvocation().event().get("payload"))).hasSize(127 * 1024);
    }
    assertThat(core.invocations).isEmpty();
  }

  @Test
  void keepsRequestsForAMeterThatSleeps() throws Exception {
    DeviceCertificate certificate = core.register("m-sleeps");
    try (var meter = core.meter("m-sleeps", certificate).withSession().connected()) {
      meter.subscribe(TestCore.resend("m-sleeps"));
    }
    core.broker.publish(TestCore.resend("m-sleeps"), bytes("ask"), 1, false);
    try (var meter = core.meter("m-sleeps", certificate).withSession().connected()) {
      assertThat(meter.next()).isEqualTo(TestCore.resend("m-sleeps") + " ask");
    }
  }

  @Test
  void keepsSessionsAndRetainedMessagesWhenItRestarts() throws Exception {
    DeviceCertificate sleeping = core.register("m-sleeps-through");
    core.broker.publish(TestCore.settings("m-sleeps-through"), bytes("settings"), 1, true);
    try (var meter = core.meter("m-sleeps-through", sleeping).withSession().connected()) {
      meter.subscribe(TestCore.resend("m-sleeps-through"));
    }
    core.broker.publish(TestCore.resend("m-sleeps-through"), bytes("before"), 1, false);
    long refused = core.refusals(Reason.SUBSCRIBE);
    try (var awake = core.meter("m-awake").withSession().connected()) {
      awake.subscribe(TestCore.resend("m-awake"));
      core.broker.restart();
      core.broker.publish(TestCore.resend("m-awake"), bytes("after"), 1, false);
      assertThat(awake.next()).isEqualTo(TestCore.resend("m-awake") + " after");
      awake.publish(TestCore.readings("m-awake"), "1");
      assertThat(core.nextInvocation().event().get("thing").asText()).isEqualTo("m-awake");
    }
    assertThat(core.broker.retained())
        .contains(new RetainedMessage(TestCore.settings("m-sleeps-through"), "settings"));
    core.broker.publish(TestCore.resend("m-sleeps-through"), bytes("after"), 1, false);
    try (var meter = core.meter("m-sleeps-through", sleeping).withSession().connected()) {
      assertThat(meter.next()).isEqualTo(TestCore.resend("m-sleeps-through") + " before");
      assertThat(meter.next()).isEqualTo(TestCore.resend("m-sleeps-through") + " after");
    }
    assertThat(core.refusals(Reason.SUBSCRIBE)).isEqualTo(refused);
  }

  @Test
  void losesNothingWhileItRestarts() throws Exception {
    var sent = new HashSet<String>();
    var acknowledgements = new ArrayList<CompletableFuture<PubAckReasonCode>>();
    try (var one = core.meter("m-sends-1").withSession().connected();
        var other = core.meter("m-sends-2").withSession().connected()) {
      var restart = CompletableFuture.runAsync(BrokerTest::restart);
      for (int i = 0; i < 200 || !restart.isDone(); i++) {
        acknowledgements.add(one.publishing(TestCore.readings("m-sends-1"), "1-" + i, false));
        acknowledgements.add(other.publishing(TestCore.readings("m-sends-2"), "2-" + i, false));
        sent.addAll(List.of("1-" + i, "2-" + i));
        Thread.sleep(5);
      }
      restart.get(60, TimeUnit.SECONDS);
      for (var acknowledgement : acknowledgements) {
        assertThat(acknowledgement.get(60, TimeUnit.SECONDS)).isEqualTo(PubAckReasonCode.SUCCESS);
      }
    }
    assertThat(core.invocations)
        .extracting(invocation -> TestCore.text(invocation.event().get("payload")))
        .containsAll(sent);
  }

  private static void restart() {
    try {
      core.broker.restart();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void sendsALastWillThroughTheRules() throws Exception {
    DeviceCertificate certificate = core.register("m-dies");
    String topic = TestCore.status("m-dies");
    try (var meter = core.meter("m-dies", certificate).withWill(topic, "gone", 0).connected()) {
      meter.vanish();
    }
    var event = core.nextInvocation();
    assertThat(event.function()).isEqualTo(TestCore.STATUS);
    assertThat(TestCore.text(event.event().get("payload"))).isEqualTo("gone");
    assertThat(event.event().get("thing").asText()).isEqualTo("m-dies");

    try (var meter = core.meter("m-dies", certificate).withWill(topic, "no", 0).connected()) {
      meter.publish(topic, "well");
    }
    assertThat(TestCore.text(core.nextInvocation().event().get("payload"))).isEqualTo("well");
    core.meter("m-dies", certificate).connected().close();
    assertThat(core.invocations).isEmpty();
  }

  @Test
  void judgesALastWillWhenItIsDue() throws Exception {
    long before = core.refusals(Reason.WILL);
    try (var meter =
        core.meter("m-lies").withWill(TestCore.status("m-neighbour"), "gone", 0).connected()) {
      assertThat(core.refusals(Reason.WILL)).isEqualTo(before);
      meter.vanish();
      TestCore.await(() -> core.refusals(Reason.WILL) == before + 1);
    }
    assertThat(core.invocations).isEmpty();
  }

  @Test
  void dropsADelayedLastWillWhenTheMeterIsBack() throws Exception {
    DeviceCertificate certificate = core.register("m-back");
    String topic = TestCore.status("m-back");
    try (var meter =
        core.meter("m-back", certificate).withSession().withWill(topic, "gone", 2).connected()) {
      meter.vanish();
    }
    try (var meter =
        core.meter("m-back", certificate)
            .withSession()
            .withWill(topic, "gone again", 1)
            .connected()) {
      meter.vanish();
    }
    assertThat(TestCore.text(core.nextInvocation().event().get("payload"))).isEqualTo("gone again");
    assertThat(core.invocations.poll(2, TimeUnit.SECONDS)).isNull();
  }

  @Test
  void reportsAFailedActionInTheFormatOfIotCore() throws Exception {
    core.rules.failNext("collect_readings", 1);
    try (var meter = core.meter("m-unlucky").connected()) {
      assertThat(meter.publish(TestCore.readings("m-unlucky"), "1"))
          .isEqualTo(PubAckReasonCode.SUCCESS);
      var event = core.nextInvocation();
      assertThat(event.function()).isEqualTo(TestCore.RESEND);
      var error = event.event();
      assertThat(error.get("ruleName").asText()).isEqualTo("collect_readings");
      assertThat(error.get("topic").asText()).isEqualTo(TestCore.readings("m-unlucky"));
      assertThat(error.get("clientId").asText()).isEqualTo("m-unlucky");
      assertThat(error.get("sourceIp").asText()).isEqualTo("127.0.0.1");
      assertThat(error.get("cloudwatchTraceId").asText()).isNotEmpty();
      assertThat(TestCore.text(error.get("base64OriginalPayload"))).isEqualTo("1");
      assertThat(error.get("failures")).hasSize(1);
      var failure = error.get("failures").get(0);
      assertThat(failure.get("failedAction").asText()).isEqualTo("LambdaAction");
      assertThat(failure.get("failedResource").asText()).isEqualTo(TestCore.COLLECT);
      assertThat(failure.get("errorMessage").asText()).isNotEmpty();
      assertThat(error).hasSize(7);

      core.rules.loseNext("collect_readings", 1);
      meter.publish(TestCore.readings("m-unlucky"), "lost");
      meter.publish(TestCore.readings("m-unlucky"), "2");
      assertThat(TestCore.text(core.nextInvocation().event().get("payload"))).isEqualTo("2");
    }
    assertThat(core.invocations).isEmpty();
  }

  @Test
  void logsRefusalsWithoutPayloads() throws Exception {
    try (var meter = core.meter("m-logged").connected()) {
      assertPublishRefused(Reason.PUBLISH, meter, "canary-topic", false);
    }
    assertThat(Files.readAllLines(folder.resolve("broker/iot.log")))
        .anySatisfy(line -> assertThat(line).contains("m-logged", "canary-topic", "publish"))
        .noneMatch(line -> line.contains("refused-payload"));
  }

  @Test
  void listensOnTheLoopbackAddressAlone() throws Exception {
    assertThat(Files.readString(folder.resolve("broker/configuration/config.xml")))
        .containsOnlyOnce("<bind-address>")
        .contains("<bind-address>127.0.0.1</bind-address>");
  }

  private interface Attempt {
    void run() throws Exception;
  }

  private static void assertHandshakeRefused(Attempt attempt) throws Exception {
    long before = core.refusals(Reason.HANDSHAKE);
    attempt.run();
    TestCore.await(() -> core.refusals(Reason.HANDSHAKE) > before);
  }

  private static void assertRefused(Reason reason, String clientId, DeviceCertificate certificate)
      throws Exception {
    long before = core.refusals(reason);
    try (var meter = core.meter(clientId, certificate)) {
      assertThat(meter.connects()).isFalse();
    }
    assertThat(core.refusals(reason)).isGreaterThan(before);
  }

  private static void assertConnects(String clientId, DeviceCertificate certificate)
      throws Exception {
    try (var meter = core.meter(clientId, certificate)) {
      assertThat(meter.connects()).isTrue();
    }
  }

  private static void assertPublishRefused(
      Reason reason, TestMeter meter, String topic, boolean retain) throws Exception {
    long before = core.refusals(reason);
    var publishing = meter.publishing(topic, "refused-payload", retain);
    assertThat(meter.disconnection())
        .isEqualTo(reason == Reason.TOPIC ? "TOPIC_NAME_INVALID" : "NOT_AUTHORIZED");
    assertThat(core.refusals(reason)).isGreaterThan(before);
    assertThat(publishing).isNotCompletedExceptionally();
  }

  private static DeviceCertificate publisher() throws IOException {
    return core.registry.thing("m-publisher").isPresent()
        ? files("m-publisher")
        : core.register("m-publisher");
  }

  private static DeviceCertificate files(String thing) {
    return requireNonNull(core.certificates.get(thing));
  }

  private static DeviceCertificate register(String thing, String policy) throws IOException {
    DeviceCertificate certificate = core.authority.issue(thing);
    core.registry.createThing(thing, null, Map.of());
    String id = core.registry.registerCertificate(certificate.certificate());
    core.registry.attachThing(id, thing);
    core.registry.attachPolicy(id, policy);
    return certificate;
  }

  private static void putPolicy(String name, Map<String, Object> statement) {
    core.registry.putPolicy(name, PolicyDocument.parse(TestCore.document(statement), name));
  }

  private static byte[] bytes(String text) {
    return text.getBytes(UTF_8);
  }

  /// What the server says to a hand-made ClientHello that offers TLS 1.`minor - 1` at most: the
  /// kind of record.
  private static String answerToTls(int minor) throws IOException {
    byte[] suites = {(byte) 0xc0, 0x2b, (byte) 0xc0, 0x09};
    byte[] extensions = {
      0,
      10,
      0,
      4,
      0,
      2,
      0,
      23, // the curve P-256
      0,
      11,
      0,
      2,
      1,
      0, // uncompressed points
      0,
      13,
      0,
      4,
      0,
      2,
      4,
      3 // ECDSA with SHA-256
    };
    int body = 2 + 32 + 1 + 2 + suites.length + 2 + 2 + extensions.length;
    ByteBuffer hello = ByteBuffer.allocate(5 + 4 + body);
    hello.put((byte) 22).put((byte) 3).put((byte) 1).putShort((short) (4 + body));
    hello.put((byte) 1).put((byte) 0).putShort((short) body);
    hello.put((byte) 3).put((byte) minor).put(new byte[32]).put((byte) 0);
    hello.putShort((short) suites.length).put(suites).put((byte) 1).put((byte) 0);
    hello.putShort((short) extensions.length).put(extensions);
    try (var socket = new Socket(InetAddress.getLoopbackAddress(), core.broker.port())) {
      socket.setSoTimeout(20_000);
      socket.getOutputStream().write(hello.array());
      var answer = new DataInputStream(socket.getInputStream());
      int kind = answer.readUnsignedByte();
      answer.skipNBytes(2);
      byte[] record = new byte[answer.readUnsignedShort()];
      answer.readFully(record);
      return kind == 21 ? "alert " + record[1] : kind == 22 ? "handshake" : "record " + kind;
    }
  }
}

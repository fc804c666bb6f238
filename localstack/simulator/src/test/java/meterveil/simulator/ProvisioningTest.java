package meterveil.simulator;

import static meterveil.simulator.TestFleet.join;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.ClosedFileSystemException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import meterveil.block.Epoch;
import meterveil.meter.ThingName;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// How meters get certificates from a broker that answers as IoT Core does.
class ProvisioningTest {

  private static final Instant UNTIL = Instant.parse("2049-12-31T23:59:59Z");
  private static final Pauses SHORT = new Pauses(Collections.nCopies(3, Duration.ofMillis(20)));

  @TempDir private static Path files;
  private static TestBroker broker;
  private static MeterCertificate claim;

  @TempDir private Path own;
  private CertificateFolder folder;
  private TestProvisioning aws;

  @BeforeAll
  static void start() throws IOException {
    broker = new TestBroker(files);
    claim = broker.certificate(new ThingName("claim"));
  }

  @AfterAll
  static void stop() {
    broker.close();
  }

  @BeforeEach
  void open() throws IOException {
    folder = new CertificateFolder(own);
    aws = new TestProvisioning(broker.authority(), UNTIL);
    broker.answering(aws);
  }

  private Provisioning provisioning(int perSecond) {
    return new Provisioning(broker.endpoint(), claim, folder, perSecond, SHORT);
  }

  @Test
  @DisplayName("U15 a meter without a certificate gets its own by a claim, and connects with it")
  void getsACertificateAndConnectsWithIt() throws IOException {
    var thing = new ThingName("claims-new");
    try (var provisioning = provisioning(10)) {
      MeterCertificate certificate = join(provisioning.provision(thing));
      assertThat(folder.renewed(thing)).contains(certificate);
      assertThat(folder.current(thing)).isEmpty();
      assertThat(CertificateFolder.expiry(certificate)).isEqualTo(UNTIL);
    }
    assertThat(aws.provisioned()).containsExactly("meter claim-claims-new claims-new");

    var clock = new TestClock("2024-01-12T00:00:00Z");
    try (var it = new TestFleet(broker, "claims", clock, FleetOptions.DEFAULT)) {
      it.settings(thing, TestFleet.EPOCH);
      it.fleet.add(thing, folder.keep(thing), new LoadProfile(clock.instant(), 1));
      it.connected();
    }
  }

  @Test
  void goesOnWithAPairThatWasLetInAndNeverConnectedWith() throws IOException {
    var thing = new ThingName("claims-cut");
    try (var provisioning = provisioning(10)) {
      MeterCertificate certificate = join(provisioning.provision(thing));
      String first = Files.readString(certificate.certificate());
      aws.reject(TestProvisioning.provision("meter"), 400, "AccessDenied"); // as it is in already
      assertThat(join(provisioning.provision(thing))).isEqualTo(certificate);
      assertThat(certificate.certificate()).hasContent(first);
    }
    assertThat(aws.provisioned()).hasSize(1);
    assertThat(broker.connects(thing)).hasSize(1);
  }

  @Test
  void claimsAgainWhenThePairThatIsThereIsNotLetIn(@TempDir Path elsewhere) throws IOException {
    var thing = new ThingName("claims-pending");
    try (var provisioning = provisioning(10)) {
      broker.answering(new TestProvisioning(new Certificates(elsewhere), UNTIL));
      String pending = Files.readString(join(provisioning.provision(thing)).certificate());
      broker.answering(aws);
      assertThat(join(provisioning.provision(thing)).certificate()).content().isNotEqualTo(pending);
      assertThat(aws.provisioned()).containsExactly("meter claim-claims-pending claims-pending");

      Files.writeString(folder.renewed(thing).orElseThrow().certificate(), "no certificate");
      join(provisioning.provision(thing));
      assertThat(aws.provisioned()).hasSize(2);
    }
  }

  @Test
  void asksAgainWhenItIsThrottledOrSomethingIsOutOfOrder() throws IOException {
    aws.reject(TestProvisioning.CREATE, 429, "TooManyRequests");
    aws.reject(TestProvisioning.CREATE, 400, "ThrottlingException");
    aws.reject(TestProvisioning.CREATE, 503, "ServiceUnavailable");
    aws.reject(TestProvisioning.provision("meter"), 500, "PreProvisioningHookFailed");
    aws.reject(TestProvisioning.provision("meter"), 429, "TooManyRequests");
    var thing = new ThingName("claims-throttled");
    try (var provisioning = provisioning(10)) {
      join(provisioning.provision(thing));
    }
    assertThat(aws.provisioned()).hasSize(1);
    assertThat(folder.renewed(thing)).isPresent();
  }

  @Test
  void givesUpWhatIsRefusedForGoodOrTooOften() throws IOException {
    try (var provisioning = provisioning(10)) {
      aws.reject(TestProvisioning.provision("meter"), 400, "AccessDenied");
      assertThatThrownBy(() -> join(provisioning.provision(new ThingName("claims-denied"))))
          .hasCauseInstanceOf(ProvisioningException.class)
          .hasMessageContaining("claims-denied gets no certificate from " + broker.endpoint())
          .hasMessageContaining("AccessDenied (400)");
      assertThat(folder.renewed(new ThingName("claims-denied"))).isEmpty();

      IntStream.range(0, 4)
          .forEach(_ -> aws.reject(TestProvisioning.CREATE, 429, "TooManyRequests"));
      assertThatThrownBy(() -> join(provisioning.provision(new ThingName("claims-busy"))))
          .hasMessageContaining("TooManyRequests (429)");
    }
    assertThat(aws.provisioned()).isEmpty();
  }

  @Test
  void saysThatTheClaimIsNotTaken() {
    MeterCertificate foreign = broker.certificate(new ThingName("no-claim"));
    try (var provisioning = new Provisioning(broker.endpoint(), foreign, folder, 10, SHORT)) {
      assertThatThrownBy(() -> join(provisioning.provision(new ThingName("claims-none"))))
          .hasCauseInstanceOf(ProvisioningException.class)
          .hasMessageContaining("claims-none gets no certificate");
    }
  }

  @Test
  void saysThatTheClaimCannotBeUsed(@TempDir Path elsewhere) throws IOException {
    Path none = Files.writeString(elsewhere.resolve("claim.pem"), "no claim");
    var broken = new MeterCertificate(none, none);
    try (var provisioning = new Provisioning(broker.endpoint(), broken, folder, 10, SHORT)) {
      assertThatThrownBy(() -> join(provisioning.provision(new ThingName("claims-broken"))))
          .hasCauseInstanceOf(ProvisioningException.class)
          .hasMessageContaining(
              "the claim's certificate or key, or the server's CA, cannot be used");
    }
    Endpoint to = broker.endpoint();
    var unknown = new Endpoint(to.host(), to.port(), none);
    try (var provisioning = new Provisioning(unknown, claim, folder, 10, SHORT)) {
      assertThatThrownBy(() -> join(provisioning.provision(new ThingName("claims-unknown"))))
          .hasCauseInstanceOf(ProvisioningException.class)
          .hasMessageContaining("the server's CA");
    }
  }

  @Test
  void saysWhatNobodyExpected() throws IOException {
    CertificateFolder closed;
    try (var files =
        FileSystems.newFileSystem(own.resolve("meters.zip"), Map.of("create", "true"))) {
      closed = new CertificateFolder(files.getPath("/meters"));
    }
    try (var provisioning = new Provisioning(broker.endpoint(), claim, closed, 10, SHORT)) {
      assertThatThrownBy(() -> join(provisioning.provision(new ThingName("claims-closed"))))
          .hasCauseInstanceOf(ClosedFileSystemException.class);
    }
  }

  @Test
  void keepsToItsPace() {
    long startNanos = System.nanoTime();
    try (var provisioning = provisioning(5)) {
      join(
          CompletableFuture.allOf(
              IntStream.range(0, 6)
                  .mapToObj(i -> provisioning.provision(new ThingName("claims-pace-" + i)))
                  .toArray(CompletableFuture[]::new)));
    }
    assertThat(System.nanoTime() - startNanos).isGreaterThan(Duration.ofMillis(900).toNanos());
    assertThat(aws.provisioned()).hasSize(6);
  }

  /// A meter that came in by a claim, connected with its first certificate, and a block sent.
  private Meter meter(TestFleet it, String name) throws IOException {
    var thing = new ThingName(it.tenant + "-" + name);
    try (var provisioning = provisioning(10)) {
      join(provisioning.provision(thing));
    }
    it.settings(thing, TestFleet.EPOCH);
    int[] energyWh = new int[48];
    Instant start = Instant.parse("2024-01-11T00:00:00Z");
    Meter meter = it.fleet.add(thing, folder.keep(thing), new LoadProfile(start, energyWh));
    it.connected();
    join(it.fleet.sendDue());
    assertThat(it.readings(meter)).hasSize(1);
    return meter;
  }

  private String certificate(Meter meter) throws IOException {
    return Files.readString(folder.current(meter.thing()).orElseThrow().certificate());
  }

  private TestFleet fleet(String tenant) {
    return new TestFleet(
        broker,
        tenant,
        new TestClock("2024-01-12T00:00:00Z"),
        FleetOptions.DEFAULT.withPauses(Pauses.NONE));
  }

  private static void assertReports(TestFleet it, Meter meter) throws InterruptedException {
    it.clock.moveTo("2024-01-13T00:00:00Z");
    join(it.fleet.sendDue());
    assertThat(it.readings(meter)).hasSize(2);
    it.askCohort(TestFleet.EPOCH, "2024-01-12T00:00:00Z");
    TestFleet.await(() -> it.readings(meter).size() == 3);
  }

  @Test
  @DisplayName("U15 a meter changes its certificate for a new one, and goes on in its session")
  void changesItsCertificate() throws IOException, InterruptedException {
    try (var it = fleet("renews")) {
      Meter meter = meter(it, "meter");
      String first = certificate(meter);
      join(meter.renew(folder, SHORT));

      assertThat(certificate(meter)).isNotEqualTo(first);
      assertThat(folder.renewed(meter.thing())).isEmpty();
      assertThat(aws.provisioned()).last().isEqualTo("rotation renews-meter renews-meter");
      assertThat(broker.connects(meter.thing())).hasSize(2);
      assertReports(it, meter);
    }
  }

  @Test
  void changesTheCertificateOfAMeterThatWaitsForItsSettings() throws Exception {
    Instant late = Instant.parse("2049-12-02T00:00:00Z"); // less than 30 days before the end
    var clock = new TestClock(late.toString());
    try (var it = new TestFleet(broker, "waits", clock, FleetOptions.DEFAULT);
        var provisioning = provisioning(10)) {
      var thing = new ThingName("waits-meter");
      join(provisioning.provision(thing));
      Meter meter = it.fleet.add(thing, folder.keep(thing), new LoadProfile(late, 1));
      String first = certificate(meter);
      CompletableFuture<Void> connected = it.fleet.connectAll();
      var changed = new CompletableFuture<Optional<Throwable>>();
      var renewals =
          new Renewals(it.fleet, folder, clock, (_, e) -> changed.complete(Optional.ofNullable(e)));
      TestFleet.await(meter::isConnected);
      renewals.startDue();
      assertThat(join(changed)).isEmpty();
      assertThat(connected).isNotDone();
      assertThat(meter.isReady()).isFalse();
      it.settings(thing, Epoch.containing(late));
      join(connected);
      assertThat(certificate(meter)).isNotEqualTo(first);
    }
  }

  @Test
  void changesNoMoreCertificatesInASecondThanIotCoreTakes() throws Exception {
    Instant late = Instant.parse("2049-12-02T00:00:00Z"); // less than 30 days before the end
    var clock = new TestClock(late.toString());
    try (var it = new TestFleet(broker, "many", clock, FleetOptions.DEFAULT);
        var provisioning = provisioning(100)) {
      for (int i = 0; i < Provisioning.PER_SECOND_MAX + 2; i++) {
        var thing = new ThingName("many-" + i);
        join(provisioning.provision(thing));
        it.settings(thing, Epoch.containing(late));
        it.fleet.add(thing, folder.keep(thing), new LoadProfile(late, 1));
      }
      it.connected();
      var changed = new CountDownLatch(Provisioning.PER_SECOND_MAX + 2);
      var renewals = new Renewals(it.fleet, folder, clock, (_, _) -> changed.countDown());
      renewals.startDue();
      TestFleet.await(() -> changed.getCount() == 2);
      assertThat(aws.provisioned()).filteredOn(p -> p.startsWith("rotation")).hasSize(10);
      renewals.startDue();
      TestFleet.await(() -> changed.getCount() == 0);
    }
  }

  @Test
  void goesOnWithItsCertificateWhenItGetsNoOther() throws IOException, InterruptedException {
    try (var it = fleet("denied")) {
      Meter meter = meter(it, "meter");
      String first = certificate(meter);
      aws.reject(TestProvisioning.provision("rotation"), 400, "AccessDenied");
      assertThatThrownBy(() -> join(meter.renew(folder, SHORT)))
          .hasCauseInstanceOf(ProvisioningException.class)
          .hasMessageContaining("denied-meter gets no new certificate")
          .hasMessageContaining("AccessDenied (400)");

      assertThat(certificate(meter)).isEqualTo(first);
      assertThat(broker.connects(meter.thing())).hasSize(1);
      assertReports(it, meter);
    }
  }

  @Test
  void comesBackWithItsCertificateWhenTheNewOneIsNotTaken(@TempDir Path elsewhere)
      throws IOException, InterruptedException {
    try (var it = fleet("foreign")) {
      Meter meter = meter(it, "meter");
      String first = certificate(meter);
      broker.answering(new TestProvisioning(new Certificates(elsewhere), UNTIL));
      assertThatThrownBy(() -> join(meter.renew(folder, SHORT)))
          .hasCauseInstanceOf(ConnectionException.class)
          .hasMessageContaining("foreign-meter cannot connect");

      assertThat(certificate(meter)).isEqualTo(first);
      assertThat(folder.renewed(meter.thing())).isEmpty();
      join(meter.connect());
      assertReports(it, meter);
    }
  }

  @Test
  void goesOnWithTheCertificateWhoseAnswerItDidNotWaitFor() throws Exception {
    try (var it = fleet("leaves")) {
      Meter meter = meter(it, "meter");
      String first = certificate(meter);
      broker.answering((client, topic, payload) -> {
        List<TestBroker.Received> answer = aws.to(client, topic, payload);
        return topic.equals(TestProvisioning.CREATE) ? answer : List.of();
      });
      CompletableFuture<Void> renewed = meter.renew(folder, SHORT);
      TestFleet.await(() -> aws.provisioned().contains("rotation leaves-meter leaves-meter"));
      join(meter.sleep());
      assertThatThrownBy(() -> join(renewed)).hasCauseInstanceOf(ConnectionException.class);

      assertThat(folder.renewed(meter.thing())).isPresent();
      join(meter.wake());
      join(meter.adopt(folder));
      assertThat(certificate(meter)).isNotEqualTo(first);
      assertReports(it, meter);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 500})
  void leavesWhileItTriesANewCertificate(long afterMillis, @TempDir Path elsewhere)
      throws Exception {
    try (var it = fleet("tries-" + afterMillis)) {
      Meter meter = meter(it, "meter");
      MeterCertificate foreign = new Certificates(elsewhere).meter(meter.thing());
      Files.move(foreign.certificate(), own.resolve(meter.thing() + ".new.cert.pem"));
      Files.move(foreign.privateKey(), own.resolve(meter.thing() + ".new.key.pem"));
      CompletableFuture<Void> adopted = meter.adopt(folder);
      Thread.sleep(afterMillis);
      join(meter.sleep());
      assertThatThrownBy(() -> join(adopted))
          .hasCauseInstanceOf(ConnectionException.class)
          .hasMessageContaining("left");

      assertThat(folder.renewed(meter.thing())).isPresent();
      assertThat(broker.connects(meter.thing())).hasSize(1);
    }
  }

  @Test
  void takesUpACertificateThatItHadNotConnectedWith() throws IOException, InterruptedException {
    try (var it = fleet("cut")) {
      Meter meter = meter(it, "meter");
      join(meter.adopt(folder));
      assertThat(broker.connects(meter.thing())).hasSize(1);

      try (var provisioning = provisioning(10)) {
        join(provisioning.provision(meter.thing()));
      }
      String first = certificate(meter);
      join(meter.adopt(folder));
      assertThat(certificate(meter)).isNotEqualTo(first);
      assertThat(broker.connects(meter.thing())).hasSize(2);
      assertReports(it, meter);
    }
  }
}

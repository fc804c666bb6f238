package meterveil.simulator;

import static meterveil.simulator.TestFleet.EPOCH;
import static meterveil.simulator.TestFleet.await;
import static meterveil.simulator.TestFleet.join;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import meterveil.block.Epoch;
import meterveil.meter.ThingName;
import meterveil.meter.Topics;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The command line, against a real broker.
class SimulateTest {

  private static final ThingName THING = new ThingName("simulated-1");

  @TempDir private static Path folder;
  private static TestBroker broker;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  private final TestClock clock = new TestClock("2024-01-12T08:00:00Z");
  private Simulate simulate = new Simulate(clock);

  @BeforeAll
  static void startsBroker() throws IOException {
    broker = new TestBroker(folder);
  }

  @AfterAll
  static void stopsBroker() {
    broker.close();
  }

  private int execute(Path certificates, String... more) {
    var arguments =
        new ArrayList<String>(
            List.of(
                "--endpoint=" + broker.endpoint(),
                "--tenant=simulated",
                "--certificates=" + certificates,
                "--server-ca=" + broker.endpoint().certificateAuthority()));
    arguments.addAll(List.of(more));
    return Simulate.commandLine(simulate)
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .setOverwrittenOptionsAllowed(true)
        .execute(arguments.toArray(String[]::new));
  }

  @Test
  void sendsAsTheHoursPassAndSaysWhatItSentWhenStopped() throws InterruptedException {
    try (var it = new TestFleet(broker, "simulated", clock, FleetOptions.DEFAULT)) {
      MeterCertificate certificate = broker.certificate(THING);
      it.settings(THING, EPOCH);
      String topic = Topics.readings(it.tenant, it.cohort(EPOCH), THING);
      var ended =
          CompletableFuture.supplyAsync(
              () -> execute(Objects.requireNonNull(certificate.certificate().getParent())));

      await(() -> broker.received(topic).size() == 1);
      clock.moveTo("2024-01-13T00:00:00Z");
      await(() -> broker.received(topic).size() == 2);
      simulate.stop();

      assertThat(join(ended)).isZero();
      assertThat(broker.received(topic).getFirst()).startsWith("{\"start\":\"2024-01-11T00:00:00Z");
      assertThat(out.toString())
          .contains("1 meters connect to " + broker.endpoint())
          // What the broker has may not be acknowledged yet.
          .containsPattern(
              "2 messages and 0 repeats with 2 blocks of .* Wh, of which [0-9,]+ Wh are not delivered");
      assertThat(err.toString()).isEmpty();
    }
  }

  @Test
  void saysThatAMeterIsNotLetIn(@TempDir Path own) throws IOException {
    MeterCertificate certificate = broker.certificate(new ThingName("simulated-other"));
    Files.move(certificate.certificate(), own.resolve("simulated-false.cert.pem"));
    Files.move(certificate.privateKey(), own.resolve("simulated-false.key.pem"));

    assertThat(execute(own)).isOne();
    assertThat(err.toString()).startsWith("simulated-false cannot connect to localhost:");
  }

  @Test
  @DisplayName("U15 meters get certificates by a claim, and change them before they end")
  void getsCertificatesByAClaimAndChangesThem(@TempDir Path own) throws Exception {
    var thing = new ThingName("simulated-claimed");
    Instant until = Instant.parse("2049-12-31T23:59:59Z");
    var late = new TestClock("2049-12-10T08:00:00Z");
    simulate = new Simulate(late);
    var aws = new TestProvisioning(broker.authority(), until);
    broker.answering(aws);
    try (var it = new TestFleet(broker, "simulated", late, FleetOptions.DEFAULT)) {
      it.settings(thing, Epoch.containing(late.instant()));
      MeterCertificate claim = claim(own);
      var ended =
          CompletableFuture.supplyAsync(() -> claiming(own.resolve("meters"), claim, thing));

      await(() -> aws.provisioned().size() == 2);
      await(() -> out.toString().contains("simulated-claimed has a new certificate."));
      simulate.stop();

      assertThat(join(ended)).as(err.toString()).isZero();
      assertThat(aws.provisioned())
          .containsExactly(
              "meter claim-simulated-claimed simulated-claimed",
              "rotation simulated-claimed simulated-claimed");
      assertThat(out.toString()).contains("1 meters get certificates from " + broker.endpoint());
      assertThat(new CertificateFolder(own.resolve("meters")).current(thing)).isPresent();
    }
  }

  @Test
  void claimsAgainAfterAClaimThatWasCutOff(@TempDir Path own) throws Exception {
    var thing = new ThingName("simulated-cut");
    var aws = new TestProvisioning(broker.authority(), Instant.parse("2049-12-31T23:59:59Z"));
    broker.answering(aws);
    Path meters = own.resolve("meters");
    var folder = new CertificateFolder(meters);
    MeterCertificate foreign = new Certificates(own.resolve("elsewhere")).meter(thing);
    Files.move(foreign.certificate(), meters.resolve("simulated-cut.new.cert.pem"));
    Files.move(foreign.privateKey(), meters.resolve("simulated-cut.new.key.pem"));

    assertThat(execute(meters)).isEqualTo(2);
    assertThat(err.toString())
        .contains(
            "simulated-cut.new.cert.pem: comes, with ",
            "simulated-cut.new.key.pem, of a claim that was cut off, and no --claim-certificate");

    simulate = new Simulate(clock);
    MeterCertificate claim = claim(own);
    var ended = CompletableFuture.supplyAsync(() -> claiming(meters, claim, thing));
    await(() -> !broker.connects(thing).isEmpty());
    simulate.stop();
    assertThat(join(ended)).as(err.toString()).isZero();
    assertThat(aws.provisioned()).containsExactly("meter claim-simulated-cut simulated-cut");
    assertThat(folder.current(thing)).isPresent();
  }

  @Test
  void saysThatAMeterGetsNoCertificate(@TempDir Path own) throws IOException {
    var thing = new ThingName("simulated-denied");
    var aws = new TestProvisioning(broker.authority(), clock.instant());
    aws.reject(TestProvisioning.provision("meter"), 400, "AccessDenied");
    broker.answering(aws);
    Path meters = own.resolve("meters");
    assertThat(claiming(meters, claim(own), thing)).isOne();
    Path none = Files.writeString(own.resolve("none.pem"), "no claim");
    assertThat(claiming(meters, new MeterCertificate(none, none), thing)).isOne();
    assertThat(err.toString())
        .contains("simulated-denied gets no certificate from", "AccessDenied (400)")
        .contains("the claim's certificate or key, or the server's CA, cannot be used")
        .doesNotContain("\tat ");
  }

  private static MeterCertificate claim(Path into) throws IOException {
    MeterCertificate claim = broker.certificate(new ThingName("claim"));
    return new MeterCertificate(
        Files.move(claim.certificate(), into.resolve("claim.pem")),
        Files.move(claim.privateKey(), into.resolve("claim-key.pem")));
  }

  private int claiming(Path certificates, MeterCertificate claim, ThingName thing, String... more) {
    var arguments =
        new ArrayList<String>(
            List.of(
                "--list=" + list(thing.value()),
                "--claim-certificate=" + claim.certificate(),
                "--claim-key=" + claim.privateKey()));
    arguments.addAll(List.of(more));
    return execute(certificates, arguments.toArray(String[]::new));
  }

  /// A list with a meter, and one of another tenant.
  private static Path list(String thing) {
    try {
      return Files.writeString(
          folder.resolve(thing + ".csv"),
          """
          thing,tenant,district,tariffClass,commodity
          %s,simulated,north,residential,electricity
          another,others,north,residential,electricity
          """
              .formatted(thing));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void saysWhatIsWrongWithWhatWasAsked(@TempDir Path own) throws IOException {
    assertThat(execute(own.resolve("none"))).isEqualTo(2);
    assertThat(execute(own)).isEqualTo(2);
    Files.writeString(own.resolve("meter-1.cert.pem"), "no certificate");
    assertThat(execute(own)).isEqualTo(2);
    Files.writeString(own.resolve("meter-1.key.pem"), "no key");
    assertThat(execute(own)).isEqualTo(2);
    assertThat(execute(own, "--connections-per-second=0")).isEqualTo(2);
    assertThat(execute(own, "--list=" + list("simulated-unclaimed"))).isEqualTo(2);
    assertThat(execute(own, "--claim-key=" + own.resolve("none.pem"))).isEqualTo(2);
    Path key = own.resolve("meter-1.key.pem");
    assertThat(execute(own, "--claim-key=" + key, "--claim-certificate=" + own.resolve("none.pem")))
        .isEqualTo(2);
    assertThat(err.toString())
        .contains(
            "no such folder",
            "holds no THING.cert.pem",
            "meter-1.key.pem: no such file, though its certificate is there",
            "the certificate or key of meter-1, or --server-ca, cannot be used",
            "a rate is 1 a second or more",
            "--claim-certificate and --claim-key go together",
            "--claim-certificate cannot be read: " + own.resolve("none.pem"),
            "no certificate of simulated-unclaimed, and no --claim-certificate")
        .doesNotContain("\tat ");
  }

  @Test
  void makesNoFolderWhenWhatWasAskedIsWrong(@TempDir Path own) throws IOException {
    MeterCertificate claim = claim(own);
    Path meters = own.resolve("meters");
    var thing = new ThingName("simulated-asked");
    assertThat(claiming(meters, claim, thing, "--endpoint=elsewhere:port")).isEqualTo(2);
    assertThat(claiming(meters, claim, thing, "--tenant=not a tenant")).isEqualTo(2);
    assertThat(claiming(meters, claim, thing, "--messages-per-second=0")).isEqualTo(2);
    assertThat(claiming(meters, claim, thing, "--first-day=2020-01-01")).isEqualTo(2);
    Path none = own.resolve("none");
    assertThat(claiming(meters, claim, thing, "--list=" + none)).isEqualTo(2);
    assertThat(claiming(meters, claim, thing, "--readings=" + none)).isEqualTo(2);
    assertThat(meters).doesNotExist();
    assertThat(err.toString())
        .contains(
            "--endpoint must be HOST",
            "a rate is 1 a second or more",
            "the data ended on",
            "--list cannot be read: " + none,
            "--readings cannot be read: " + none)
        .doesNotContain("\tat ");
  }

  @Test
  void saysWhyItEndedEarly(@TempDir Path own) throws IOException {
    Path file = Files.writeString(own.resolve("meters"), "no folder");
    assertThat(claiming(file, claim(own), new ThingName("simulated-nowhere"))).isOne();
    assertThat(err.toString())
        .startsWith("It ended early: java.nio.file.FileAlreadyExistsException: " + file)
        .doesNotContain("\tat ");
  }
}

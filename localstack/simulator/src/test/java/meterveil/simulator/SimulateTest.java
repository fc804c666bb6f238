package meterveil.simulator;

import static meterveil.simulator.TestFleet.EPOCH;
import static meterveil.simulator.TestFleet.await;
import static meterveil.simulator.TestFleet.join;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import meterveil.meter.ThingName;
import meterveil.meter.Topics;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
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
  private final Simulate simulate = new Simulate(clock);

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
          .contains("2 messages and 0 repeats with 2 blocks of ", " 0 Wh are not delivered");
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
  void saysWhatIsWrongWithWhatWasAsked(@TempDir Path own) throws IOException {
    assertThat(execute(own.resolve("none"))).isEqualTo(2);
    assertThat(execute(own)).isEqualTo(2);
    Files.writeString(own.resolve("meter-1.cert.pem"), "no certificate");
    assertThat(execute(own)).isEqualTo(2);
    Files.writeString(own.resolve("meter-1.key.pem"), "no key");
    assertThat(execute(own)).isEqualTo(2);
    assertThat(execute(own, "--connections-per-second=0")).isEqualTo(2);
    assertThat(err.toString())
        .contains(
            "no such folder",
            "holds no THING.cert.pem",
            "no meter-1.key.pem beside it",
            "the certificate or key of meter-1 cannot be used",
            "a rate is 1 a second or more")
        .doesNotContain("\tat ");
  }
}

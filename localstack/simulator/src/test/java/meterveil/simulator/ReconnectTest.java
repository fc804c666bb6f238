package meterveil.simulator;

import static meterveil.simulator.TestFleet.EPOCH;
import static meterveil.simulator.TestFleet.await;
import static meterveil.simulator.TestFleet.days;
import static meterveil.simulator.TestFleet.join;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import meterveil.energy.WattHours;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What meters do when the broker is slow, away, or back with nothing in its mind.
class ReconnectTest {

  private static final Instant START = Instant.parse("2024-01-11T00:00:00Z");
  private static final FleetOptions AT_ONCE = FleetOptions.DEFAULT.withPauses(Pauses.NONE);

  @TempDir private static Path folder;
  private static TestBroker broker;

  @BeforeAll
  static void startsBroker() throws IOException {
    broker = new TestBroker(folder);
  }

  @AfterAll
  static void stopsBroker() {
    broker.close();
  }

  private TestFleet fleet(String tenant, String now, FleetOptions options) {
    return new TestFleet(broker, tenant, new TestClock(now), options);
  }

  @Test
  void comesBackAndSendsWhatItCouldNot() {
    try (var it = fleet("back", "2024-01-12T00:00:00Z", AT_ONCE)) {
      Meter meter = it.meter("meter", START, 2, 100);
      it.connected();
      join(it.fleet.sendDue());

      broker.stop();
      it.clock.moveTo("2024-01-13T00:00:00Z");
      CompletableFuture<Void> sent = it.fleet.sendDue();
      assertThat(it.fleet.books().undelivered()).isEqualTo(new WattHours(2_400));
      broker.start();
      join(sent);

      assertThat(it.readings(meter)).endsWith(days("2024-01-12T00:00:00Z", 1, 100));
      assertThat(it.fleet.books())
          .isEqualTo(new Books(2, 0, 2, 48, new WattHours(4_800), WattHours.ZERO, WattHours.ZERO));
    }
  }

  @Test
  void answersItsCohortWhenTheBrokerForgotSessionsAndSettings() throws InterruptedException {
    try (var it = fleet("forgotten", "2024-01-12T00:00:00Z", AT_ONCE)) {
      Meter meter = it.meter("meter", START, 1, 100);
      it.connected();
      join(it.fleet.sendDue());

      broker.stop();
      broker.start();
      await(() -> it.statuses(meter).size() == 2);
      await(() -> {
        it.askCohort(EPOCH, "2024-01-11T00:00:00Z"); // until its subscription is there
        return it.readings(meter).size() > 1;
      });
    }
  }

  @Test
  void knowsACohortWhenItCanBeAskedThroughIt() throws InterruptedException {
    try (var it = fleet("heard", "2024-01-18T00:00:00Z", AT_ONCE)) {
      for (int i = 0; i < 20; i++) {
        Meter meter = it.meter("meter-" + i, Instant.parse("2024-01-17T00:00:00Z"), 2, 100);
        join(meter.connect());
      }
      it.clock.moveTo("2024-01-19T00:00:00Z");
      for (Meter meter : it.fleet.meters()) {
        it.settings(meter.thing(), EPOCH.next());
        join(meter.knows(EPOCH.next()));
        join(meter.send(Instant.parse("2024-01-18T00:00:00Z")));
        it.askCohort(EPOCH.next(), "2024-01-18T00:00:00Z");
        await(() -> it.readings(meter, EPOCH.next()).size() == 2);
        join(meter.sleep());
      }
    }
  }

  @Test
  void waitsForABrokerThatComesUpLater() throws InterruptedException {
    try (var it = fleet("early", "2024-01-12T00:00:00Z", AT_ONCE)) {
      broker.stop();
      broker.start(); // so that settings can be left
      Meter meter = it.meter("meter", START, 1, 100);
      broker.stop();
      CompletableFuture<Void> connected = it.fleet.connectAll();
      Thread.sleep(Duration.ofSeconds(5));
      assertThat(connected).isNotDone();
      broker.start();
      await(() -> it.statuses(meter).size() == 1);
      it.settings(meter.thing(), EPOCH);
      join(connected);
    }
  }

  @Test
  void triesAgainWhenAHandshakeTakesTooLong() throws IOException {
    var fleet = fleet("slow", "2024-01-12T00:00:00Z", AT_ONCE);
    try (var server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        fleet) {
      Meter prepared = fleet.meter("meter", START, 1, 100);
      var slow =
          new Endpoint(
              "localhost", server.getLocalPort(), broker.endpoint().certificateAuthority());
      Thread.ofVirtual().start(() -> silentOnceThenOnTo(broker.endpoint().port(), server));
      try (var through = new Fleet(slow, fleet.tenant, fleet.clock, AT_ONCE)) {
        through.add(
            prepared.thing(), broker.certificate(prepared.thing()), new LoadProfile(START, 1));
        join(through.connectAll());
      }
    }
  }

  @Test
  void comesBackAtTheFleetsPace() throws InterruptedException {
    int meters = 20;
    int perSecond = 10;
    try (var it =
        fleet("paced", "2024-01-12T00:00:00Z", AT_ONCE.withRates(perSecond, 1_000).withSeed(7))) {
      IntStream.range(0, meters).forEach(i -> it.meter("meter-" + i, START, 1, 100));
      it.connected();
      int before = broker.connectsInAll();
      broker.stop();
      broker.start();
      await(() -> broker.connectsInAll() > before);
      long first = System.nanoTime();
      int atFirst = broker.connectsInAll();
      await(() -> broker.connectsInAll() >= before + meters);
      double seconds = (System.nanoTime() - first) / 1e9;
      assertThat(seconds).isGreaterThan((before + meters - atFirst - 1.0) / perSecond * 0.8);
    }
  }

  @Test
  void neverNumbersAStatusTwice() throws InterruptedException {
    var clock = new TestClock("2024-01-12T00:00:00Z");
    for (int run = 1; run <= 3; run++) {
      int runs = run;
      try (var it = new TestFleet(broker, "numbered", clock, AT_ONCE)) {
        Meter meter = it.meter("meter", START, 1, 100);
        it.connected();
        await(() -> it.statuses(meter).size() == runs);
        assertThat(
                it.statuses(meter).stream()
                    .map(s -> Long.parseLong(s.replaceFirst(".*\"sequence\":(\\d+).*", "$1"))))
            .doesNotHaveDuplicates()
            .isSorted()
            .allMatch(number -> number > 0 && number <= 4_294_967_295L);
      }
      clock.move(Duration.ofSeconds(3));
    }
  }

  /// Leaves the first connection without a word, and passes the others on.
  private static void silentOnceThenOnTo(int port, ServerSocket server) {
    try {
      Socket silent = server.accept();
      while (!server.isClosed()) {
        Socket from = server.accept();
        var to = new Socket(InetAddress.getLoopbackAddress(), port);
        pass(from.getInputStream(), to.getOutputStream());
        pass(to.getInputStream(), from.getOutputStream());
      }
      silent.close();
    } catch (IOException _) {
      // The test is over.
    }
  }

  private static void pass(InputStream in, OutputStream out) {
    Thread.ofVirtual()
        .start(() -> {
          try (out) {
            in.transferTo(out);
          } catch (IOException _) {
            // One side has closed.
          }
        });
  }
}

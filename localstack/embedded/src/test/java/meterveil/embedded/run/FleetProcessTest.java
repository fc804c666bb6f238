package meterveil.embedded.run;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import meterveil.block.BlockLength;
import meterveil.block.Epoch;
import meterveil.embedded.MovableClock;
import meterveil.embedded.iot.CertificateAuthority;
import meterveil.meter.ThingName;
import meterveil.simulator.MeterCertificate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What goes wrong between a run and its meters' process; [ReplayTest] has what goes well.
class FleetProcessTest {

  private static final Scenario SCENARIO =
      Scenario.madeUp(
          2,
          1,
          new Scenario.Choices(
              1, BlockLength.DAY, 1, Optional.empty(), Optional.empty(), Optional.empty()));

  @TempDir private Path folder;

  @Test
  void tellsWhatTheProcessSaysIsWrong() throws IOException {
    Path missing = folder.resolve("no-clock");
    try (var fleet = FleetProcess.start(new Journeys())) {
      assertThatThrownBy(() -> fleet.begin(8883, missing, missing, SCENARIO, false))
          .hasMessageContaining("NoSuchFileException")
          .hasMessageContaining("no-clock");
    }
  }

  @Test
  void tellsOfAMeterThatCannotBeAddedWhenAllConnect() throws IOException {
    try (var fleet = begun()) {
      Path pem = Files.writeString(folder.resolve("meter.pem"), "no certificate");
      ThingName thing = SCENARIO.measurements().things().getFirst();
      fleet.add(thing, new MeterCertificate(pem, pem), SCENARIO.measurements().of(thing));
      assertThatThrownBy(() -> fleet.connectAll(_ -> {}).join()).hasMessageContaining("CrtRuntime");
    }
  }

  @Test
  void waitsForNothingOnceTheProcessHasEnded() throws IOException {
    try (var fleet = begun()) {
      var device = new CertificateAuthority(folder, "Test").issue("meter");
      ThingName thing = SCENARIO.measurements().things().getFirst();
      fleet.add(
          thing,
          new MeterCertificate(device.certificatePem(), device.privateKeyPem()),
          SCENARIO.measurements().of(thing));
      var waiting = fleet.know(new Epoch(1)); // of which nobody tells it
      fleet.process().destroyForcibly().onExit().join();
      for (var order : List.of(waiting, fleet.sendDue())) {
        assertThatThrownBy(order::join).hasMessageContaining("has ended");
      }
    }
  }

  private FleetProcess begun() throws IOException {
    Path clock = folder.resolve("clock");
    var _ = MovableClock.create(clock, Instant.parse("2026-01-12T00:00:00Z"));
    var fleet = FleetProcess.start(new Journeys());
    fleet.begin(8883, folder.resolve("ca.pem"), clock, SCENARIO, false);
    return fleet;
  }
}

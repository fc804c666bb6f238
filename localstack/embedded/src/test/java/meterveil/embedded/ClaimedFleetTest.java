package meterveil.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.stream.IntStream;
import meterveil.block.Block;
import meterveil.block.BlockLength;
import meterveil.cohort.Cohort;
import meterveil.cohort.DistrictId;
import meterveil.cohort.TariffClass;
import meterveil.embedded.iot.DeviceCertificate;
import meterveil.energy.Commodity;
import meterveil.energy.WattHours;
import meterveil.meter.ListedMeter;
import meterveil.meter.Meter.State;
import meterveil.meter.MeterSettings;
import meterveil.meter.MeterSettings.Membership;
import meterveil.meter.MeterTable;
import meterveil.meter.ThingName;
import meterveil.plan.Plan;
import meterveil.simulator.CertificateFolder;
import meterveil.simulator.Endpoint;
import meterveil.simulator.Fleet;
import meterveil.simulator.FleetOptions;
import meterveil.simulator.LoadProfile;
import meterveil.simulator.Meter;
import meterveil.simulator.MeterCertificate;
import meterveil.simulator.Pauses;
import meterveil.simulator.Provisioning;
import meterveil.simulator.ProvisioningException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The simulator's meters come in by a claim as devices do, and change their certificates, through
/// the deployed templates, policies and `admit`.
@Tag("place")
class ClaimedFleetTest {

  private static final Block DAY =
      new Block(Instant.parse("2024-01-18T00:00:00Z"), BlockLength.DAY);
  private static final int METERS = 3;
  private static final int WH = 100;
  private static final Pauses AT_ONCE = Pauses.NONE;

  @TempDir private Path files;
  private MainLine line;
  private MeterTable meters;
  private Cohort cohort;
  private CertificateFolder folder;
  private Endpoint endpoint;
  private MeterCertificate claim;

  @BeforeEach
  void start() throws Exception {
    line = MainLine.startingAt("2024-01-18T12:00:00Z");
    cohort = line.cohort(DAY.epoch(), "north", 1, METERS, BlockLength.DAY);
    meters = new MeterTable(line.platform.dynamoDb("Registrar"), line.platform.table("Meters"));
    meters.add(
        things().stream()
            .map(thing ->
                new ListedMeter(
                    thing,
                    MainLine.GRID,
                    new DistrictId("north"),
                    TariffClass.RESIDENTIAL,
                    Commodity.ELECTRICITY))
            .toList(),
        line.platform.clock().instant());
    folder = new CertificateFolder(files.resolve("meters"));
    endpoint =
        new Endpoint(
            "localhost", line.platform.broker().port(), line.platform.authority().certificatePem());
    DeviceCertificate issued = line.platform.claim("claim");
    claim = new MeterCertificate(issued.certificatePem(), issued.privateKeyPem());
  }

  @AfterEach
  void stop() throws Exception {
    line.close();
  }

  private List<ThingName> things() {
    return IntStream.range(0, METERS).mapToObj(i -> MainLine.member(cohort, i)).toList();
  }

  private String certificateId(ThingName thing) {
    return meters.find(thing).orElseThrow().certificate().orElseThrow().id();
  }

  /// What the planner tells a meter, and the registry.
  private void plan(ThingName thing) throws Exception {
    line.platform.updateThing(
        thing.value(), Map.of(Plan.attribute(DAY.epoch()), cohort.id().value()));
    line.platform
        .downlink("PlanRole")
        .settings(
            MainLine.GRID,
            thing,
            new MeterSettings(List.of(new Membership(cohort.id(), BlockLength.DAY))));
  }

  @Test
  @DisplayName("U15 meters that came in by a claim report, and change their certificates")
  void claimedMetersReportAndChangeTheirCertificates() throws Exception {
    int[] energyWh = new int[48];
    Arrays.fill(energyWh, WH);
    try (var provisioning = new Provisioning(endpoint, claim, folder, 5, AT_ONCE);
        var fleet =
            new Fleet(
                endpoint,
                MainLine.GRID,
                line.platform.clock(),
                FleetOptions.DEFAULT.withPauses(AT_ONCE))) {
      for (ThingName thing : things()) {
        MeterCertificate _ = provisioning.provision(thing).join();
        assertThat(meters.find(thing).orElseThrow().state()).isEqualTo(State.PROVISIONED);
        plan(thing);
        fleet.add(thing, folder.keep(thing), new LoadProfile(DAY.start(), energyWh));
      }
      fleet.connectAll().join();
      line.platform.moveTo(DAY.end().plus(Duration.ofMinutes(5)));
      fleet.sendDue().join();
      line.quiet();
      assertThat(line.totals(cohort, DAY).accepted()).isEqualTo(new WattHours(METERS * 24L * WH));

      Meter first = fleet.meters().getFirst();
      String former = certificateId(first.thing());
      first.renew(folder, AT_ONCE).join();
      assertThat(certificateId(first.thing())).isNotEqualTo(former);
      assertThat(folder.renewed(first.thing())).isEmpty();
      line.platform.moveTo(DAY.next().end().plus(Duration.ofMinutes(5)));
      fleet.sendDue().join();
      line.quiet();
      assertThat(line.totals(cohort, DAY.next()).accepted())
          .isEqualTo(new WattHours(METERS * 24L * WH));
      assertThat(fleet.books().undelivered()).isEqualTo(WattHours.ZERO);
    }
  }

  @Test
  @DisplayName(
      "U15 a meter that nobody listed, or that is in already, is refused and keeps nothing")
  void refusesWhoIsNotListedOrIsIn() throws Exception {
    ThingName listed = things().getFirst();
    try (var provisioning = new Provisioning(endpoint, claim, folder, 5, AT_ONCE)) {
      assertRefused(provisioning, new ThingName("nobodys-meter"));
      MeterCertificate _ = provisioning.provision(listed).join();
      MeterCertificate _ = folder.keep(listed);
      String certificate = certificateId(listed);
      assertRefused(provisioning, listed);
      assertThat(certificateId(listed)).isEqualTo(certificate);
    }
  }

  private void assertRefused(Provisioning provisioning, ThingName thing) throws Exception {
    assertThatThrownBy(() -> provisioning.provision(thing).join())
        .isInstanceOf(CompletionException.class)
        .hasCauseInstanceOf(ProvisioningException.class)
        .hasMessageContaining("AccessDenied (400)");
    assertThat(folder.renewed(thing)).isEmpty();
  }
}

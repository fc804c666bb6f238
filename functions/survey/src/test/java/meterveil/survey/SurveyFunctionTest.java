package meterveil.survey;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import meterveil.cohort.DistrictId;
import meterveil.cohort.TariffClass;
import meterveil.emulator.NoContext;
import meterveil.emulator.Place;
import meterveil.energy.Commodity;
import meterveil.meter.Admission;
import meterveil.meter.ListedMeter;
import meterveil.meter.Meter.Certificate;
import meterveil.meter.MeterTable;
import meterveil.meter.ThingName;
import meterveil.status.DeviceStatusTable;
import meterveil.status.Presence;
import meterveil.status.StatusReport;
import meterveil.tenant.Tenant;
import meterveil.tenant.TenantId;
import meterveil.tenant.TenantTable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

@Tag("place")
class SurveyFunctionTest {

  private static final DynamoDbClient DYNAMO_DB = Place.ofThisRun().dynamoDb();
  private static final Instant NOW = Instant.parse("2013-01-03T12:00:00Z");
  private static final AttributeValue BROKEN = AttributeValue.fromS("broken-1");
  private static final Tenant GRID = new Tenant(new TenantId("grid"), Tenant.RETENTION);

  private static final SurveySettings SETTINGS =
      new SurveySettings(
          Place.ofThisRun().table("meters", MeterTable.SCHEMA),
          Place.ofThisRun().table("device-status", "tenant", "thing"),
          Place.ofThisRun().table("tenants", TenantTable.SCHEMA));

  private final ByteArrayOutputStream printed = new ByteArrayOutputStream();
  private final PrintStream out = System.out;
  private final SurveyFunction function =
      new SurveyFunction(SETTINGS, DYNAMO_DB, Clock.fixed(NOW, ZoneOffset.UTC));

  @BeforeEach
  void listen() {
    System.setOut(new PrintStream(printed, true, UTF_8));
  }

  @AfterEach
  void stop() {
    System.setOut(out);
    DYNAMO_DB.deleteItem(
        delete -> delete.tableName(SETTINGS.metersTable()).key(Map.of("thing", BROKEN)));
  }

  @BeforeEach
  void listTenMeters() {
    new TenantTable(DYNAMO_DB, SETTINGS.tenantsTable()).add(GRID);
    var meters = new MeterTable(DYNAMO_DB, SETTINGS.metersTable());
    var status = new DeviceStatusTable(DYNAMO_DB, SETTINGS.deviceStatusTable());
    for (int i : IntStream.range(0, 10).toArray()) {
      var listed =
          new ListedMeter(
              new ThingName("canary-" + i),
              GRID.id(),
              new DistrictId("north"),
              TariffClass.RESIDENTIAL,
              Commodity.ELECTRICITY);
      meters.add(List.of(listed), NOW);
      new Admission(meters)
          .byClaim(
              listed.thing(),
              new Certificate("a".repeat(64), NOW.plus(Duration.ofDays(i == 0 ? 7 : 700))));
      if (i < 6) {
        status.keep(GRID, listed.thing(), new Presence(i % 2 == 0, "session", 0, NOW));
      } else if (i < 8) {
        status.keep(
            GRID, listed.thing(), new StatusReport(1, "1.0.0", 97, -71, List.of(), 60, i), NOW);
      }
    }
  }

  @Test
  @DisplayName("U6 meters that were not heard of are counted by district, and none is named")
  void countsByDistrict() {
    function.handleRequest(Map.of(), new NoContext());

    assertThat(printed.toString(UTF_8))
        .contains(
            "\"Runs\":1",
            "\"MetersInService\":10",
            "\"MetersDisconnected\":5",
            "\"MetersOffline\":2",
            "\"OfflinePercentMax\":20",
            "\"CertificatesExpiring\":1",
            "\"BlocksGivenUp\":13",
            "\"District\":\"grid/north\"")
        .doesNotContain("canary");
  }

  @Test
  void countsOtherTenantsWhenOneFailsAndTellsNoTotalWithoutIt() {
    new TenantTable(DYNAMO_DB, SETTINGS.tenantsTable())
        .add(new Tenant(new TenantId("broken"), Tenant.RETENTION));
    DYNAMO_DB.putItem(put ->
        put.tableName(SETTINGS.metersTable())
            .item(
                Map.of(
                    "thing", BROKEN,
                    "tenant", AttributeValue.fromS("broken"),
                    "state", AttributeValue.fromS("of no kind"))));

    assertThatThrownBy(() -> function.handleRequest(Map.of(), new NoContext()))
        .isInstanceOf(RuntimeException.class);
    assertThat(printed.toString(UTF_8))
        .contains(
            "\"Runs\":1",
            "\"District\":\"grid/north\"",
            "\"OfflinePercentMax\":20",
            "\"CertificatesExpiring\":1")
        .doesNotContain("MetersInService", "MetersDisconnected", "BlocksGivenUp");
  }

  @Test
  void namesTheSettingThatIsMissing() {
    assertThatIllegalStateException()
        .isThrownBy(() -> SurveySettings.from(Map.of("METERS_TABLE", "m")))
        .withMessage("DEVICE_STATUS_TABLE is not set");
  }
}

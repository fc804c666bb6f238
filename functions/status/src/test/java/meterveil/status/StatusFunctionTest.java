package meterveil.status;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Base64;
import java.util.Map;
import meterveil.emulator.NoContext;
import meterveil.emulator.Place;
import meterveil.meter.ThingName;
import meterveil.tenant.Tenant;
import meterveil.tenant.TenantId;
import meterveil.tenant.TenantTable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.ResourceNotFoundException;

@Tag("place")
class StatusFunctionTest {

  private static final DynamoDbClient DYNAMO_DB = Place.ofThisRun().dynamoDb();
  private static final StatusSettings SETTINGS =
      new StatusSettings(
          Place.ofThisRun()
              .table("device-status", DeviceStatusTable.PARTITION_KEY, DeviceStatusTable.SORT_KEY),
          Place.ofThisRun().table("tenants", "tenant"));
  private static final Tenant GRID = new Tenant(new TenantId("grid"), Duration.ofDays(90));
  private static final Instant NOW = Instant.parse("2013-01-01T17:42:13Z");
  private static final String STATUS =
      """
      {"sequence": 17, "firmware": "1.2.3", "batteryPercent": 97, "signalDbm": -71,\
       "faults": [], "uptimeSeconds": 86400, "blocksGivenUp": 0}\
      """;

  private final ByteArrayOutputStream printed = new ByteArrayOutputStream();
  private final PrintStream out = System.out;
  private final PrintStream err = System.err;
  private final DeviceStatusTable table =
      new DeviceStatusTable(DYNAMO_DB, SETTINGS.deviceStatusTable());
  private final StatusFunction function =
      new StatusFunction(SETTINGS, DYNAMO_DB, Clock.fixed(NOW, ZoneOffset.UTC));

  @BeforeAll
  static void makeTables() {
    new TenantTable(DYNAMO_DB, SETTINGS.tenantsTable()).add(GRID);
  }

  @BeforeEach
  void listen() {
    System.setOut(new PrintStream(printed, true, UTF_8));
    System.setErr(new PrintStream(printed, true, UTF_8));
  }

  @AfterEach
  void stop() {
    System.setOut(out);
    System.setErr(err);
  }

  @Test
  @DisplayName("T54 A status is kept for the retention its tenant has chosen")
  void keepsAStatus() {
    function.handleRequest(event("kept", STATUS), new NoContext());

    DeviceStatus status = table.find(GRID, new ThingName("kept"), NOW).orElseThrow();
    assertThat(status.newest().firmware()).isEqualTo("1.2.3");
    assertThat(status.newest().sequence()).isEqualTo(17);
    assertThat(status.expiresAt())
        .isEqualTo(Instant.parse("2013-01-01T17:00:00Z").plus(Duration.ofDays(90)));
    assertThat(printed.toString(UTF_8)).contains("\"Status\":1", "\"Outcome\":\"NEWEST\"");
  }

  @Test
  void countsASecondDeliveryAndChangesNothing() {
    function.handleRequest(event("twice", STATUS), new NoContext());
    DeviceStatus once = table.find(GRID, new ThingName("twice"), NOW).orElseThrow();

    function.handleRequest(event("twice", STATUS), new NoContext());

    assertThat(table.find(GRID, new ThingName("twice"), NOW)).contains(once);
    assertThat(printed.toString(UTF_8)).contains("\"Outcome\":\"NOT_NEWER\"");
  }

  @Test
  @DisplayName("T3 Consumption in a status is dropped and counted, never stored")
  void dropsConsumption() {
    function.handleRequest(
        event("dropped", STATUS.replace("}", ", \"energyWh\": [3113], \"name\": \"canary\"}")),
        new NoContext());

    assertThat(printed.toString(UTF_8)).contains("\"StatusUnknownMembers\":2");
    assertThat(DYNAMO_DB.scan(scan -> scan.tableName(SETTINGS.deviceStatusTable())).toString())
        .contains("dropped")
        .doesNotContain("3113", "energy", "canary");
  }

  @Test
  void countsWhyItRefuses() {
    function.handleRequest(event("refused", "{"), new NoContext());
    assertThat(printed.toString(UTF_8)).contains("\"StatusRefused\":1", "\"Reason\":\"NOT_JSON\"");

    function.handleRequest(event("refused", STATUS.replace("97", "101")), new NoContext());
    assertThat(printed.toString(UTF_8)).contains("\"Reason\":\"BAD_MEMBER\"");

    function.handleRequest(
        Map.of("tenant", "nobody", "thing", "refused", "payload", base64(STATUS)), new NoContext());
    assertThat(printed.toString(UTF_8)).contains("\"Reason\":\"UNKNOWN_TENANT\"");

    assertThat(table.find(GRID, new ThingName("refused"), NOW)).isEmpty();
  }

  @Test
  @DisplayName("T2 Nothing of a status or its meter is printed")
  void printsNothingOfAMeter() {
    function.handleRequest(event("canary-thing", STATUS), new NoContext());
    function.handleRequest(event("canary-thing", "{\"canary\": canary"), new NoContext());

    assertThat(printed.toString(UTF_8))
        .doesNotContain("canary", "grid", "1.2.3", "86400", base64(STATUS));
  }

  @Test
  void leavesToLambdasRetriesWhatItsSurroundingsDidWrong() {
    var broken =
        new StatusFunction(
            new StatusSettings(SETTINGS.deviceStatusTable(), "no-such-table"),
            DYNAMO_DB,
            Clock.fixed(NOW, ZoneOffset.UTC));

    assertThatThrownBy(() -> broken.handleRequest(event("lost", STATUS), new NoContext()))
        .isInstanceOf(ResourceNotFoundException.class);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> function.handleRequest(Map.of("tenant", "grid"), new NoContext()))
        .withMessage("the event has no thing");
  }

  @Test
  void namesTheSettingThatIsMissing() {
    assertThat(StatusSettings.from(Map.of("DEVICE_STATUS_TABLE", "d", "TENANTS_TABLE", "t")))
        .isEqualTo(new StatusSettings("d", "t"));
    assertThatIllegalStateException()
        .isThrownBy(() -> StatusSettings.from(Map.of("TENANTS_TABLE", "t")))
        .withMessage("DEVICE_STATUS_TABLE is not set");
    assertThatIllegalStateException()
        .isThrownBy(() -> StatusSettings.from(Map.of("DEVICE_STATUS_TABLE", "d")))
        .withMessage("TENANTS_TABLE is not set");
  }

  private static Map<String, String> event(String thing, String payload) {
    return Map.of("tenant", "grid", "thing", thing, "payload", base64(payload));
  }

  private static String base64(String payload) {
    return Base64.getEncoder().encodeToString(payload.getBytes(UTF_8));
  }
}

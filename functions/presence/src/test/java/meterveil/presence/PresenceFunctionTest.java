package meterveil.presence;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import meterveil.cohort.DistrictId;
import meterveil.cohort.TariffClass;
import meterveil.emulator.NoContext;
import meterveil.emulator.Place;
import meterveil.energy.Commodity;
import meterveil.meter.ListedMeter;
import meterveil.meter.MeterTable;
import meterveil.meter.ThingName;
import meterveil.status.DeviceStatusTable;
import meterveil.status.DeviceStatusTable.Sign;
import meterveil.tenant.Tenant;
import meterveil.tenant.TenantId;
import meterveil.tenant.TenantTable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.ResourceNotFoundException;

@Tag("place")
class PresenceFunctionTest {

  private static final DynamoDbClient DYNAMO_DB = Place.ofThisRun().dynamoDb();
  private static final Instant NOW = Instant.parse("2013-01-01T17:42:13Z");
  private static final Tenant GRID = new Tenant(new TenantId("grid"), Tenant.RETENTION);
  private static final PresenceSettings SETTINGS =
      new PresenceSettings(
          Place.ofThisRun().table("meters", MeterTable.SCHEMA),
          Place.ofThisRun().table("device-status", "tenant", "thing"),
          Place.ofThisRun().table("tenants", TenantTable.SCHEMA));

  private static final MeterTable METERS = new MeterTable(DYNAMO_DB, SETTINGS.metersTable());
  private static final DeviceStatusTable STATUS =
      new DeviceStatusTable(DYNAMO_DB, SETTINGS.deviceStatusTable());

  private final ByteArrayOutputStream printed = new ByteArrayOutputStream();
  private final PrintStream out = System.out;
  private final PresenceFunction function = new PresenceFunction(SETTINGS, DYNAMO_DB);

  @BeforeAll
  static void makeTenant() {
    new TenantTable(DYNAMO_DB, SETTINGS.tenantsTable()).add(GRID);
  }

  @BeforeEach
  void listen() {
    System.setOut(new PrintStream(printed, true, UTF_8));
  }

  @AfterEach
  void stop() {
    System.setOut(out);
  }

  @Test
  @DisplayName("U6 a meter is online from the beginning of its connection to its end")
  void keepsConnections() {
    list("connects");

    tell("connects", "connected", "one", 0);
    assertThat(sign("connects"))
        .isEqualTo(
            new Sign(new ThingName("connects"), true, Instant.parse("2013-01-01T17:00:00Z"), 0));
    tell("connects", "disconnected", "one", 0);

    assertThat(sign("connects").online()).isFalse();
    assertThat(printed.toString(UTF_8)).contains("\"Presence\":1", "\"Outcome\":\"KEPT\"");
  }

  @Test
  @DisplayName("U6 events of a connection that come twice or out of order change nothing")
  void keepsTheLaterOne() {
    list("order");
    tell("order", "connected", "two", 1);
    tell("order", "disconnected", "one", 0);
    tell("order", "connected", "one", 0);
    assertThat(sign("order").online()).isTrue();

    tell("order", "disconnected", "two", 1);
    tell("order", "connected", "two", 1);

    assertThat(sign("order").online()).isFalse();
    assertThat(printed.toString(UTF_8)).contains("\"Outcome\":\"NOT_LATER\"");
  }

  @ParameterizedTest
  @ValueSource(strings = {"stranger", "claim-7", "iotconsole-1/2", ""})
  @DisplayName("T3 of who is no meter, nothing is kept")
  void keepsNothingOfAStranger(String clientId) {
    tell(clientId, "connected", "one", 0);

    assertThat(STATUS.signs(GRID, NOW).map(sign -> sign.thing().value())).doesNotContain(clientId);
    assertThat(printed.toString(UTF_8)).contains("\"Outcome\":\"NO_METER\"");
  }

  @Test
  @DisplayName("T3 addresses and principals are not kept, even if a rule handed them over")
  void keepsNoAddress() {
    list("address");
    var event = event("address", "connected", "one", 0);
    event.put("ipAddress", "203.0.113.7");
    event.put("principalIdentifier", "canary");
    function.handleRequest(event, new NoContext());

    assertThat(DYNAMO_DB.scan(scan -> scan.tableName(SETTINGS.deviceStatusTable())).toString())
        .contains("address")
        .doesNotContain("203.0.113", "canary");
    assertThat(printed.toString(UTF_8)).doesNotContain("203.0.113", "canary", "address");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"clientId", "eventType", "timestamp", "versionNumber", "sessionIdentifier"})
  void wantsEveryMember(String member) {
    var event = event("wants", "connected", "one", 0);
    event.remove(member);

    assertThatIllegalArgumentException()
        .isThrownBy(() -> function.handleRequest(event, new NoContext()));
  }

  @Test
  void returnsTheEventWhenTheListDoesNotAnswer() {
    var none =
        new PresenceFunction(
            new PresenceSettings(
                "no-such-table", SETTINGS.deviceStatusTable(), SETTINGS.tenantsTable()),
            DYNAMO_DB);

    assertThatThrownBy(() -> none.handleRequest(event("m", "connected", "one", 0), new NoContext()))
        .isInstanceOf(ResourceNotFoundException.class);
  }

  @Test
  void namesTheSettingThatIsMissing() {
    assertThatIllegalStateException()
        .isThrownBy(() -> PresenceSettings.from(Map.of("METERS_TABLE", "m")))
        .withMessage("DEVICE_STATUS_TABLE is not set");
  }

  private void tell(String clientId, String type, String session, long version) {
    function.handleRequest(event(clientId, type, session, version), new NoContext());
  }

  private static Map<String, @Nullable Object> event(
      String clientId, String type, String session, long version) {
    var event = new HashMap<String, @Nullable Object>();
    event.put("clientId", clientId);
    event.put("eventType", type);
    event.put("timestamp", NOW.toEpochMilli());
    event.put("versionNumber", version);
    event.put("sessionIdentifier", session);
    return event;
  }

  private static Sign sign(String thing) {
    return STATUS
        .signs(GRID, NOW)
        .filter(sign -> sign.thing().value().equals(thing))
        .findFirst()
        .orElseThrow();
  }

  private static void list(String thing) {
    METERS.add(
        List.of(
            new ListedMeter(
                new ThingName(thing),
                GRID.id(),
                new DistrictId("north"),
                TariffClass.RESIDENTIAL,
                Commodity.ELECTRICITY)),
        NOW);
  }
}

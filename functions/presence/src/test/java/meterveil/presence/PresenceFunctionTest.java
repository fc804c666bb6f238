package meterveil.presence;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.amazonaws.services.dynamodbv2.local.embedded.DynamoDBEmbedded;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import meterveil.cohort.DistrictId;
import meterveil.cohort.TariffClass;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.enhanced.dynamodb.DynamoDbEnhancedClient;
import software.amazon.awssdk.enhanced.dynamodb.TableSchema;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeDefinition;
import software.amazon.awssdk.services.dynamodb.model.BillingMode;
import software.amazon.awssdk.services.dynamodb.model.KeySchemaElement;
import software.amazon.awssdk.services.dynamodb.model.KeyType;
import software.amazon.awssdk.services.dynamodb.model.ResourceNotFoundException;
import software.amazon.awssdk.services.dynamodb.model.ScalarAttributeType;

class PresenceFunctionTest {

  private static final DynamoDbClient DYNAMO_DB = DynamoDBEmbedded.create(true).dynamoDbClient();
  private static final Instant NOW = Instant.parse("2013-01-01T17:42:13Z");
  private static final Tenant GRID = new Tenant(new TenantId("grid"), Tenant.RETENTION);
  private static final PresenceSettings SETTINGS =
      new PresenceSettings("meters", "device-status", "tenants");

  private static final MeterTable METERS = new MeterTable(DYNAMO_DB, "meters");
  private static final DeviceStatusTable STATUS = new DeviceStatusTable(DYNAMO_DB, "device-status");

  private final ByteArrayOutputStream printed = new ByteArrayOutputStream();
  private final PrintStream out = System.out;
  private final PresenceFunction function = new PresenceFunction(SETTINGS, DYNAMO_DB);

  @BeforeAll
  static void makeTables() {
    create("meters", MeterTable.SCHEMA);
    create("tenants", TenantTable.SCHEMA);
    DYNAMO_DB.createTable(create ->
        create
            .tableName("device-status")
            .billingMode(BillingMode.PAY_PER_REQUEST)
            .keySchema(
                KeySchemaElement.builder().attributeName("tenant").keyType(KeyType.HASH).build(),
                KeySchemaElement.builder().attributeName("thing").keyType(KeyType.RANGE).build())
            .attributeDefinitions(string("tenant"), string("thing")));
    new TenantTable(DYNAMO_DB, "tenants").put(GRID);
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

    assertThat(DYNAMO_DB.scan(scan -> scan.tableName("device-status")).toString())
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
            new PresenceSettings("no-such-table", "device-status", "tenants"), DYNAMO_DB);

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

  private static void create(String name, TableSchema<?> schema) {
    DynamoDbEnhancedClient.builder()
        .dynamoDbClient(DYNAMO_DB)
        .build()
        .table(name, schema)
        .createTable();
  }

  private static AttributeDefinition string(String name) {
    return AttributeDefinition.builder()
        .attributeName(name)
        .attributeType(ScalarAttributeType.S)
        .build();
  }
}

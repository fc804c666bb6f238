package meterveil.survey;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import com.amazonaws.services.dynamodbv2.local.embedded.DynamoDBEmbedded;
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
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.enhanced.dynamodb.DynamoDbEnhancedClient;
import software.amazon.awssdk.enhanced.dynamodb.TableSchema;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeDefinition;
import software.amazon.awssdk.services.dynamodb.model.BillingMode;
import software.amazon.awssdk.services.dynamodb.model.KeySchemaElement;
import software.amazon.awssdk.services.dynamodb.model.KeyType;
import software.amazon.awssdk.services.dynamodb.model.ScalarAttributeType;

class SurveyFunctionTest {

  private static final DynamoDbClient DYNAMO_DB = DynamoDBEmbedded.create(true).dynamoDbClient();
  private static final Instant NOW = Instant.parse("2013-01-03T12:00:00Z");
  private static final Tenant GRID = new Tenant(new TenantId("grid"), Tenant.RETENTION);

  private final ByteArrayOutputStream printed = new ByteArrayOutputStream();
  private final PrintStream out = System.out;

  @BeforeEach
  void listen() {
    System.setOut(new PrintStream(printed, true, UTF_8));
  }

  @AfterEach
  void stop() {
    System.setOut(out);
  }

  @Test
  @DisplayName("U6 meters that were not heard of are counted by district, and none is named")
  void countsByDistrict() {
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
    var meters = new MeterTable(DYNAMO_DB, "meters");
    var status = new DeviceStatusTable(DYNAMO_DB, "device-status");
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

    new SurveyFunction(
            new SurveySettings("meters", "device-status", "tenants"),
            DYNAMO_DB,
            Clock.fixed(NOW, ZoneOffset.UTC))
        .handleRequest(Map.of(), new NoContext());

    assertThat(printed.toString(UTF_8))
        .contains(
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
  void namesTheSettingThatIsMissing() {
    assertThatIllegalStateException()
        .isThrownBy(() -> SurveySettings.from(Map.of("METERS_TABLE", "m")))
        .withMessage("DEVICE_STATUS_TABLE is not set");
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

package meterveil.admit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import meterveil.cohort.DistrictId;
import meterveil.cohort.TariffClass;
import meterveil.emulator.NoContext;
import meterveil.emulator.Place;
import meterveil.energy.Commodity;
import meterveil.meter.ListedMeter;
import meterveil.meter.MeterTable;
import meterveil.meter.ThingName;
import meterveil.tenant.TenantId;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

@Tag("place")
class AdmitFunctionTest {

  private static final DynamoDbClient DYNAMO_DB = Place.ofThisRun().dynamoDb();
  private static final Instant NOW = Instant.parse("2013-01-01T17:42:13Z");
  private static final String ONE = "1".repeat(64);
  private static final String OTHER = "2".repeat(64);
  private static final Map<String, Object> NO = Map.of("allowProvisioning", false);
  private static final Map<String, Object> YES =
      Map.of("allowProvisioning", true, "parameterOverrides", Map.of("Tenant", "grid"));

  private static final AdmitSettings SETTINGS =
      new AdmitSettings(Place.ofThisRun().table("meters", MeterTable.SCHEMA));
  private static final MeterTable METERS = new MeterTable(DYNAMO_DB, SETTINGS.metersTable());

  private final ByteArrayOutputStream printed = new ByteArrayOutputStream();
  private final PrintStream out = System.out;
  private final AdmitFunction function = new AdmitFunction(SETTINGS, DYNAMO_DB);

  @BeforeEach
  void listen() {
    System.setOut(new PrintStream(printed, true, UTF_8));
  }

  @AfterEach
  void stop() {
    System.setOut(out);
  }

  @Test
  @DisplayName("U15 A meter of the list comes in by a claim once, whatever certificate comes later")
  void letsAListedMeterIn() throws IOException {
    list("listed");

    assertThat(ask("listed", "meter", "claim-7", ONE)).isEqualTo(YES);
    assertThat(ask("listed", "meter", "claim-7", ONE)).isEqualTo(YES);
    assertThat(ask("listed", "meter", "claim-8", OTHER)).isEqualTo(NO);

    assertThat(METERS.find(new ThingName("listed")).orElseThrow().certificate().orElseThrow().id())
        .isEqualTo(ONE);
    assertThat(METERS.find(new ThingName("listed")).orElseThrow().certificate().orElseThrow())
        .extracting(certificate -> certificate.expiresAt().isAfter(NOW))
        .isEqualTo(true);
    assertThat(printed.toString(UTF_8)).contains("\"Reason\":\"ALREADY_PROVISIONED\"");
  }

  @Test
  @DisplayName("U15 Who is on no list is refused")
  void refusesAStranger() throws IOException {
    assertThat(ask("stranger", "meter", "claim-7", ONE)).isEqualTo(NO);
    assertThat(ask("stranger", "rotation", "stranger", ONE)).isEqualTo(NO);

    assertThat(printed.toString(UTF_8)).contains("\"NotAdmitted\":1", "NOT_LISTED");
  }

  @Test
  @DisplayName("U15 A meter changes its certificate on its own connection, and nobody else's")
  void changesACertificate() throws IOException {
    list("rotating");
    assertThat(ask("rotating", "rotation", "rotating", OTHER)).isEqualTo(NO);
    ask("rotating", "meter", "claim-7", ONE);

    assertThat(ask("rotating", "rotation", "another", OTHER)).isEqualTo(NO);
    assertThat(ask("rotating", "rotation", "rotating", OTHER)).isEqualTo(YES);
    assertThat(ask("rotating", "rotation", "rotating", OTHER)).isEqualTo(YES);

    assertThat(
            METERS.find(new ThingName("rotating")).orElseThrow().certificate().orElseThrow().id())
        .isEqualTo(OTHER);
  }

  @Test
  @DisplayName("U15 A revoked meter is refused both ways")
  void refusesARevokedMeter() throws IOException {
    list("revoked");
    ask("revoked", "meter", "claim-7", ONE);
    METERS.revoke(new TenantId("grid"), new ThingName("revoked"));

    assertThat(ask("revoked", "meter", "claim-7", ONE)).isEqualTo(NO);
    assertThat(ask("revoked", "rotation", "revoked", OTHER)).isEqualTo(NO);
  }

  @Test
  void refusesWhatItCannotRead() throws IOException {
    list("m-1");
    for (var member : List.of("certificateId", "certificatePem", "templateArn", "parameters")) {
      var event = event("m-1", "meter", "claim-7", ONE);
      event.remove(member);
      assertThat(function.handleRequest(event, new NoContext())).as(member).isEqualTo(NO);
      event.put(member, 7);
      assertThat(function.handleRequest(event, new NoContext())).as(member).isEqualTo(NO);
    }
    assertThat(ask("m/1", "meter", "claim-7", ONE)).isEqualTo(NO);
    assertThat(ask("m-1", "other", "claim-7", ONE)).isEqualTo(NO);
    assertThat(ask("m-1", "meter", "claim-7", "short")).isEqualTo(NO);
  }

  @Test
  void refusesWhenTheListDoesNotAnswer() throws IOException {
    var none = new AdmitFunction(new AdmitSettings("no-such-table"), DYNAMO_DB);

    assertThat(none.handleRequest(event("m-1", "meter", "claim-7", ONE), new NoContext()))
        .isEqualTo(NO);
    assertThat(printed.toString(UTF_8)).contains("\"Reason\":\"UNAVAILABLE\"");
  }

  @Test
  void printsNothingOfAMeter() throws IOException {
    list("canary-thing");
    ask("canary-thing", "meter", "canary-client", ONE);
    ask("canary-thing", "meter", "canary-client", OTHER);

    assertThat(printed.toString(UTF_8)).doesNotContain("canary", ONE, OTHER, "grid");
  }

  @Test
  void namesTheSettingThatIsMissing() {
    assertThatIllegalStateException()
        .isThrownBy(() -> AdmitSettings.from(Map.of()))
        .withMessage("METERS_TABLE is not set");
  }

  private static void list(String thing) {
    METERS.add(
        List.of(
            new ListedMeter(
                new ThingName(thing),
                new TenantId("grid"),
                new DistrictId("north"),
                TariffClass.RESIDENTIAL,
                Commodity.ELECTRICITY)),
        NOW);
  }

  private Map<String, Object> ask(
      String thing, String template, String clientId, String certificateId) throws IOException {
    return function.handleRequest(event(thing, template, clientId, certificateId), new NoContext());
  }

  static Map<String, @Nullable Object> event(
      String thing, String template, String clientId, String certificateId) throws IOException {
    var event = new HashMap<String, @Nullable Object>();
    event.put("claimCertificateId", "3".repeat(64));
    event.put("certificateId", certificateId);
    event.put("certificatePem", pem());
    event.put("templateArn", "arn:aws:iot:us-west-2:000000000000:provisioningtemplate/" + template);
    event.put("clientId", clientId);
    event.put("parameters", Map.of("SerialNumber", thing));
    return event;
  }

  private static String pem() throws IOException {
    try (var file =
        Objects.requireNonNull(AdmitFunctionTest.class.getResourceAsStream("m-1.pem"))) {
      return new String(file.readAllBytes(), UTF_8);
    }
  }
}

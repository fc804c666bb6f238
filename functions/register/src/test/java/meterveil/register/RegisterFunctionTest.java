package meterveil.register;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import meterveil.cohort.DistrictId;
import meterveil.cohort.TariffClass;
import meterveil.connection.JdkHttp;
import meterveil.emulator.NoContext;
import meterveil.emulator.Place;
import meterveil.energy.Commodity;
import meterveil.meter.ListedMeter;
import meterveil.meter.Meter.State;
import meterveil.meter.MeterTable;
import meterveil.meter.ThingName;
import meterveil.registry.Registry;
import meterveil.tenant.TenantId;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.exception.SdkServiceException;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

@Tag("place")
class RegisterFunctionTest {

  private static final DynamoDbClient DYNAMO_DB = Place.ofThisRun().dynamoDb();
  private static final Instant NOW = Instant.parse("2013-01-01T17:42:13Z");
  private static final ThingName METER = new ThingName("m-1");
  private static final String ID = "a".repeat(64);
  private static final String ARN = "arn:aws:iot:us-west-2:000000000000:cert/" + ID;
  private static final List<String> LET_IN =
      List.of(
          "POST /things/m-1 {\"attributePayload\":{\"attributes\":{\"cohortA\":\"none\","
              + "\"cohortB\":\"none\",\"tenant\":\"grid\"}},\"thingTypeName\":\"meter\"}",
          "PUT /thing-groups/addThingToThingGroup"
              + " {\"thingGroupName\":\"meters\",\"thingName\":\"m-1\"}",
          "PUT /things/m-1/principals ",
          "PUT /target-policies/Meter {\"target\":\"" + ARN + "\"}",
          "PUT /target-policies/MeterDownlink {\"target\":\"" + ARN + "\"}",
          "PUT /certificates/" + ID + "?newStatus=ACTIVE ");

  private static int tests;

  private final ByteArrayOutputStream printed = new ByteArrayOutputStream();
  private final PrintStream out = System.out;
  private final RegisterSettings settings =
      new RegisterSettings(
          Place.ofThisRun().table("meters-" + ++tests, MeterTable.SCHEMA),
          List.of("Meter", "MeterDownlink"),
          "meters");
  private final MeterTable meters = new MeterTable(DYNAMO_DB, settings.metersTable());

  /// In place of IoT Core: describes one certificate, notes what is changed, and fails from a
  /// number of changes on.
  private final List<String> changes = new ArrayList<>();

  private final HttpServer server;
  private final RegisterFunction function;
  private String pem = pem("m-1.pem");
  private String status = "PENDING_ACTIVATION";
  private int failsAfter = Integer.MAX_VALUE;

  RegisterFunctionTest() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          var body = new String(exchange.getRequestBody().readAllBytes(), UTF_8);
          byte[] answer = "{}".getBytes(UTF_8);
          int code = 200;
          if (exchange.getRequestMethod().equals("GET")) {
            answer =
                """
                {"certificateDescription": {"certificateId": "%s", "certificateArn": "%s",
                 "certificatePem": "%s", "status": "%s"}}
                """
                    .formatted(ID, ARN, pem.replace("\n", "\\n"), status)
                    .getBytes(UTF_8);
          } else if (changes.size() >= failsAfter) {
            code = 403;
          } else {
            changes.add(
                "%s %s %s".formatted(exchange.getRequestMethod(), exchange.getRequestURI(), body));
          }
          exchange.sendResponseHeaders(code, answer.length);
          exchange.getResponseBody().write(answer);
          exchange.close();
        });
    server.start();
    function =
        new RegisterFunction(
            settings,
            DYNAMO_DB,
            new Registry(
                URI.create("http://127.0.0.1:" + server.getAddress().getPort()),
                Region.US_WEST_2,
                StaticCredentialsProvider.create(AwsBasicCredentials.create("AKID", "secret")),
                new JdkHttp()));
  }

  @BeforeEach
  void listen() {
    System.setOut(new PrintStream(printed, true, UTF_8));
  }

  @AfterEach
  void stop() {
    System.setOut(out);
    server.stop(0);
  }

  @Test
  @DisplayName("U15 A meter whose utility signed for it is let in, activated last")
  void letsAListedMeterIn() {
    list("grid");

    register();

    assertThat(changes).containsExactlyElementsOf(LET_IN);
    assertThat(meters.find(METER).orElseThrow().state()).isEqualTo(State.PROVISIONED);
    assertThat(meters.find(METER).orElseThrow().certificate().orElseThrow().id()).isEqualTo(ID);
    assertThat(printed.toString(UTF_8)).contains("\"Admitted\":1");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5})
  void finishesWhatWasLeftHalfWay(int after) {
    list("grid");
    failsAfter = after;
    assertThatThrownBy(this::register).isInstanceOf(SdkServiceException.class);
    assertThat(changes).hasSize(after).noneMatch(change -> change.contains("ACTIVE"));

    failsAfter = Integer.MAX_VALUE;
    changes.clear();
    register();

    assertThat(changes).containsExactlyElementsOf(LET_IN);
  }

  @Test
  @DisplayName("U15 A certificate for a meter on no list stays closed")
  void refusesAStranger() {
    register();

    assertThat(changes).containsExactly("PUT /certificates/" + ID + "?newStatus=INACTIVE ");
    assertThat(printed.toString(UTF_8)).contains("NOT_LISTED");
  }

  @Test
  void letsAMeterInThatIsListedLater() {
    register();
    list("grid");
    status = "INACTIVE";
    changes.clear();

    register();

    assertThat(changes).containsExactlyElementsOf(LET_IN);
  }

  @Test
  @DisplayName("U15 A utility cannot sign for another one's meter")
  void refusesAnotherTenantsMeter() {
    list("theirs");

    register();

    assertThat(changes).containsExactly("PUT /certificates/" + ID + "?newStatus=INACTIVE ");
    assertThat(meters.find(METER).orElseThrow().state()).isEqualTo(State.LISTED);
  }

  @Test
  @DisplayName("U15 A revoked meter is not let in again")
  void refusesARevokedMeter() {
    list("grid");
    meters.revoke(new TenantId("grid"), METER);

    register();

    assertThat(changes).containsExactly("PUT /certificates/" + ID + "?newStatus=INACTIVE ");
  }

  @Test
  void refusesACertificateThatNamesNoMeter() {
    pem = pem("nameless.pem");
    register();
    pem = "no certificate";
    register();

    assertThat(changes).containsOnly("PUT /certificates/" + ID + "?newStatus=INACTIVE ").hasSize(2);
    assertThat(printed.toString(UTF_8)).contains("UNREADABLE");
  }

  @ParameterizedTest
  @ValueSource(strings = {"ACTIVE", "REVOKED", "PENDING_TRANSFER"})
  void changesNothingThatWasDecided(String decided) {
    list("grid");
    status = decided;

    register();

    assertThat(changes).isEmpty();
  }

  @Test
  void wantsToKnowWhichCertificate() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> function.handleRequest(Map.of(), new NoContext()));
  }

  @Test
  void namesTheSettingThatIsMissing() {
    assertThatIllegalStateException()
        .isThrownBy(() -> RegisterSettings.from(Map.of("METERS_TABLE", "m")))
        .withMessage("METER_POLICIES is not set");
  }

  private void register() {
    function.handleRequest(Map.of("certificateId", ID), new NoContext());
  }

  private void list(String tenant) {
    meters.add(
        List.of(
            new ListedMeter(
                METER,
                new TenantId(tenant),
                new DistrictId("north"),
                TariffClass.RESIDENTIAL,
                Commodity.ELECTRICITY)),
        NOW);
  }

  private static String pem(String name) {
    try (var file = Objects.requireNonNull(RegisterFunctionTest.class.getResourceAsStream(name))) {
      return new String(file.readAllBytes(), UTF_8);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}

package meterveil.collect;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.URI;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import meterveil.block.BlockLength;
import meterveil.cell.DayKeyTable;
import meterveil.cohort.Cohort;
import meterveil.cohort.CohortId;
import meterveil.cohort.CohortTable;
import meterveil.cohort.DistrictId;
import meterveil.cohort.TariffClass;
import meterveil.emulator.NoContext;
import meterveil.emulator.Place;
import meterveil.energy.Commodity;
import meterveil.tenant.TenantId;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import software.amazon.awssdk.auth.credentials.AnonymousCredentialsProvider;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.kms.KmsClient;

/// What the function refuses, and what it says when something around it fails. That it counts what
/// it should, under real keys, is tested on the embedded platform.
@Tag("place")
class CollectFunctionTest {

  private static final Map<String, String> ENVIRONMENT =
      Map.of(
          "OPEN_BLOCKS_TABLE",
          "open-blocks",
          "DAY_KEYS_TABLE",
          Place.ofThisRun().table("day-keys", DayKeyTable.SCHEMA),
          "DAY_KEY_ID",
          "arn:aws:kms:us-west-2:000000000000:key/day",
          "COHORTS_TABLE",
          Place.ofThisRun().table("cohorts", CohortTable.SCHEMA));
  private static final CollectSettings SETTINGS = CollectSettings.from(ENVIRONMENT);
  private static final DynamoDbClient DYNAMO_DB = Place.ofThisRun().dynamoDb();

  /// Nothing listens there.
  private static final KmsClient NO_KMS =
      KmsClient.builder()
          .endpointOverride(URI.create("http://127.0.0.1:1"))
          .region(Region.US_WEST_2)
          .credentialsProvider(AnonymousCredentialsProvider.create())
          .httpClient(UrlConnectionHttpClient.create())
          .build();

  private final CollectFunction function =
      new CollectFunction(
          SETTINGS,
          DYNAMO_DB,
          NO_KMS,
          Clock.fixed(Instant.parse("2013-01-02T00:10:00Z"), ZoneOffset.UTC));

  @BeforeAll
  static void makeCohort() {
    new CohortTable(DYNAMO_DB, SETTINGS.cohortsTable())
        .put(
            new Cohort(
                new TenantId("grid"),
                new CohortId("00523-north-re-1"),
                new DistrictId("north"),
                TariffClass.RESIDENTIAL,
                Commodity.ELECTRICITY,
                50,
                BlockLength.HOUR));
  }

  private static Map<String, String> event(String payload) {
    var event = new HashMap<String, String>();
    event.put("payload", Base64.getEncoder().encodeToString(payload.getBytes(UTF_8)));
    event.put("tenant", "grid");
    event.put("cohort", "00523-north-re-1");
    event.put("thing", "canary-meter");
    return event;
  }

  private String logOf(Map<String, String> event) {
    var log = new ByteArrayOutputStream();
    PrintStream before = System.out;
    System.setOut(new PrintStream(log, true, UTF_8));
    try {
      function.handleRequest(event, new NoContext());
    } finally {
      System.setOut(before);
    }
    return log.toString(UTF_8);
  }

  @Test
  void rehearsesEveryMessageToTheEndEvenWhereDynamoDbIsNotReached() {
    var cohorts = new CohortTable(DYNAMO_DB, SETTINGS.cohortsTable());
    assertThat(Rehearsal.run(cohorts)).isEqualTo(Rehearsal.MESSAGES);
    var unreachable = new CohortTable(DYNAMO_DB, "no-such-table");
    assertThat(Rehearsal.run(unreachable)).isEqualTo(Rehearsal.MESSAGES);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          not JSON, 48611                                       | NOT_JSON
          {"start":"2013-01-01T23:00:00Z","energyWh":[1,2,3]}    | WRONG_LENGTH
          {"start":"2013-01-01T18:00:00Z","energyWh":[1,2,3,4,5,6]} | WRONG_LENGTH
          {"start":"2013-01-02T00:00:00Z","energyWh":[48611]}    | NOT_OVER
          {"start":"2012-12-29T23:00:00Z","energyWh":[48611]}    | TOO_LATE
          {"start":"2013-01-01T23:00:00Z","energyWh":[60001]}    | ABOVE_CAP
          {"start":"2013-01-15T00:00:00Z","energyWh":[48611]}    | WRONG_EPOCH
          """)
  void countsARefusalByItsReasonAndNothingElse(String payload, String reason) {
    String log = logOf(event(payload));

    assertThat(log.lines()).singleElement().asString().contains("\"Reason\":\"" + reason + "\"");
    assertThat(log).contains("\"Refused\":1").doesNotContain("48611", "canary", "north");
  }

  @Test
  void refusesACohortThereIsNot() {
    var event = event("{\"start\":\"2013-01-01T23:00:00Z\",\"energyWh\":[1]}");
    event.put("cohort", "00523-north-re-2");

    assertThat(logOf(event)).contains("UNKNOWN_COHORT");
  }

  @Test
  @DisplayName("T2 what is thrown over a message quotes nothing of it")
  void throwsWithoutQuoting() {
    assertThatThrownBy(
            () -> logOf(event("{\"start\":\"2013-01-01T23:00:00Z\",\"energyWh\":[48611]}")))
        .as("KMS does not answer")
        .isInstanceOf(NotCollectedException.class)
        .hasMessage("SdkClientException")
        .hasNoCause();
    var noBase64 = event("");
    noBase64.put("payload", "48611 is no base64");
    assertThatThrownBy(() -> logOf(noBase64))
        .isInstanceOf(NotCollectedException.class)
        .hasMessage("IllegalArgumentException")
        .hasNoCause();
  }

  @ParameterizedTest
  @CsvSource({"OPEN_BLOCKS_TABLE", "DAY_KEYS_TABLE", "DAY_KEY_ID", "COHORTS_TABLE"})
  void failsAtStartNamingWhatIsMissing(String variable) {
    var environment = new HashMap<>(ENVIRONMENT);
    environment.remove(variable);
    assertThatIllegalStateException()
        .isThrownBy(() -> CollectSettings.from(environment))
        .withMessage(variable + " is not set");
  }
}

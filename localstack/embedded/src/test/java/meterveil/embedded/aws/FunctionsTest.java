package meterveil.embedded.aws;

import static meterveil.embedded.aws.TestAssembly.MAY_LOG;
import static meterveil.embedded.aws.TestAssembly.allow;
import static meterveil.embedded.aws.TestAssembly.function;
import static meterveil.embedded.aws.TestAssembly.role;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import meterveil.embedded.aws.Functions.Delivery;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FunctionsTest {

  private static final JsonMapper MAPPER = new JsonMapper();

  /// Two functions: what the first cannot do goes to the second.
  private static final String EVENTS =
      """
      "ProbeEvents": {"Type": "AWS::Lambda::EventInvokeConfig", "Properties": {
        "FunctionName": {"Ref": "Probe"}, "Qualifier": "live", "MaximumRetryAttempts": 2,
        "MaximumEventAgeInSeconds": 3600, "DestinationConfig": {"OnFailure": {
          "Destination": {"Ref": "KeeperLive"}}}}}\
      """;

  private static final String MAY_INVOKE_KEEPER =
      allow("\"lambda:InvokeFunction\"", "{\"Ref\": \"KeeperLive\"}");

  @TempDir static Path folder;
  private static StandIns standIns;
  private static Functions functions;

  @BeforeAll
  static void start() throws Exception {
    standIns =
        StandIns.start(
            folder,
            role("ProbeRole", "lambda.amazonaws.com", MAY_LOG, MAY_INVOKE_KEEPER),
            function(
                "Probe",
                "ProbeRole",
                ", \"Environment\": {\"Variables\": {\"OWN\": {\"Ref\": \"AWS::Region\"}}}"),
            EVENTS,
            role("KeeperRole", "lambda.amazonaws.com", MAY_LOG),
            function(
                "Keeper", "KeeperRole", ", \"SnapStart\": {\"ApplyOn\": \"PublishedVersions\"}"),
            function("Busy", "KeeperRole", ""),
            function("Hasty", "KeeperRole", "").replace("\"Timeout\": 20", "\"Timeout\": 1"),
            function(
                "Stillborn",
                "KeeperRole",
                ", \"Environment\": {\"Variables\": {\"FAIL_TO_START\": \"yes\"}}"));
    functions = standIns.aws.functions();
  }

  @AfterAll
  static void stop() throws Exception {
    standIns.close();
  }

  @AfterEach
  void deliverAgain() {
    functions.clearFault("Probe");
  }

  private static byte[] word(String word) {
    return ("\"" + word + "\"").getBytes(StandardCharsets.UTF_8);
  }

  private static Outcome ask(String function, String word) {
    return functions.invoke(functions.functionArn(function), word(word)).join();
  }

  private static JsonNode failedPayload(Outcome outcome) throws IOException {
    assertThat(outcome).isInstanceOf(Outcome.Failed.class);
    return MAPPER.readTree(((Outcome.Failed) outcome).payload());
  }

  @Test
  void runsTheZipUnderAwssRuntimeInterfaceClient() {
    assertThat(ask("Probe", "hello")).isEqualTo(new Outcome.Answered("\"hello\""));
  }

  @Test
  void givesItTheTemplatesEnvironmentAndLambdasAndNothingElse() {
    String environment = ((Outcome.Answered) ask("Probe", "environment")).payload();
    assertThat(environment)
        .contains(
            "OWN=us-west-2",
            "AWS_REGION=us-west-2",
            "AWS_ACCESS_KEY_ID=ASIA",
            "AWS_LAMBDA_FUNCTION_NAME=dev-Data-Probe",
            "AWS_ENDPOINT_URL_DYNAMODB=http://127.0.0.1:",
            "AWS_ENDPOINT_URL_KMS=http://127.0.0.1:",
            "AWS_ENDPOINT_URL_IOT_DATA_PLANE=http://127.0.0.1:")
        .doesNotContain("HOME=", "JAVA_HOME", "USER=", "PWD=");
  }

  @Test
  void keepsCredentialsOutOfASnapshot() {
    String environment = ((Outcome.Answered) ask("Keeper", "environment")).payload();
    assertThat(environment)
        .contains("AWS_LAMBDA_INITIALIZATION_TYPE=snap-start", "AWS_CONTAINER_CREDENTIALS_FULL_URI")
        .doesNotContain("AWS_SECRET_ACCESS_KEY");
  }

  @Test
  void movesTheFunctionsClock() {
    Instant before = time();
    assertThat(before).isBetween(StandIns.START, standIns.clock.instant());
    Instant later = standIns.clock.instant().plus(Duration.ofDays(2));
    standIns.clock.moveTo(later);
    assertThat(time()).isBetween(later, standIns.clock.instant());
  }

  private static Instant time() {
    return Instant.parse(((Outcome.Answered) ask("Probe", "time")).payload().replace("\"", ""));
  }

  @Test
  void keepsWhatItWritesBeforeItAnswers() throws IOException {
    ask("Probe", "log");
    assertThat(standIns.aws.logs().lines("/aws/lambda/dev-Data-Probe"))
        .contains("the probe's line");
    assertThat(standIns.aws.logs().lines()).contains("the probe's line");
    assertThat(folder.resolve("work/logs/_aws_lambda_dev-Data-Probe/1.log")).isNotEmptyFile();
  }

  @Test
  void answersWithTheErrorOfAFunctionThatThrows() throws IOException {
    JsonNode error = failedPayload(ask("Probe", "throw"));
    assertThat(error.path("errorMessage").asText()).isEqualTo("as told");
    assertThat(error.path("errorType").asText()).isEqualTo("java.lang.IllegalStateException");
    assertThat(error.path("stackTrace").isArray()).isTrue();
  }

  @Test
  void startsAnotherProcessAfterOneThatEndedOrHung() throws IOException {
    assertThat(failedPayload(ask("Hasty", "exit")).path("errorType").asText())
        .isEqualTo("Runtime.ExitError");
    assertThat(failedPayload(ask("Hasty", "hang")).path("errorMessage").asText())
        .endsWith("Task timed out after 1.00 seconds");
    assertThat(ask("Hasty", "hello")).isInstanceOf(Outcome.Answered.class);
    functions.kill("Hasty");
    assertThat(ask("Hasty", "hello")).isInstanceOf(Outcome.Answered.class);
  }

  @Test
  void startsAnotherProcessForEventsThatWaitButNotForAShortBurst() {
    Stream.generate(() -> functions.invoke(functions.functionArn("Busy"), word("hello")))
        .limit(100)
        .toList()
        .forEach(CompletableFuture::join);
    assertThat(processesEverOf("Busy")).isEqualTo(1);
    var hanging = functions.invoke(functions.functionArn("Busy"), word("hang"));
    assertThat(ask("Busy", "hello")).isInstanceOf(Outcome.Answered.class);
    assertThat(hanging).isNotDone();
    assertThat(processesEverOf("Busy")).isEqualTo(2);
    functions.kill("Busy");
    assertThat(hanging.join()).isInstanceOf(Outcome.Failed.class);
  }

  private static int processesEverOf(String function) {
    String[] logs = folder.resolve("work/logs/_aws_lambda_dev-Data-" + function).toFile().list();
    return Objects.requireNonNull(logs).length;
  }

  @Test
  void failsAnEventForAFunctionThatDoesNotStart() throws IOException {
    assertThat(failedPayload(ask("Stillborn", "hello")).path("errorMessage").asText())
        .contains("told not to start");
  }

  private static int recordsAfter(String word, Runnable meanwhile) throws InterruptedException {
    int before = functions.failureRecords().size();
    functions.invokeAsync(functions.functionArn("Probe"), word(word));
    meanwhile.run();
    standIns.awaitQuiet();
    return functions.failureRecords().size() - before;
  }

  @Test
  void triesAgainAndThenTellsTheDestinationInLambdasOwnFormat() throws Exception {
    assertThat(recordsAfter("throw", () -> {})).isEqualTo(1);
    JsonNode record = MAPPER.readTree(functions.failureRecords().getLast().json());
    assertThat(record.path("version").asText()).isEqualTo("1.0");
    assertThat(Instant.parse(record.path("timestamp").asText())).isAfter(StandIns.START);
    JsonNode request = record.path("requestContext");
    assertThat(request.path("functionArn").asText())
        .isEqualTo("arn:aws:lambda:us-west-2:000000000000:function:dev-Data-Probe:live");
    assertThat(request.path("condition").asText()).isEqualTo("RetriesExhausted");
    assertThat(request.path("approximateInvokeCount").asInt()).isEqualTo(3);
    assertThat(request.path("requestId").asText()).hasSize(36);
    assertThat(record.path("requestPayload").asText()).isEqualTo("throw");
    assertThat(record.path("responseContext"))
        .isEqualTo(
            MAPPER.readTree(
                "{\"statusCode\":200,\"executedVersion\":\"1\",\"functionError\":\"Unhandled\"}"));
    assertThat(record.path("responsePayload").path("errorMessage").asText()).isEqualTo("as told");
  }

  @Test
  void goesOnWhenATryAfterACrashSucceeds() throws Exception {
    functions.setFault("Probe", (number, _) -> number == 1 ? Delivery.CRASH : Delivery.DELIVER);
    assertThat(recordsAfter("hello", () -> {})).isZero();
  }

  @Test
  void givesUpAnEventThatCrashesEveryProcess() throws Exception {
    functions.setFault("Probe", (_, _) -> Delivery.CRASH);
    assertThat(recordsAfter("hello", () -> {})).isEqualTo(1);
    assertThat(functions.failureRecords().getLast().json()).contains("Runtime.ExitError");
  }

  @Test
  void tellsOfEventsThatWereDealtWithAndOfNoOthers() throws Exception {
    var told = new CopyOnWriteArrayList<String>();
    functions.onAnswer("Probe", event -> told.add(new String(event, StandardCharsets.UTF_8)));
    assertThat(recordsAfter("throw", () -> {})).isEqualTo(1);
    assertThat(ask("Probe", "hello")).isInstanceOf(Outcome.Answered.class);
    assertThat(told).containsExactly("\"hello\"");
  }

  @Test
  void losesAnEventWithoutATrace() throws Exception {
    functions.setFault("Probe", (_, _) -> Delivery.LOSE);
    assertThat(recordsAfter("hello", () -> {})).isZero();
  }

  @Test
  void givesUpAnEventThatGotTooOldByTheMovedClock() throws Exception {
    functions.setFault(
        "Probe",
        (number, _) -> {
          if (number == 2) {
            standIns.clock.moveTo(standIns.clock.instant().plus(Duration.ofMinutes(61)));
          }
          return Delivery.DELIVER;
        });
    assertThat(recordsAfter("throw", () -> {})).isEqualTo(1);
    JsonNode record = MAPPER.readTree(functions.failureRecords().getLast().json());
    assertThat(record.path("requestContext").path("condition").asText())
        .isEqualTo("EventAgeExceeded");
    assertThat(record.path("requestContext").path("approximateInvokeCount").asInt()).isEqualTo(1);
  }

  @Test
  void losesNothingWhenItsProcessIsKilledAgainAndAgain() throws Exception {
    int before = functions.failureRecords().size();
    for (int i = 0; i < 200; i++) {
      functions.invokeAsync(functions.functionArn("Probe"), word("hello"));
      if (i % 50 == 0) {
        functions.kill("Probe");
      }
    }
    standIns.awaitQuiet();
    assertThat(functions.failureRecords()).hasSize(before);
  }

  @Test
  void asksForAPermission() {
    assertThat(
            functions.serviceMayInvoke(
                "iot.amazonaws.com",
                "arn:aws:iot:us-west-2:000000000000:rule/r",
                functions.functionArn("Probe")))
        .isFalse();
  }

  @Test
  void refusesToStartWithWhatCouldNotWork(@TempDir Path other) {
    record Broken(List<String> resources, String named) {}
    for (Broken broken :
        List.of(
            new Broken(
                List.of(role("R", "lambda.amazonaws.com"), function("Mute", "R", "")),
                "Mute of dev-Data has a role that may not write its log"),
            new Broken(
                List.of(role("R", "scheduler.amazonaws.com", MAY_LOG), function("Lost", "R", "")),
                "Lost of dev-Data has a role that Lambda may not assume"),
            new Broken(
                List.of(
                    role("R", "lambda.amazonaws.com", MAY_LOG),
                    function("Probe", "R", ""),
                    function("Keeper", "R", ""),
                    EVENTS),
                "function:dev-Data-Probe:live: its role may not invoke its failure destination"),
            new Broken(
                List.of(
                    role("R", "lambda.amazonaws.com", MAY_LOG),
                    function("Old", "R", "").replace("java25", "java21")),
                "Old of dev-Data has a runtime"),
            new Broken(
                List.of(
                    role(
                        "Keyed",
                        "lambda.amazonaws.com",
                        """
                        {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": "*",
                         "Condition": {"ForAllValues:StringEquals": {
                           "dynamodb:LeadingKeys": "x"}}}\
                        """)),
                "Keyed of dev-Data asks for a condition key that is not implemented: "
                    + "dynamodb:LeadingKeys"))) {
      Path folder = other.resolve(broken.named.substring(0, 3));
      assertThatThrownBy(() -> StandIns.start(folder, broken.resources.toArray(String[]::new)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(broken.named);
    }
  }
}

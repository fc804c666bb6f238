package meterveil.resend;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.stream.Stream;
import meterveil.connection.SignedHttp;
import meterveil.emulator.NoContext;
import meterveil.meter.Downlink;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.lambda.powertools.metrics.MetricsFactory;

class ResendFunctionTest {

  private static final String THING = "canary-thing";
  private static final String READINGS = hours("2013-01-01T00:00:00Z", 24);
  private static final String ASKED =
      "/topics/mv%2F1%2Ftenant-1%2Fcanary-thing%2Fresend {\"blocks\":[\"2013-01-01T00:00:00Z\"]}";

  /// A record of an error action, of the format in AWS's developer guide.
  private static final String ERROR_ACTION =
      """
      {
        "ruleName": "RULE",
        "topic": "TOPIC",
        "cloudwatchTraceId": "7e146a2c-95b5-6caf-98b9-50e3969734c7",
        "clientId": "canary-thing",
        "sourceIp": "192.0.2.1",
        "base64OriginalPayload": "PAYLOAD",
        "failures": [
          {
            "failedAction": "LambdaAction",
            "failedResource": "arn:aws:lambda:us-west-2:000000000000:function:collect:live",
            "errorMessage": "Failed to invoke lambda function. Received Server error from Lambda. The error code is 429. Message arrived on: TOPIC, Action: lambda"
          }
        ]
      }
      """;

  /// A record of a failed asynchronous invocation, of the format in AWS's developer guide.
  private static final String INVOCATION =
      """
      {
        "version": "1.0",
        "timestamp": "2013-01-02T00:05:05.568Z",
        "requestContext": {
          "requestId": "e4b46cbf-b738-xmpl-8880-a18cdf61200e",
          "functionArn": "arn:aws:lambda:us-west-2:000000000000:function:collect:live",
          "condition": "RetriesExhausted",
          "approximateInvokeCount": 3
        },
        "requestPayload": EVENT,
        "responseContext": {
          "statusCode": 200,
          "executedVersion": "1",
          "functionError": "Unhandled"
        },
        "responsePayload": {
          "errorMessage": "Rate of requests exceeds the allowed throughput.",
          "errorType": "software.amazon.awssdk.services.dynamodb.model.ThrottlingException",
          "stackTrace": ["meterveil.collect.CollectFunction.handleRequest(CollectFunction.java:60)"]
        }
      }
      """;

  private static final String EVENT =
      """
      {"payload": "PAYLOAD", "tenant": "tenant-1", "cohort": "00523-north-1", "thing": "canary-thing"}\
      """;

  private final ByteArrayOutputStream printed = new ByteArrayOutputStream();
  private final PrintStream out = System.out;
  private final PrintStream err = System.err;

  /// In place of IoT Core: path and body of what was published.
  private final List<String> published = new ArrayList<>();

  private int answer = 200;
  private final HttpServer server;
  private final ResendFunction function;

  ResendFunctionTest() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          published.add(
              exchange.getRequestURI().getRawPath()
                  + " "
                  + new String(exchange.getRequestBody().readAllBytes(), UTF_8));
          exchange.sendResponseHeaders(answer, -1);
          exchange.close();
        });
    server.start();
    function =
        new ResendFunction(
            new Downlink(
                URI.create("http://127.0.0.1:" + server.getAddress().getPort()),
                Region.US_WEST_2,
                StaticCredentialsProvider.create(AwsBasicCredentials.create("AKID", "none")),
                UrlConnectionHttpClient.create()),
            MetricsFactory.getMetricsInstance());
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
    server.stop(0);
  }

  @Test
  void asksForWhatTheRuleCouldNotDeliver() throws IOException {
    handle(errorAction("collect_readings", "mv/1/tenant-1/00523-north-1/canary-thing/readings"));

    assertThat(published).containsExactly(ASKED);
    assertThat(printed.toString(UTF_8)).contains("\"Asked\":1");
  }

  @Test
  void asksWhenTheTopicKeepsThePrefixOfBasicIngest() throws IOException {
    handle(
        errorAction(
            "collect_readings",
            "$aws/rules/collect_readings/mv/1/tenant-1/00523-north-1/canary-thing/readings"));

    assertThat(published).containsExactly(ASKED);
  }

  @Test
  void asksForWhatTheCollectorTriedInVain() throws IOException {
    handle(invocation(EVENT, READINGS));

    assertThat(published).containsExactly(ASKED);
    assertThat(printed.toString(UTF_8)).contains("\"Asked\":1");
  }

  @Test
  void asksForEventsThatGrewTooOldToBeTried() throws IOException {
    handle(
        """
        {"version": "1.0", "timestamp": "2013-01-02T01:05:05.568Z",
         "requestContext": {"requestId": "e4b46cbf-b738-xmpl-8880-a18cdf61200e",
           "functionArn": "arn:aws:lambda:us-west-2:000000000000:function:collect:live",
           "condition": "EventAgeExceeded", "approximateInvokeCount": 1},
         "requestPayload": EVENT}\
        """
            .replace("EVENT", EVENT.replace("PAYLOAD", base64(READINGS))));

    assertThat(published).containsExactly(ASKED);
  }

  @Test
  void asksForBothBlocksOfAMessage() throws IOException {
    handle(invocation(EVENT, hours("2013-01-01T18:00:00Z", 12)));

    assertThat(published)
        .containsExactly(
            "/topics/mv%2F1%2Ftenant-1%2Fcanary-thing%2Fresend"
                + " {\"blocks\":[\"2013-01-01T18:00:00Z\",\"2013-01-02T00:00:00Z\"]}");
  }

  static Stream<Arguments> records() {
    return Stream.of(
        Arguments.of("NOT_JSON", "canary-thing"),
        Arguments.of("NOT_JSON", "{\"requestPayload\": {\"thing\": \"canary-thing\""),
        Arguments.of("NOT_JSON", "[".repeat(10_000)),
        Arguments.of("NOT_JSON", "{\"canary\": 1%s}".formatted("0".repeat(2_000))),
        Arguments.of("UNKNOWN_FORMAT", "{\"canary\": 1e99999999999}"),
        Arguments.of("UNKNOWN_FORMAT", ""),
        Arguments.of("UNKNOWN_FORMAT", "null"),
        Arguments.of("UNKNOWN_FORMAT", "[1]"),
        Arguments.of("UNKNOWN_FORMAT", "{\"thing\": \"canary-thing\"}"),
        Arguments.of("UNKNOWN_FORMAT", "{\"requestPayload\": \"canary-thing\"}"),
        Arguments.of(
            "NOT_OF_READINGS",
            errorAction("another_rule", "mv/1/tenant-1/00523-north-1/canary-thing/readings")),
        Arguments.of(
            "NOT_OF_READINGS", errorAction("collect_status", "mv/1/tenant-1/canary-thing/status")),
        Arguments.of(
            "NOT_OF_READINGS",
            errorAction(
                "collect_readings",
                "$aws/rules/collect_status/mv/1/tenant-1/00523-n/canary-thing/readings")),
        Arguments.of(
            "NOT_OF_READINGS", errorAction("collect_readings", "mv/1/tenant-1/canary-thing")),
        Arguments.of(
            "NOT_OF_READINGS", "{\"base64OriginalPayload\": \"%s\"}".formatted(base64(READINGS))),
        Arguments.of(
            "NOT_OF_READINGS",
            invocation(EVENT.replace("\"cohort\": \"00523-north-1\", ", ""), READINGS)),
        Arguments.of("NOT_OF_READINGS", invocation("{}", READINGS)),
        Arguments.of(
            "BAD_NAME", invocation(EVENT.replace("\"tenant-1\"", "\"tenant/1\""), READINGS)),
        Arguments.of("BAD_NAME", invocation(EVENT.replace("\"tenant-1\"", "{}"), READINGS)),
        Arguments.of("BAD_NAME", invocation(EVENT.replace("thing\": ", "other\": "), READINGS)),
        Arguments.of(
            "BAD_NAME",
            errorAction("collect_readings", "mv/1/tenant-1/00523-north-1/canary.thing/readings")),
        Arguments.of(
            "NOT_BASE64",
            INVOCATION.replace("EVENT", EVENT.replace("PAYLOAD", "canary-thing is not base64"))),
        Arguments.of(
            "NOT_READINGS",
            INVOCATION.replace("EVENT", EVENT.replace("\"PAYLOAD\"", "{\"canary\": 1}"))),
        Arguments.of("NOT_READINGS", invocation(EVENT, "")),
        Arguments.of("NOT_READINGS", invocation(EVENT, "{\"canary\"")),
        Arguments.of("NOT_READINGS", invocation(EVENT, READINGS.replace("3113", "-3113"))),
        Arguments.of("NOT_READINGS", invocation(EVENT, hours("2013-01-01T01:00:00Z", 24))));
  }

  @ParameterizedTest
  @MethodSource("records")
  void asksForNothingThatTheCollectorWouldRefuse(String reason, String record) throws IOException {
    handle(record);

    assertThat(published).isEmpty();
    assertThat(printed.toString(UTF_8))
        .contains("\"NotAskable\":1", "\"Reason\":\"%s\"".formatted(reason))
        .doesNotContain("\"Asked\"");
  }

  @ParameterizedTest
  @MethodSource("records")
  @DisplayName("T2 Nothing of a record is printed that cannot be asked for")
  void printsNothingOfARecord(String reason, String record) throws IOException {
    handle(record);

    assertThat(printed.toString(UTF_8))
        .doesNotContain(THING, "canary", "3113", base64(READINGS), "tenant-1", "00523");
  }

  @Test
  @DisplayName("T2 Nothing of a record is printed when its meter is asked, or cannot be")
  void printsNothingOfAMeter() throws IOException {
    handle(invocation(EVENT, READINGS));
    answer = 403;

    assertThatThrownBy(() -> handle(invocation(EVENT, READINGS)))
        .isInstanceOf(SdkException.class)
        .hasMessage("IoT Core answered 403 to a publish")
        .hasNoCause();
    assertThat(published).hasSize(2);
    assertThat(printed.toString(UTF_8))
        .doesNotContain(THING, "canary", "3113", base64(READINGS), "tenant-1", "00523", "2013");
  }

  @Test
  void leavesAFailingPublishToLambdasRetries() throws IOException {
    answer = 500;
    assertThatThrownBy(() -> handle(invocation(EVENT, READINGS))).isInstanceOf(SdkException.class);
    assertThat(printed.toString(UTF_8)).doesNotContain("Asked");

    answer = 200;
    handle(invocation(EVENT, READINGS));
    assertThat(published).hasSize(SignedHttp.TRIES_MAX + 1).containsOnly(ASKED);
  }

  private void handle(String record) throws IOException {
    function.handleRequest(
        new ByteArrayInputStream(record.getBytes(UTF_8)),
        OutputStream.nullOutputStream(),
        new NoContext());
  }

  private static String errorAction(String rule, String topic) {
    return ERROR_ACTION
        .replace("RULE", rule)
        .replace("TOPIC", topic)
        .replace("PAYLOAD", base64(READINGS));
  }

  private static String invocation(String event, String readings) {
    return INVOCATION.replace("EVENT", event.replace("PAYLOAD", base64(readings)));
  }

  private static String hours(String start, int hours) {
    return "{\"start\": \"%s\", \"energyWh\": [3113%s]}"
        .formatted(start, ", null".repeat(hours - 1));
  }

  private static String base64(String payload) {
    return Base64.getEncoder().encodeToString(payload.getBytes(UTF_8));
  }
}

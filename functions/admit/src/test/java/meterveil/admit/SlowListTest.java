package meterveil.admit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import meterveil.emulator.NoContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.regions.Region;

/// A list of which every answer takes its time, and the most of them that there can be: of a meter
/// that came with an import, and in with another certificate.
class SlowListTest {

  /// What IoT Core waits for a hook.
  private static final Duration HOOK_TIMEOUT = Duration.ofSeconds(5);

  private static final String ROW =
      """
      "Item": {
        "thing": {"S": "m-1"}, "tenant": {"S": "grid"}, "district": {"S": "north"},
        "tariffClass": {"S": "RESIDENTIAL"}, "commodity": {"S": "ELECTRICITY"},
        "state": {"S": "PROVISIONED"}, "listedAt": {"S": "2013-01-01T00:00:00Z"},
        "certificateId": {"S": "%s"}, "certificateExpiresAt": {"S": "2049-12-31T23:59:59Z"},
        "leaving": {"BOOL": false}, "importId": {"S": "1"}}
      """
          .formatted("2".repeat(64));
  private static final String FOUND = "{%s}".formatted(ROW);
  private static final String IMPORT =
      """
      {"Item": {"thing": {"S": "import#1"}, "end": {"S": "DONE"}}}
      """;
  private static final String REFUSED =
      """
      {"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", %s}
      """
          .formatted(ROW);

  private final List<String> asked = new CopyOnWriteArrayList<>();
  private final ByteArrayOutputStream printed = new ByteArrayOutputStream();
  private final PrintStream out = System.out;
  private final HttpServer server;

  private Duration each = Duration.ZERO;

  SlowListTest() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
  }

  @BeforeEach
  void start() {
    server.createContext("/", this::answer);
    server.start();
    System.setOut(new PrintStream(printed, true, UTF_8));
  }

  @AfterEach
  void stop() {
    System.setOut(out);
    server.stop(0);
  }

  private void answer(HttpExchange exchange) throws IOException {
    String target = exchange.getRequestHeaders().getFirst("X-Amz-Target");
    String request = new String(exchange.getRequestBody().readAllBytes(), UTF_8);
    String operation = target.substring(target.indexOf('.') + 1);
    asked.add(operation);
    try {
      Thread.sleep(each);
    } catch (InterruptedException e) {
      throw new InterruptedIOException(e.getMessage());
    }
    boolean read = operation.equals("GetItem");
    byte[] answer = (read ? request.contains("import#") ? IMPORT : FOUND : REFUSED).getBytes(UTF_8);
    exchange.getResponseHeaders().add("Content-Type", "application/x-amz-json-1.0");
    exchange.sendResponseHeaders(read ? 200 : 400, answer.length);
    exchange.getResponseBody().write(answer);
    exchange.close();
  }

  private Duration refuse() throws IOException {
    try (var dynamoDb =
        AdmitFunction.dynamoDb()
            .endpointOverride(URI.create("http://127.0.0.1:" + server.getAddress().getPort()))
            .region(Region.US_WEST_2)
            .credentialsProvider(
                StaticCredentialsProvider.create(AwsBasicCredentials.create("id", "secret")))
            .build()) {
      var function = new AdmitFunction(new AdmitSettings("meters"), dynamoDb);
      var event = AdmitFunctionTest.event("m-1", "meter", "claim-7", "1".repeat(64));
      long start = System.nanoTime();
      assertThat(function.handleRequest(event, new NoContext()))
          .isEqualTo(Map.of("allowProvisioning", false));
      return Duration.ofNanos(System.nanoTime() - start);
    }
  }

  @Test
  void asksTheListThreeTimesAtMost() throws IOException {
    var _ = refuse(); // the first answer of a process may come too late on a slow machine
    asked.clear();

    assertThat(refuse()).isLessThan(HOOK_TIMEOUT);
    assertThat(asked).containsExactly("GetItem", "GetItem", "UpdateItem");
    assertThat(printed.toString(UTF_8)).contains("\"Reason\":\"ALREADY_PROVISIONED\"");
  }

  @Test
  void refusesWhileIotCoreWaitsThoughEveryAnswerTakesLong() throws IOException {
    each = Duration.ofMillis(1_900);

    assertThat(refuse()).isLessThan(HOOK_TIMEOUT);
    assertThat(printed.toString(UTF_8)).contains("\"Reason\":\"UNAVAILABLE\"");
  }
}

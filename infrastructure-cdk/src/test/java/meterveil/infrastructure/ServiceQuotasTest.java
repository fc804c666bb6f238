package meterveil.infrastructure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;

/// What AWS says of an account's quotas is understood, asked of a server that answers as AWS
/// documents.
class ServiceQuotasTest {

  /// What was asked, in order.
  private record Asked(String target, String authorization, Map<String, Object> body) {}

  private record Answer(int status, String body) {}

  private final List<Asked> asked = new ArrayList<>();
  private final Deque<Answer> answers = new ArrayDeque<>();
  private final SdkHttpClient http = UrlConnectionHttpClient.create();
  private HttpServer server;
  private ServiceQuotas quotas;

  @BeforeEach
  void answer() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::answer);
    server.start();
    var endpoint = URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    var credentials = StaticCredentialsProvider.create(AwsBasicCredentials.create("id", "secret"));
    quotas = new ServiceQuotas(endpoint, "us-west-2", credentials, http);
  }

  @AfterEach
  void stop() {
    server.stop(0);
    http.close();
  }

  @Test
  void takesWhatTheAccountWasGivenOverWhatEverybodyIs() throws IOException {
    answers.add(page("", "Connections", 500_000, "Connects", 500));
    answers.add(page("", "Connections", 1_000_000));

    var given = quotas.of("iotcore");

    assertThat(given.of("connections")).contains(1_000_000.0);
    assertThat(given.of("Connects")).contains(500.0);
    assertThat(given.of("Disconnects")).isEmpty();
    assertThat(given.accounts()).containsExactly("123456789012");
  }

  @Test
  void asksForEachPageAndSignsIt() throws IOException {
    answers.add(page("more", "One", 1));
    answers.add(page("", "Two", 2));
    answers.add(page("", "Three", 3));

    assertThat(quotas.of("lambda").values()).containsOnlyKeys("one", "two", "three");

    assertThat(asked)
        .extracting(Asked::target)
        .containsExactly(
            "ServiceQuotasV20190624.ListAWSDefaultServiceQuotas",
            "ServiceQuotasV20190624.ListAWSDefaultServiceQuotas",
            "ServiceQuotasV20190624.ListServiceQuotas");
    assertThat(asked)
        .allSatisfy(request -> {
          assertThat(request.body()).containsEntry("ServiceCode", "lambda");
          assertThat(request.authorization())
              .contains("/us-west-2/servicequotas/aws4_request", "x-amz-target");
        });
    assertThat(asked.get(0).body()).doesNotContainKey("NextToken");
    assertThat(asked.get(1).body()).containsEntry("NextToken", "more");
    assertThat(asked.get(2).body()).doesNotContainKey("NextToken");
  }

  @Test
  void asksAgainWhenAskedToWait() throws IOException {
    answers.add(new Answer(400, "{\"__type\":\"TooManyRequestsException\"}"));
    answers.add(new Answer(503, ""));
    answers.add(page("", "One", 1));
    answers.add(page(""));

    assertThat(quotas.of("lambda").of("One")).contains(1.0);
  }

  @Test
  void saysWhatAwsRefuses() {
    answers.add(new Answer(400, "{\"__type\":\"AccessDeniedException\"}"));

    assertThatThrownBy(() -> quotas.of("lambda"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("ListAWSDefaultServiceQuotas with 400")
        .hasMessageContaining("AccessDeniedException");
    assertThat(asked).hasSize(1);
  }

  @Test
  void asksTheEndpointThatTheSdkWould() {
    assertThat(ServiceQuotas.endpoint("us-west-2", Map.of()))
        .hasToString("https://servicequotas.us-west-2.amazonaws.com");
    var elsewhere = Map.of("AWS_ENDPOINT_URL_SERVICE_QUOTAS", "http://here");
    assertThat(ServiceQuotas.endpoint("us-west-2", elsewhere)).hasToString("http://here");
  }

  private static Answer page(String next, Object... namesAndValues) {
    var quotas = new ArrayList<Map<String, Object>>();
    for (var at = 0; at < namesAndValues.length; at += 2) {
      var name = namesAndValues[at];
      quotas.add(
          Map.of(
              "QuotaName",
              name,
              "Value",
              namesAndValues[at + 1],
              "QuotaArn",
              "arn:aws:servicequotas:us-west-2:123456789012:iotcore/L-" + name));
    }
    var page = new TreeMap<String, Object>(Map.of("Quotas", quotas));
    if (!next.isEmpty()) {
      page.put("NextToken", next);
    }
    return new Answer(200, CdkJson.text(page));
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      var headers = exchange.getRequestHeaders();
      var body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
      asked.add(
          new Asked(
              headers.getFirst("X-Amz-Target"),
              headers.getFirst("Authorization"),
              CdkJson.parse(body)));
      var answer = answers.remove();
      var bytes = answer.body().getBytes(StandardCharsets.UTF_8);
      exchange.sendResponseHeaders(answer.status(), bytes.length == 0 ? -1 : bytes.length);
      exchange.getResponseBody().write(bytes);
    }
  }
}

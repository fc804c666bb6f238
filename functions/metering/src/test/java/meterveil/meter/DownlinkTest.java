package meterveil.meter;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import meterveil.block.BlockLength;
import meterveil.cohort.CohortId;
import meterveil.connection.SignedHttp;
import meterveil.meter.MeterSettings.Membership;
import meterveil.tenant.TenantId;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.exception.SdkServiceException;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;

class DownlinkTest {

  private static final TenantId TENANT = new TenantId("tenant-1");
  private static final ThingName THING = new ThingName("canary-thing");
  private static final CohortId COHORT = new CohortId("00523-north-1");
  private static final ResendRequest REQUEST =
      new ResendRequest(List.of(Instant.parse("2013-01-01T00:00:00Z")));
  private static final String SECRET = "not a secret";

  private record Received(
      String method, String path, String query, String body, Map<String, String> headers) {}

  /// In place of IoT Core: keeps what it receives, answers as told and else with 200.
  private final List<Received> received = new ArrayList<>();

  private final Deque<Integer> answers = new ArrayDeque<>();
  private final HttpServer server;
  private final Downlink downlink;

  DownlinkTest() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          var headers = new TreeMap<String, String>();
          exchange
              .getRequestHeaders()
              .forEach(
                  (name, values) -> headers.put(name.toLowerCase(Locale.ROOT), values.getFirst()));
          received.add(
              new Received(
                  exchange.getRequestMethod(),
                  exchange.getRequestURI().getRawPath(),
                  exchange.getRequestURI().getRawQuery(),
                  new String(exchange.getRequestBody().readAllBytes(), UTF_8),
                  headers));
          byte[] answer = "{\"message\":\"canary\",\"traceId\":\"1\"}".getBytes(UTF_8);
          exchange.sendResponseHeaders(answers.isEmpty() ? 200 : answers.remove(), answer.length);
          exchange.getResponseBody().write(answer);
          exchange.close();
        });
    server.start();
    downlink = downlink(server.getAddress().getPort());
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  @Test
  void asksAMeterAgain() {
    downlink.resend(TENANT, THING, REQUEST);

    Received message = received.getFirst();
    assertThat(message.method()).isEqualTo("POST");
    assertThat(message.path()).isEqualTo("/topics/mv%2F1%2Ftenant-1%2Fcanary-thing%2Fresend");
    assertThat(message.query()).isEqualTo("qos=1");
    assertThat(message.body()).isEqualTo("{\"blocks\":[\"2013-01-01T00:00:00Z\"]}");
  }

  @Test
  void asksACohortAgain() {
    downlink.resend(TENANT, COHORT, REQUEST);

    assertThat(received.getFirst().path())
        .isEqualTo("/topics/mv%2F1%2Ftenant-1%2Fcohort%2F00523-north-1%2Fresend");
    assertThat(received.getFirst().query()).isEqualTo("qos=1");
  }

  @Test
  void retainsSettings() {
    downlink.settings(
        TENANT, THING, new MeterSettings(List.of(new Membership(COHORT, BlockLength.DAY))));

    Received message = received.getFirst();
    assertThat(message.path()).isEqualTo("/topics/mv%2F1%2Ftenant-1%2Fcanary-thing%2Fsettings");
    assertThat(message.query().split("&", -1)).containsExactlyInAnyOrder("qos=1", "retain=true");
    assertThat(DownlinkJson.settings(message.body().getBytes(UTF_8)).memberships())
        .containsExactly(new Membership(COHORT, BlockLength.DAY));
  }

  @Test
  void cutsAConnectionIfThereIsOne() {
    downlink.disconnect(THING);
    answers.add(404);
    downlink.disconnect(THING);

    assertThat(received)
        .extracting(message -> message.method() + " " + message.path() + "?" + message.query())
        .containsOnly("DELETE /connections/canary-thing?cleanSession=true");
  }

  /// The signature is computed again here by AWS's published recipe, from what went over the wire.
  @Test
  void signsSoThatIotCoreCanTellWhoAsks() throws GeneralSecurityException {
    downlink.settings(TENANT, THING, new MeterSettings(List.of()));

    Received message = received.getFirst();
    var parts =
        Pattern.compile(
                "AWS4-HMAC-SHA256 Credential=AKID/([0-9]{8})/us-west-2/iotdevicegateway/aws4_request,"
                    + " SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})")
            .matcher(String.valueOf(message.headers().get("authorization")));
    assertThat(parts.matches()).isTrue();
    assertThat(parts.group(2).split(";", -1)).contains("host", "x-amz-date");
    String canonical =
        String.join(
            "\n",
            "POST",
            message.path().replace("%", "%25"), // every service but S3 encodes the path twice
            Stream.of(message.query().split("&", -1)).sorted().collect(Collectors.joining("&")),
            Stream.of(parts.group(2).split(";", -1))
                .map(name -> name + ":" + message.headers().get(name) + "\n")
                .collect(Collectors.joining()),
            parts.group(2),
            sha256(message.body()));
    String scope = parts.group(1) + "/us-west-2/iotdevicegateway/aws4_request";
    byte[] key = ("AWS4" + SECRET).getBytes(UTF_8);
    for (String step : scope.split("/", -1)) {
      key = hmac(key, step);
    }
    String toSign =
        String.join(
            "\n",
            "AWS4-HMAC-SHA256",
            message.headers().get("x-amz-date"),
            scope,
            sha256(canonical));
    assertThat(HexFormat.of().formatHex(hmac(key, toSign))).isEqualTo(parts.group(3));
  }

  @Test
  void triesAgainWhatPasses() {
    answers.addAll(List.of(429, 503));

    downlink.resend(TENANT, THING, REQUEST);

    assertThat(received).hasSize(3);
    assertThat(received).extracting(Received::body).containsOnly(received.getFirst().body());
  }

  @Test
  void givesUpAfterThreeTries() {
    answers.addAll(List.of(500, 500, 500));

    var thrown =
        catchThrowableOfType(
            SdkServiceException.class, () -> downlink.resend(TENANT, THING, REQUEST));

    assertThat(thrown).hasMessage("IoT Core answered 500 to a publish");
    assertThat(thrown.statusCode()).isEqualTo(500);
    assertThat(received).hasSize(SignedHttp.TRIES_MAX);
  }

  @Test
  void doesNotTryAgainWhatIsForbidden() {
    answers.add(403);

    assertThatThrownBy(() -> downlink.resend(TENANT, THING, REQUEST))
        .hasMessage("IoT Core answered 403 to a publish");
    assertThat(received).hasSize(1);
  }

  @Test
  void namesNoMeterWhenIotCoreCannotBeReached() {
    int port = server.getAddress().getPort();
    server.stop(0);

    assertThatThrownBy(() -> downlink(port).resend(TENANT, THING, REQUEST))
        .isInstanceOf(SdkClientException.class)
        .hasMessage("IoT Core cannot be reached: ConnectException")
        .hasNoCause();
  }

  @Test
  void takesTheEndpointFromTheSdksVariable() {
    assertThat(Downlink.endpoint(Map.of(), Region.US_WEST_2))
        .isEqualTo(URI.create("https://data-ats.iot.us-west-2.amazonaws.com"));
    assertThat(
            Downlink.endpoint(
                Map.of("AWS_ENDPOINT_URL_IOT_DATA_PLANE", "http://127.0.0.1:1"), Region.US_WEST_2))
        .isEqualTo(URI.create("http://127.0.0.1:1"));
  }

  private static Downlink downlink(int port) {
    return new Downlink(
        URI.create("http://127.0.0.1:" + port),
        Region.US_WEST_2,
        StaticCredentialsProvider.create(AwsBasicCredentials.create("AKID", SECRET)),
        UrlConnectionHttpClient.create());
  }

  private static String sha256(String text) throws GeneralSecurityException {
    return HexFormat.of()
        .formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(UTF_8)));
  }

  private static byte[] hmac(byte[] key, String text) throws GeneralSecurityException {
    var mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(key, "HmacSHA256"));
    return mac.doFinal(text.getBytes(UTF_8));
  }
}

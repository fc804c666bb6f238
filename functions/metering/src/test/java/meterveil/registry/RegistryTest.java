package meterveil.registry;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import meterveil.connection.JdkHttp;
import meterveil.meter.ThingName;
import meterveil.registry.Certificate.Status;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.exception.SdkServiceException;
import software.amazon.awssdk.regions.Region;

class RegistryTest {

  private static final ThingName THING = new ThingName("m-1");
  private static final String ARN = "arn:aws:iot:us-west-2:000000000000:cert/" + "a".repeat(64);

  private record Answer(int status, String error, String body) {}

  /// In place of IoT Core: keeps what it is asked, answers as told and else with 200 and nothing.
  private final List<String> asked = new ArrayList<>();

  private final Deque<Answer> answers = new ArrayDeque<>();
  private final HttpServer server;
  private final Registry registry;

  RegistryTest() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          var principal = exchange.getRequestHeaders().getFirst("x-amzn-principal");
          asked.add(
              "%s %s %s%s"
                  .formatted(
                      exchange.getRequestMethod(),
                      exchange.getRequestURI(),
                      Objects.requireNonNullElse(principal, ""),
                      new String(exchange.getRequestBody().readAllBytes(), UTF_8)));
          assertThat(exchange.getRequestHeaders().getFirst("Authorization"))
              .contains("/us-west-2/iot/aws4_request");
          Answer answer = answers.isEmpty() ? new Answer(200, "", "{}") : answers.remove();
          if (!answer.error().isEmpty()) {
            exchange.getResponseHeaders().add("x-amzn-ErrorType", answer.error());
          }
          byte[] body = answer.body().getBytes(UTF_8);
          exchange.sendResponseHeaders(answer.status(), body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    server.start();
    registry =
        new Registry(
            URI.create("http://127.0.0.1:" + server.getAddress().getPort()),
            Region.US_WEST_2,
            StaticCredentialsProvider.create(AwsBasicCredentials.create("AKID", "secret")),
            new JdkHttp());
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  @Test
  void describesAThing() {
    answers.add(
        new Answer(
            200,
            "",
            """
            {"thingName": "m-1", "thingTypeName": "meter", "version": 3,
             "attributes": {"tenant": "grid", "cohortA": "none"}}
            """));

    assertThat(registry.thing(THING))
        .contains(new Thing(THING, "meter", Map.of("tenant", "grid", "cohortA", "none")));
    assertThat(asked).containsExactly("GET /things/m-1 ");
  }

  @Test
  void knowsThatThereIsNoSuchThing() {
    for (int i = 0; i < 3; i++) {
      answers.add(new Answer(404, "ResourceNotFoundException", "{}"));
    }

    assertThat(registry.thing(THING)).isEmpty();
    assertThat(registry.update(THING, Map.of("cohortA", "x"))).isFalse();
    assertThat(registry.principals(THING)).isEmpty();
  }

  @Test
  void makesAThingOnce() {
    answers.add(new Answer(200, "", "{}"));
    answers.add(new Answer(409, "ResourceAlreadyExistsException", "{}"));

    registry.create(THING, Thing.METER, Map.of("tenant", "grid"));
    registry.create(THING, Thing.METER, Map.of("tenant", "grid"));

    assertThat(asked)
        .containsOnly(
            "POST /things/m-1 {\"attributePayload\":{\"attributes\":{\"tenant\":\"grid\"}},"
                + "\"thingTypeName\":\"meter\"}");
  }

  @Test
  void setsSomeAttributes() {
    assertThat(registry.update(THING, Map.of("cohortA", "00524-north-re-1"))).isTrue();

    assertThat(asked)
        .containsExactly(
            "PATCH /things/m-1 {\"attributePayload\":{\"attributes\":"
                + "{\"cohortA\":\"00524-north-re-1\"},\"merge\":true}}");
  }

  @Test
  void followsEveryPageOfPrincipals() {
    answers.add(new Answer(200, "", "{\"principals\":[\"one\"],\"nextToken\":\"n\"}"));
    answers.add(new Answer(200, "", "{\"principals\":[\"two\"]}"));

    assertThat(registry.principals(THING)).containsExactly("one", "two");
    assertThat(asked)
        .containsExactly("GET /things/m-1/principals ", "GET /things/m-1/principals?nextToken=n ");
  }

  @Test
  void attachesWhatBelongsTogether() {
    registry.attach(THING, ARN);
    registry.attachPolicy("Meter", ARN);
    registry.addToGroup("grid", THING);

    assertThat(asked)
        .containsExactly(
            "PUT /things/m-1/principals " + ARN,
            "PUT /target-policies/Meter {\"target\":\"" + ARN + "\"}",
            "PUT /thing-groups/addThingToThingGroup"
                + " {\"thingGroupName\":\"grid\",\"thingName\":\"m-1\"}");
  }

  @Test
  void describesACertificateAndSetsItsStatus() {
    var id = "a".repeat(64);
    answers.add(
        new Answer(
            200,
            "",
            """
            {"certificateDescription": {"certificateId": "%s", "certificateArn": "%s",
             "certificatePem": "pem", "status": "PENDING_ACTIVATION", "creationDate": 1.5}}
            """
                .formatted(id, ARN)));

    assertThat(registry.certificate(id))
        .contains(new Certificate(id, ARN, "pem", Status.PENDING_ACTIVATION));
    registry.set(id, Status.REVOKED);

    assertThat(asked)
        .containsExactly(
            "GET /certificates/" + id + " ", "PUT /certificates/" + id + "?newStatus=REVOKED ");
  }

  @Test
  void triesAgainWhatIsThrottledThoughItComesAsABadRequest() {
    answers.add(new Answer(400, "ThrottlingException:http://internal/", "{}"));
    answers.add(new Answer(429, "", "{}"));

    registry.attach(THING, ARN);

    assertThat(asked).hasSize(3);
  }

  @Test
  void namesNoMeterWhenSomethingIsForbidden() {
    answers.add(new Answer(403, "AccessDeniedException", "{\"message\":\"m-1\"}"));

    assertThatThrownBy(() -> registry.attach(THING, ARN))
        .isInstanceOf(SdkServiceException.class)
        .hasMessage(
            "IoT Core answered 403 (AccessDeniedException) to the attachment of a certificate");
    assertThat(asked).hasSize(1);
  }

  @Test
  void takesTheEndpointFromTheSdksVariable() {
    assertThat(Registry.endpoint(Map.of(), Region.US_WEST_2))
        .isEqualTo(URI.create("https://iot.us-west-2.amazonaws.com"));
    assertThat(
            Registry.endpoint(
                Map.of("AWS_ENDPOINT_URL_IOT", "http://127.0.0.1:1"), Region.US_WEST_2))
        .isEqualTo(URI.create("http://127.0.0.1:1"));
  }
}

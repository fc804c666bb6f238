package meterveil.embedded.aws;

import static meterveil.embedded.aws.TestAssembly.allow;
import static meterveil.embedded.aws.TestAssembly.role;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import meterveil.embedded.aws.AwsStandIns.Access;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.http.ContentStreamProvider;
import software.amazon.awssdk.http.HttpExecuteRequest;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.http.SdkHttpRequest;
import software.amazon.awssdk.http.auth.aws.signer.AwsV4HttpSigner;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;

class IotDataDoorTest {

  private static final String TOPICS = "{\"Fn::Sub\": \"arn:aws:iot:us-west-2:${AWS::AccountId}:";

  @TempDir static Path folder;
  private static StandIns standIns;

  @BeforeAll
  static void start() throws Exception {
    standIns =
        StandIns.start(
            folder,
            role(
                "Asker",
                "lambda.amazonaws.com",
                allow("\"iot:Publish\"", TOPICS + "topic/mv/1/*/*/resend\"}")),
            role(
                "Planner",
                "lambda.amazonaws.com",
                allow(
                    "\"iot:Publish\", \"iot:RetainPublish\"",
                    TOPICS + "topic/mv/1/*/*/settings\"}")));
  }

  @AfterAll
  static void stop() throws Exception {
    standIns.close();
  }

  @BeforeEach
  void forget() {
    standIns.published.clear();
  }

  /// Posts as the SDK does.
  ///
  /// @param pathAndQuery as they are sent
  private static int post(String role, String pathAndQuery, String payload) throws IOException {
    Access access = standIns.aws.as(role);
    ContentStreamProvider body =
        () -> new ByteArrayInputStream(payload.getBytes(StandardCharsets.UTF_8));
    SdkHttpRequest unsigned =
        SdkHttpRequest.builder()
            .method(SdkHttpMethod.POST)
            .uri(URI.create(access.iotData() + pathAndQuery))
            .build();
    var signed =
        AwsV4HttpSigner.create()
            .sign(r ->
                r.identity(access.credentials().resolveIdentity().join())
                    .request(unsigned)
                    .payload(body)
                    .putProperty(AwsV4HttpSigner.SERVICE_SIGNING_NAME, "iotdevicegateway")
                    .putProperty(AwsV4HttpSigner.REGION_NAME, access.region()));
    try (var http = UrlConnectionHttpClient.create()) {
      return http.prepareRequest(
              HttpExecuteRequest.builder()
                  .request(signed.request())
                  .contentStreamProvider(signed.payload().orElseThrow())
                  .build())
          .call()
          .httpResponse()
          .statusCode();
    }
  }

  @Test
  void publishesWhatTheRoleMay() throws IOException {
    assertThat(post("Asker", "/topics/mv%2F1%2Ft%2Fm%2Fresend?qos=1", "{}")).isEqualTo(200);
    assertThat(post("Planner", "/topics/mv%2F1%2Ft%2Fm%2Fsettings?qos=1&retain=true", "{}"))
        .isEqualTo(200);
    assertThat(standIns.published)
        .containsExactly("mv/1/t/m/resend {} 1 false", "mv/1/t/m/settings {} 1 true");
  }

  @Test
  @DisplayName("T45 a role publishes where it may, and retains only if it may")
  void refusesTheRest() throws IOException {
    assertThat(post("Asker", "/topics/mv%2F1%2Ft%2Fm%2Fsettings?qos=1", "{}")).isEqualTo(403);
    assertThat(post("Asker", "/topics/mv%2F1%2Ft%2Fm%2Fresend?qos=1&retain=true", "{}"))
        .isEqualTo(403);
    assertThat(post("Asker", "/topics/mv%2F1%2Ft%2Fm%2Fresend?qos=2", "{}")).isEqualTo(400);
    assertThat(post("Asker", "/things/m/shadow", "{}")).isEqualTo(404);
    assertThat(standIns.published).isEmpty();
  }
}

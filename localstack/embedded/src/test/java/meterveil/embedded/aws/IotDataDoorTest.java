package meterveil.embedded.aws;

import static meterveil.embedded.aws.TestAssembly.allow;
import static meterveil.embedded.aws.TestAssembly.role;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import meterveil.embedded.aws.AwsStandIns.Access;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.http.SdkHttpMethod;

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
                "Cutter",
                "lambda.amazonaws.com",
                allow("\"iot:DeleteConnection\"", TOPICS + "client/*\"}")),
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

  /// @param pathAndQuery as they are sent
  private static int post(String role, String pathAndQuery, String payload) throws Exception {
    return call(role, SdkHttpMethod.POST, pathAndQuery, payload);
  }

  private static int call(String role, SdkHttpMethod method, String pathAndQuery, String payload)
      throws Exception {
    Access access = standIns.aws.as(role);
    return SignedHttp.call(
            access, access.iotData(), "iotdevicegateway", method, pathAndQuery, payload, Map.of())
        .status();
  }

  @Test
  void publishesWhatTheRoleMay() throws Exception {
    assertThat(post("Asker", "/topics/mv%2F1%2Ft%2Fm%2Fresend?qos=1", "{}")).isEqualTo(200);
    assertThat(post("Planner", "/topics/mv%2F1%2Ft%2Fm%2Fsettings?qos=1&retain=true", "{}"))
        .isEqualTo(200);
    assertThat(standIns.published)
        .containsExactly("mv/1/t/m/resend {} 1 false", "mv/1/t/m/settings {} 1 true");
  }

  @Test
  @DisplayName("T45 a role publishes where it may, and retains only if it may")
  void refusesTheRest() throws Exception {
    assertThat(post("Asker", "/topics/mv%2F1%2Ft%2Fm%2Fsettings?qos=1", "{}")).isEqualTo(403);
    assertThat(post("Asker", "/topics/mv%2F1%2Ft%2Fm%2Fresend?qos=1&retain=true", "{}"))
        .isEqualTo(403);
    assertThat(post("Asker", "/topics/mv%2F1%2Ft%2Fm%2Fresend?qos=2", "{}")).isEqualTo(400);
    assertThat(post("Asker", "/things/m/shadow", "{}")).isEqualTo(404);
    assertThat(standIns.published).isEmpty();
  }

  @Test
  @DisplayName("T45 a role cuts connections only if it may")
  void cutsAConnection() throws Exception {
    standIns.connected.add("m-1");
    assertThat(call("Asker", SdkHttpMethod.DELETE, "/connections/m-1", "")).isEqualTo(403);
    assertThat(call("Cutter", SdkHttpMethod.DELETE, "/connections/m-1", "")).isEqualTo(200);
    assertThat(standIns.connected).isEmpty();
    assertThat(call("Cutter", SdkHttpMethod.DELETE, "/connections/m-1", "")).isEqualTo(404);
  }
}

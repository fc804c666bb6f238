package meterveil.embedded.aws;

import static java.util.Objects.requireNonNull;
import static meterveil.embedded.aws.TestAssembly.allow;
import static meterveil.embedded.aws.TestAssembly.role;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import meterveil.embedded.aws.AwsStandIns.Access;
import meterveil.embedded.aws.SignedHttp.Answer;
import meterveil.embedded.iot.CertificateAuthority;
import meterveil.embedded.iot.Thing;
import meterveil.embedded.iot.ThingRegistry.Status;
import meterveil.embedded.policy.PolicyDocument;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.http.SdkHttpMethod;

class IotDoorTest {

  private static final String ARN = "{\"Fn::Sub\": \"arn:aws:iot:us-west-2:${AWS::AccountId}:";
  private static final JsonMapper JSON = new JsonMapper();

  @TempDir static Path folder;
  private static StandIns standIns;
  private static CertificateAuthority authority;

  @BeforeAll
  static void start() throws Exception {
    standIns =
        StandIns.start(
            folder,
            role(
                "Registrar",
                "lambda.amazonaws.com",
                allow(
                    "\"iot:DescribeThing\", \"iot:CreateThing\", \"iot:UpdateThing\"",
                    ARN + "thing/m-*\"}"),
                allow(
                    "\"iot:DescribeCertificate\", \"iot:UpdateCertificate\", \"iot:AttachPolicy\"",
                    ARN + "cert/*\"}"),
                allow("\"iot:AddThingToThingGroup\"", ARN + "thing/m-*\"}"),
                allow("\"iot:AddThingToThingGroup\"", ARN + "thinggroup/grid-1\"}"),
                allow("\"iot:AttachThingPrincipal\", \"iot:ListThingPrincipals\"", "\"*\"")),
            role("Nobody", "lambda.amazonaws.com"));
    authority = new CertificateAuthority(folder.resolve("certificates"), "Test authority");
    standIns.registry.createGroup("grid-1");
    standIns.registry.createGroup("grid-2");
    standIns.registry.putPolicy(
        "Meter",
        PolicyDocument.parse(
            JSON.readTree(
                "{\"Version\": \"2012-10-17\", \"Statement\": {\"Effect\": \"Allow\","
                    + " \"Action\": \"iot:Connect\", \"Resource\": \"*\"}}"),
            "Meter"));
  }

  @AfterAll
  static void stop() throws Exception {
    standIns.close();
  }

  private static Answer call(
      String role, SdkHttpMethod method, String path, String body, Map<String, String> headers)
      throws Exception {
    Access access = standIns.aws.as(role);
    return SignedHttp.call(access, access.iot(), "iot", method, path, body, headers);
  }

  private static Answer call(SdkHttpMethod method, String path, String body) throws Exception {
    return call("Registrar", method, path, body, Map.of());
  }

  private static String certificate(String name) throws Exception {
    return standIns.registry.registerCertificate(authority.issue(name).certificate());
  }

  @Test
  void makesDescribesAndChangesAThing() throws Exception {
    String thing =
        "{\"thingTypeName\": \"meter\", \"attributePayload\": {\"attributes\":"
            + " {\"tenant\": \"grid-1\", \"cohortA\": \"none\"}}}";
    assertThat(call(SdkHttpMethod.POST, "/things/m-1", thing).status()).isEqualTo(200);
    assertThat(call(SdkHttpMethod.POST, "/things/m-1", thing).status()).isEqualTo(200);
    assertThat(call(SdkHttpMethod.POST, "/things/m-1", "{}").status()).isEqualTo(409);
    assertThat(
            call(
                    SdkHttpMethod.PATCH,
                    "/things/m-1",
                    "{\"attributePayload\": {\"attributes\": {\"cohortA\": \"c\"}, \"merge\": true}}")
                .status())
        .isEqualTo(200);
    assertThat(JSON.readTree(call(SdkHttpMethod.GET, "/things/m-1", "").body()))
        .isEqualTo(
            JSON.readTree(
                "{\"thingName\": \"m-1\", \"thingArn\":"
                    + " \"arn:aws:iot:us-west-2:000000000000:thing/m-1\", \"defaultClientId\":"
                    + " \"m-1\", \"version\": 1, \"thingTypeName\": \"meter\", \"attributes\":"
                    + " {\"tenant\": \"grid-1\", \"cohortA\": \"c\"}}"));
    assertThat(call(SdkHttpMethod.GET, "/things/m-none", "").status()).isEqualTo(404);
    assertThat(call(SdkHttpMethod.PATCH, "/things/m-1", "{\"expectedVersion\": 3}").status())
        .isEqualTo(400);
  }

  @Test
  void attachesACertificateAndItsPolicy() throws Exception {
    standIns.registry.createThing("m-2", "meter", Map.of());
    String id = certificate("m-2");
    String arn = standIns.registry.arn("cert/" + id);
    assertThat(
            call(
                    "Registrar",
                    SdkHttpMethod.PUT,
                    "/things/m-2/principals",
                    "",
                    Map.of("x-amzn-principal", arn))
                .status())
        .isEqualTo(200);
    String target = "{\"target\": \"" + arn + "\"}";
    assertThat(call(SdkHttpMethod.PUT, "/target-policies/Meter", target).status()).isEqualTo(200);
    assertThat(call(SdkHttpMethod.PUT, "/target-policies/None", target).status()).isEqualTo(404);
    assertThat(JSON.readTree(call(SdkHttpMethod.GET, "/things/m-2/principals", "").body()))
        .isEqualTo(JSON.readTree("{\"principals\": [\"" + arn + "\"]}"));
    assertThat(requireNonNull(standIns.registry.certificate(id)).policies())
        .containsExactly("Meter");
  }

  @Test
  void changesAndTellsTheStatusOfACertificate() throws Exception {
    String id = certificate("m-3");
    assertThat(call(SdkHttpMethod.PUT, "/certificates/" + id + "?newStatus=REVOKED", "").status())
        .isEqualTo(200);
    assertThat(requireNonNull(standIns.registry.certificate(id)).status())
        .isEqualTo(Status.REVOKED);
    assertThat(call(SdkHttpMethod.GET, "/certificates/" + id, "").body())
        .contains("\"status\":\"REVOKED\"", "BEGIN CERTIFICATE", "\"notAfter\":2524607999");
    assertThat(
            call(SdkHttpMethod.PUT, "/certificates/" + id + "?newStatus=PENDING_ACTIVATION", "")
                .status())
        .isEqualTo(400);
    assertThat(call(SdkHttpMethod.GET, "/certificates/none", "").status()).isEqualTo(404);
  }

  @Test
  @DisplayName("T45 a role changes no thing, certificate or group that its policies do not name")
  void refusesTheRest() throws Exception {
    standIns.registry.createThing("m-4", "meter", Map.of());
    standIns.registry.createThing("other", "meter", Map.of());
    String id = certificate("m-4");
    String arn = standIns.registry.arn("cert/" + id);
    assertThat(call(SdkHttpMethod.GET, "/things/other", "").status()).isEqualTo(403);
    assertThat(call(SdkHttpMethod.POST, "/things/another", "{}").status()).isEqualTo(403);
    assertThat(
            call(
                    "Nobody",
                    SdkHttpMethod.PUT,
                    "/certificates/" + id + "?newStatus=REVOKED",
                    "",
                    Map.of())
                .status())
        .isEqualTo(403);
    assertThat(
            call(
                    "Nobody",
                    SdkHttpMethod.PUT,
                    "/things/m-4/principals",
                    "",
                    Map.of("x-amzn-principal", arn))
                .status())
        .isEqualTo(403);
    assertThat(addToGroup("m-4", "grid-1")).isEqualTo(200);
    assertThat(addToGroup("m-4", "grid-2")).isEqualTo(403);
    assertThat(addToGroup("other", "grid-1")).isEqualTo(403);
    assertThat(standIns.registry.group("grid-1")).contains(Set.of("m-4"));
    assertThat(standIns.registry.thing("other")).contains(new Thing("other", "meter", Map.of()));
  }

  private static int addToGroup(String thing, String group) throws Exception {
    return call(
            SdkHttpMethod.PUT,
            "/thing-groups/addThingToThingGroup",
            "{\"thingName\": \"%s\", \"thingGroupName\": \"%s\"}".formatted(thing, group))
        .status();
  }
}

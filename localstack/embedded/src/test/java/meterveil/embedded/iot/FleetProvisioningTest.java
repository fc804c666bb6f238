package meterveil.embedded.iot;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import meterveil.embedded.iot.ThingRegistry.Status;
import meterveil.embedded.policy.PolicyDocument;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FleetProvisioningTest {

  private static final JsonMapper JSON = new JsonMapper();
  private static final String ALLOWED =
      "{\"allowProvisioning\": true, \"parameterOverrides\": {\"Tenant\": \"grid-1\"}}";

  @TempDir static Path folder;
  static TestCore core;
  static DeviceCertificate claim;

  @BeforeAll
  static void start() throws IOException {
    core = new TestCore(folder);
    core.registry.putPolicy(
        "Claim",
        PolicyDocument.parse(
            JSON.readTree(
                """
                {"Version": "2012-10-17", "Statement": [
                  {"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"},
                  {"Effect": "Allow", "Action": ["iot:Publish", "iot:Receive"], "Resource": [
                    "arn:aws:iot:us-west-2:000000000000:topic/$aws/certificates/create*",
                    "arn:aws:iot:us-west-2:000000000000:topic/$aws/provisioning-templates/meter/*",
                    "arn:aws:iot:us-west-2:000000000000:topic/$aws/provisioning-templates/off/*"]},
                  {"Effect": "Allow", "Action": "iot:Subscribe", "Resource":
                    "arn:aws:iot:us-west-2:000000000000:topicfilter/$aws/*"}]}
                """),
            "Claim"));
    claim = core.authority.issue("claim");
    core.registry.attachPolicy(core.registry.registerCertificate(claim.certificate()), "Claim");
  }

  @AfterAll
  static void stop() throws IOException {
    core.close();
  }

  @BeforeEach
  void allow() {
    core.hook.answer = ALLOWED;
    core.hook.asked.clear();
    core.hook.denied.clear();
  }

  @Test
  void givesADeviceWhatItsTemplateSays() throws Exception {
    var keys = ProvisioningClient.newKeys();
    String certificateId;
    try (var client = new ProvisioningClient(core.meter("m-new", claim).connected())) {
      JsonNode issued = client.certificateFor(keys);
      certificateId = issued.path("certificateId").asText();
      assertThat(status(certificateId)).isEqualTo(Status.PENDING_ACTIVATION);
      JsonNode made = client.provision("meter", token(issued), "m-new");
      assertThat(made)
          .isEqualTo(
              JSON.readTree(
                  "{\"thingName\": \"m-new\", \"deviceConfiguration\": {\"tenant\": \"grid-1\"}}"));
      JsonNode asked = core.hook.asked.getFirst();
      assertThat(asked.path("claimCertificateId").asText())
          .isEqualTo(ThingRegistry.certificateId(claim.certificate()));
      assertThat(asked.path("certificateId").asText()).isEqualTo(certificateId);
      assertThat(asked.path("certificatePem")).isEqualTo(issued.path("certificatePem"));
      assertThat(asked.path("templateArn").asText())
          .isEqualTo("arn:aws:iot:us-west-2:000000000000:provisioningtemplate/meter");
      assertThat(asked.path("clientId").asText()).isEqualTo("m-new");
      assertThat(asked.path("parameters")).isEqualTo(JSON.readTree("{\"SerialNumber\":\"m-new\"}"));

      // Whoever lost the answer asks again.
      assertThat(client.provision("meter", token(issued), "m-new")).isEqualTo(made);

      core.registry.updateThing("m-new", Map.of("cohortA", TestCore.COHORT_A), true);
      try (var own =
          core.meter(
              "m-new",
              ProvisioningClient.certificate(
                  folder, "m-new", issued.path("certificatePem").asText(), keys))) {
        assertThat(own.connects()).isTrue();
      }
    }
    assertThat(core.registry.thing("m-new"))
        .contains(
            new Thing(
                "m-new",
                "meter",
                Map.of("tenant", "grid-1", "cohortA", TestCore.COHORT_A, "cohortB", "none")));
    assertThat(status(certificateId)).isEqualTo(Status.ACTIVE);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "{\"allowProvisioning\": false}", "{}", "no JSON"})
  @DisplayName("U15 nothing is made of what the hook does not allow")
  void refusesWithoutTheHooksYes(String answer) throws Exception {
    core.hook.answer = answer;
    try (var client = new ProvisioningClient(core.meter("m-refused", claim).connected())) {
      JsonNode issued = client.certificateFor(ProvisioningClient.newKeys());
      JsonNode rejected = client.provision("meter", token(issued), "m-refused");
      assertThat(rejected.path("statusCode").asInt()).isBetween(400, 500);
      assertThat(rejected.path("errorCode").asText()).isNotEmpty();
      assertThat(status(issued.path("certificateId").asText()))
          .isEqualTo(Status.PENDING_ACTIVATION);
    }
    assertThat(core.registry.thing("m-refused")).isEmpty();
  }

  @Test
  void refusesWhatIsNotRight() throws Exception {
    try (var client = new ProvisioningClient(core.meter("m-wrong", claim).connected())) {
      assertThat(client.certificateFor("no request").path("errorCode").asText())
          .isEqualTo("InvalidCSR");
      assertThat(client.provision("meter", "no token", "m-wrong").path("errorCode").asText())
          .isEqualTo("InvalidCertificateOwnershipToken");
      String token = token(client.certificateFor(ProvisioningClient.newKeys()));
      assertThat(client.provision("off", token, "m-wrong").path("statusCode").asInt())
          .isEqualTo(404);
      core.hook.answer = "{\"allowProvisioning\": true}";
      assertThat(client.provision("meter", token, "m-wrong").path("errorCode").asText())
          .isEqualTo("MissingParameter");
      core.hook.answer = ALLOWED;
      core.hook.denied.add("iot:AttachPolicy");
      assertThat(client.provision("meter", token, "m-wrong").path("errorCode").asText())
          .isEqualTo("AccessDenied");
    }
  }

  @Test
  void deletesACertificateThatNothingWasMadeOfInAnHour() throws Exception {
    try (var client = new ProvisioningClient(core.meter("m-slow", claim).connected())) {
      JsonNode issued = client.certificateFor(ProvisioningClient.newKeys());
      String id = issued.path("certificateId").asText();
      core.now.set(core.now.get().plus(Duration.ofMinutes(59)));
      core.provisioning.expire();
      assertThat(core.registry.certificate(id)).isNotNull();
      core.now.set(core.now.get().plus(Duration.ofMinutes(1)));
      core.provisioning.expire();
      assertThat(core.registry.certificate(id)).isNull();
      assertThat(client.provision("meter", token(issued), "m-slow").path("errorCode").asText())
          .isEqualTo("InvalidCertificateOwnershipToken");
    }
  }

  @Test
  void stopsAtATemplateThatIsNotImplemented() throws Exception {
    for (String body :
        List.of(
            "no JSON",
            "{\"Resources\": {}}",
            "{\"Mappings\": {}}",
            "{\"Resources\": {\"t\": {\"Type\": \"AWS::IoT::Job\"}}}",
            "{\"Resources\": {\"t\": {\"Type\": \"AWS::IoT::Thing\", \"Properties\":"
                + " {\"ThingName\": {\"Ref\": \"Unknown\"}}}}}")) {
      var template = ((ObjectNode) TestTemplates.template("FAIL", true)).put("TemplateBody", body);
      assertThatThrownBy(() ->
              new FleetProvisioning(
                  core.registry,
                  core.authority,
                  Map.of("meter", template),
                  core.hook,
                  Clock.systemUTC()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("meter");
    }
  }

  private static Status status(String certificateId) {
    return requireNonNull(core.registry.certificate(certificateId)).status();
  }

  private static String token(JsonNode issued) {
    return issued.path("certificateOwnershipToken").asText();
  }
}

package meterveil.infrastructure;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The way of a reading: who may enter it, what is called on it, and with what rights.
class IngestTest {

  private static final Pattern REFERENCE =
      Pattern.compile("\\$\\{(\\w+?)(?:[0-9A-F]{8})?(?:\\.Arn)?}");

  @Test
  @DisplayName("U15 a meter connects under its own name, with its own certificate")
  void letsAMeterConnect() {
    var connect =
        ofMeters().filter(statement -> statement.actions().contains("iot:Connect")).toList();

    assertThat(connect).hasSize(1);
    assertThat(connect.getFirst().resources())
        .containsExactly(iot("client/${iot:Connection.Thing.ThingName}"));
    assertThat(connect.getFirst().conditions())
        .isEqualTo(
            Map.of(
                "Bool",
                Map.of("iot:Connection.Thing.IsAttached", "true"),
                "ForAllValues:StringEquals",
                Map.of("iot:ConnectAttributes", List.of("LastWill", "PersistentConnect"))));
  }

  @Test
  @DisplayName("U15 a meter speaks for itself and hears what is meant for it")
  void letsAMeterSpeakAndHear() {
    var meter = "${iot:Connection.Thing.ThingName}";
    var tenant = "${iot:Connection.Thing.Attributes[tenant]}";
    var cohortA = "${iot:Connection.Thing.Attributes[cohortA]}";
    var cohortB = "${iot:Connection.Thing.Attributes[cohortB]}";
    var readings = "topic/$aws/rules/collect_readings/mv/1/" + tenant + "/";

    assertThat(mayDo("iot:Publish"))
        .containsExactlyInAnyOrder(
            iot(readings + cohortA + "/" + meter + "/readings"),
            iot(readings + cohortB + "/" + meter + "/readings"),
            iot("topic/$aws/rules/collect_status/mv/1/" + tenant + "/" + meter + "/status"));
    for (var hear : Map.of("iot:Subscribe", "topicfilter", "iot:Receive", "topic").entrySet()) {
      var downlink = hear.getValue() + "/mv/1/" + tenant + "/";
      assertThat(mayDo(hear.getKey()))
          .containsExactlyInAnyOrder(
              iot(downlink + meter + "/settings"),
              iot(downlink + meter + "/resend"),
              iot(downlink + "cohort/" + cohortA + "/resend"),
              iot(downlink + "cohort/" + cohortB + "/resend"));
    }
    assertThat(ofMeters())
        .flatExtracting(Statement::actions)
        .containsExactlyInAnyOrder("iot:Connect", "iot:Publish", "iot:Subscribe", "iot:Receive");
  }

  /// With a real account's digits in place of the reference; IoT Core leaves out white space.
  @ParameterizedTest
  @ValueSource(strings = {"Meter", "MeterDownlink", "MeterRotation", "Claim"})
  @DisplayName("U15 a policy of meters has 2,048 characters at most")
  void fitsAPolicyOfMeters(String name) {
    var policy =
        Synthesis.dev().ofType("AWS::IoT::Policy").stream()
            .filter(found -> found.textAt("PolicyName").equals(name))
            .findFirst()
            .orElseThrow();
    var document = CdkJson.text(Templates.plain(policy.at("PolicyDocument").orElseThrow()));

    var deployed = document.replace("${AWS::AccountId}", "123456789012");

    assertThat(deployed).doesNotContain("${AWS::", "Fn::").hasSizeLessThanOrEqualTo(2_048);
  }

  @ParameterizedTest
  @CsvSource({"MeterRotation, rotation", "Claim, meter"})
  @DisplayName("U15 a claim asks for a thing by its template only, and so does a meter by its own")
  void letsAskForACertificate(String policy, String template) {
    var asked =
        Set.of(
            "$aws/certificates/create-from-csr/json",
            "$aws/provisioning-templates/" + template + "/provision/json");
    for (var right : Map.of("iot:Subscribe", "topicfilter/", "iot:Receive", "topic/").entrySet()) {
      assertThat(resources(policy, right.getKey()))
          .containsExactlyInAnyOrderElementsOf(
              asked.stream()
                  .flatMap(topic -> Stream.of("/accepted", "/rejected").map(topic::concat))
                  .map(topic -> iot(right.getValue() + topic))
                  .toList());
    }
    assertThat(resources(policy, "iot:Publish"))
        .containsExactlyInAnyOrderElementsOf(
            asked.stream().map(topic -> iot("topic/" + topic)).toList());
  }

  @Test
  @DisplayName("U15 a claim connects under no meter's name")
  void letsAClaimConnectUnderNoMetersName() {
    assertThat(resources("Claim", "iot:Connect")).containsExactly(iot("client/claim-*"));
    assertThat(resources("MeterRotation", "iot:Connect")).isEmpty();
    assertThat(of("Claim").flatMap(statement -> statement.actions().stream()).distinct())
        .containsExactlyInAnyOrder("iot:Connect", "iot:Publish", "iot:Subscribe", "iot:Receive");
  }

  private static List<String> resources(String policy, String action) {
    return of(policy)
        .filter(statement -> statement.actions().contains(action))
        .flatMap(statement -> statement.resources().stream())
        .toList();
  }

  @ParameterizedTest
  @CsvSource({"ClaimTemplate, meter", "RotationTemplate, rotation"})
  @DisplayName("U15 no template makes a thing before admit has said so")
  void asksBeforeItProvisions(String id, String name) {
    var template = Changes.resource(Synthesis.dev(), "Admit" + id);

    assertThat(template.textAt("TemplateName")).isEqualTo(name);
    assertThat(template.textAt("TemplateType")).isEqualTo("FLEET_PROVISIONING");
    assertThat(names(template.textAt("PreProvisioningHook", "TargetArn"))).isEqualTo("AdmitLive");
    assertThat(names(template.textAt("ProvisioningRoleArn"))).isEqualTo("AdmitProvisioningRole");
    var made = Templates.mapOf(CdkJson.parse(template.textAt("TemplateBody")).get("Resources"));
    assertThat(Templates.mapOf(made.get("thing")))
        .containsEntry(
            "OverrideSettings",
            Map.of(
                "AttributePayload", "DO_NOTHING",
                "ThingTypeName", "DO_NOTHING",
                "ThingGroups", "DO_NOTHING"))
        .containsEntry(
            "Properties",
            Map.of(
                "ThingName",
                Map.of("Ref", "SerialNumber"),
                "ThingTypeName",
                "meter",
                "ThingGroups",
                List.of("meters"),
                "AttributePayload",
                Map.of("tenant", Map.of("Ref", "Tenant"), "cohortA", "none", "cohortB", "none")));
    assertThat(made.keySet())
        .containsExactlyInAnyOrder(
            "certificate", "thing", "Meter", "MeterDownlink", "MeterRotation");
  }

  @Test
  void trustsAnAuthorityOfTheUtilitysOwnIfItIsGiven() {
    assertThat(Synthesis.dev().ofType("AWS::IoT::CACertificate")).isEmpty();

    var authority = Changes.resource(Synthesis.prod(), "RegisterAuthority");

    assertThat(authority.textAt("CACertificatePem")).startsWith("-----BEGIN CERTIFICATE-----");
    assertThat(authority.textAt("AutoRegistrationStatus")).isEqualTo("ENABLE");
    assertThat(authority.textAt("CertificateMode")).isEqualTo("SNI_ONLY");
  }

  @Test
  @DisplayName("T45 T4 presence may write down who is connected")
  void limitsPresence() {
    assertThat(rights("Presence"))
        .containsExactlyInAnyOrder(
            "dynamodb:GetItem Meters",
            "dynamodb:UpdateItem DeviceStatus",
            "dynamodb:GetItem Tenants",
            "kms:Decrypt DeviceKey",
            "kms:Decrypt ConfigurationKey",
            "logs:CreateLogStream PresenceLogs",
            "logs:PutLogEvents PresenceLogs");
  }

  @Test
  @DisplayName("T45 T4 survey may read how meters are, and write nothing")
  void limitsSurvey() {
    assertThat(rights("Survey"))
        .containsExactlyInAnyOrder(
            "dynamodb:GetItem Meters",
            "dynamodb:Query ${Meters}/index/byTenant",
            "dynamodb:Query DeviceStatus",
            "dynamodb:Scan Tenants",
            "kms:Decrypt DeviceKey",
            "kms:Decrypt ConfigurationKey",
            "logs:CreateLogStream SurveyLogs",
            "logs:PutLogEvents SurveyLogs");
  }

  @Test
  @DisplayName("T45 T4 plan may deal meters out to cohorts and tell them, and reads no consumption")
  void limitsPlan() {
    assertThat(rights("Plan"))
        .containsExactlyInAnyOrder(
            "dynamodb:GetItem Meters",
            "dynamodb:Query ${Meters}/index/byTenant",
            "dynamodb:BatchWriteItem Assignments",
            "dynamodb:GetItem Assignments",
            "dynamodb:PutItem Assignments",
            "dynamodb:Query Assignments",
            "dynamodb:UpdateItem Assignments",
            "dynamodb:GetItem Cohorts",
            "dynamodb:PutItem Cohorts",
            "dynamodb:Query Cohorts",
            "dynamodb:Scan Tenants",
            "kms:Decrypt DeviceKey",
            "kms:Decrypt ConfigurationKey",
            "kms:Decrypt RegistryKey",
            "iot:DescribeThing thing/*",
            "iot:UpdateThing thing/*",
            "iot:Publish topic/mv/1/*/*/settings",
            "iot:RetainPublish topic/mv/1/*/*/settings",
            "logs:CreateLogStream PlanLogs",
            "logs:PutLogEvents PlanLogs");
  }

  @Test
  @DisplayName("T45 T4 the registrar may list and revoke meters, and reads no consumption")
  void limitsTheRegistrar() {
    assertThat(rights("Registrar"))
        .containsExactlyInAnyOrder(
            "cloudformation:ListStackResources stack/dev-Data/*",
            "dynamodb:GetItem Meters",
            "dynamodb:PutItem Meters",
            "dynamodb:UpdateItem Meters",
            "dynamodb:Query ${Meters}/index/byTenant",
            "dynamodb:GetItem DeviceStatus",
            "dynamodb:Query DeviceStatus",
            "dynamodb:GetItem Tenants",
            "dynamodb:PutItem Tenants",
            "dynamodb:Scan Tenants",
            "kms:Decrypt DeviceKey",
            "kms:Decrypt ConfigurationKey",
            "kms:Decrypt RegistryKey",
            "iot:DeleteConnection client/*",
            "iot:DescribeCertificate cert/*",
            "iot:DescribeThing thing/*",
            "iot:ListThingPrincipals *",
            "iot:UpdateCertificate cert/*");
  }

  @Test
  @DisplayName("T45 admit may let meters in, and nothing else")
  void limitsAdmit() {
    assertThat(rights("Admit"))
        .containsExactlyInAnyOrder(
            "dynamodb:GetItem Meters",
            "dynamodb:UpdateItem Meters",
            "kms:Decrypt DeviceKey",
            "logs:CreateLogStream AdmitLogs",
            "logs:PutLogEvents AdmitLogs");
  }

  @Test
  @DisplayName("T45 register may let meters in and make their things")
  void limitsRegister() {
    assertThat(rights("Register"))
        .containsExactlyInAnyOrder(
            "dynamodb:GetItem Meters",
            "dynamodb:UpdateItem Meters",
            "kms:Decrypt DeviceKey",
            "kms:Decrypt RegistryKey",
            "iot:AddThingToThingGroup thing/*",
            "iot:AddThingToThingGroup thinggroup/meters",
            "iot:AttachPolicy cert/*",
            "iot:AttachThingPrincipal *",
            "iot:CreateThing thing/*",
            "iot:DescribeCertificate cert/*",
            "iot:UpdateCertificate cert/*",
            "logs:CreateLogStream RegisterLogs",
            "logs:PutLogEvents RegisterLogs");
  }

  @Test
  @DisplayName("U15 a meter shows a certificate, whatever it says")
  void wantsACertificate() {
    var endpoint = Changes.resource(Synthesis.dev(), "MeterEndpoint");

    assertThat(endpoint.textAt("AuthenticationType")).isEqualTo("AWS_X509");
    assertThat(endpoint.textAt("ApplicationProtocol")).isEqualTo("SECURE_MQTT");
  }

  @Test
  void takesTheBytesAsTheyAreAndTheSpeakerFromTheTopic() {
    var sql =
        Synthesis.dev().ofType("AWS::IoT::TopicRule").stream()
            .collect(
                Collectors.toMap(
                    rule -> rule.textAt("RuleName"),
                    rule -> rule.textAt("TopicRulePayload", "Sql")));

    assertThat(sql)
        .containsOnly(
            Map.entry(
                "collect_readings",
                "SELECT encode(*, 'base64') AS payload, topic(3) AS tenant, topic(4) AS cohort,"
                    + " topic(5) AS thing"),
            Map.entry(
                "collect_status",
                "SELECT encode(*, 'base64') AS payload, topic(3) AS tenant, topic(4) AS thing"),
            Map.entry(
                "register_meter",
                "SELECT certificateId FROM '$aws/events/certificates/registered/+'"),
            Map.entry(
                "meter_connected",
                "SELECT clientId, eventType, timestamp, versionNumber, sessionIdentifier"
                    + " FROM '$aws/events/presence/connected/+'"),
            Map.entry(
                "meter_disconnected",
                "SELECT clientId, eventType, timestamp, versionNumber, sessionIdentifier"
                    + " FROM '$aws/events/presence/disconnected/+'"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"Release", "Survey", "Plan"})
  void callsEveryHour(String name) {
    var schedule = Changes.resource(Synthesis.dev(), name + "Schedule");

    assertThat(schedule.textAt("ScheduleExpression")).isEqualTo("rate(1 hour)");
    assertThat(names(schedule.textAt("Target", "Arn"))).isEqualTo(name + "Live");
    assertThat(names(schedule.textAt("GroupName"))).isEqualTo("ReleaseSchedules");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Collect",
        "Resend",
        "Release",
        "Status",
        "Admit",
        "Register",
        "Presence",
        "Survey",
        "Plan"
      })
  void runsOnTheSamePlatform(String name) {
    var function = Changes.resource(Synthesis.dev(), name + "Function");

    assertThat(function.textAt("Runtime")).isEqualTo("java25");
    assertThat(function.textAt("Architectures")).isEqualTo("[arm64]");
    assertThat(function.textAt("SnapStart", "ApplyOn")).isEqualTo("PublishedVersions");
    assertThat(names(function.textAt("Role"))).isEqualTo(name + "Role");
    assertThat(Changes.resource(Synthesis.dev(), name + "Live").textAt("Name")).isEqualTo("live");
  }

  @ParameterizedTest
  @CsvSource({
    "Collect, 10, 334",
    "Resend, 5, 67",
    "Release, 2, 2",
    "Status, 25, 25",
    "Presence, 50, 50",
    "Survey, 1, 1",
    "Plan, 1, 1"
  })
  void keepsInstancesForEachFunction(String name, String dev, String prod) {
    assertThat(instances(Synthesis.dev(), name)).isEqualTo(dev);
    assertThat(instances(Synthesis.prod(), name)).isEqualTo(prod);
  }

  @Test
  void tellsEachFunctionWhatItMustKnow() {
    assertThat(environment("Collect"))
        .containsOnly(
            Map.entry("OPEN_BLOCKS_TABLE", "OpenBlocks"),
            Map.entry("DAY_KEYS_TABLE", "DayKeys"),
            Map.entry("DAY_KEY_ID", "DayKeyKey"),
            Map.entry("COHORTS_TABLE", "Cohorts"),
            Map.entry("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1"),
            Map.entry("POWERTOOLS_METRICS_NAMESPACE", "Meterveil"),
            Map.entry("POWERTOOLS_SERVICE_NAME", "collect"));
    assertThat(environment("Resend"))
        .containsOnly(
            Map.entry("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1"),
            Map.entry("POWERTOOLS_METRICS_NAMESPACE", "Meterveil"),
            Map.entry("POWERTOOLS_SERVICE_NAME", "resend"));
    assertThat(environment("Release"))
        .containsOnly(
            Map.entry("OPEN_BLOCKS_TABLE", "OpenBlocks"),
            Map.entry("DAY_KEYS_TABLE", "DayKeys"),
            Map.entry("DAY_KEY_ID", "DayKeyKey"),
            Map.entry("COHORTS_TABLE", "Cohorts"),
            Map.entry("TENANTS_TABLE", "Tenants"),
            Map.entry("GROUPINGS_TABLE", "Groupings"),
            Map.entry("USAGE_TABLE", "Usage"),
            Map.entry("RECONCILIATIONS_TABLE", "Reconciliations"),
            Map.entry("OPEN_DATA_TABLE", "OpenData"),
            Map.entry("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1"),
            Map.entry("POWERTOOLS_METRICS_NAMESPACE", "Meterveil"),
            Map.entry("POWERTOOLS_SERVICE_NAME", "release"));
    assertThat(environment("Status"))
        .containsOnly(
            Map.entry("DEVICE_STATUS_TABLE", "DeviceStatus"),
            Map.entry("TENANTS_TABLE", "Tenants"),
            Map.entry("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1"),
            Map.entry("POWERTOOLS_METRICS_NAMESPACE", "Meterveil"),
            Map.entry("POWERTOOLS_SERVICE_NAME", "status"));
  }

  @Test
  @DisplayName("T45 collect may add to open items, and wrap day keys")
  void limitsCollect() {
    assertThat(rights("Collect"))
        .containsExactlyInAnyOrder(
            "dynamodb:UpdateItem OpenBlocks",
            "dynamodb:GetItem DayKeys",
            "dynamodb:PutItem DayKeys",
            "dynamodb:GetItem Cohorts",
            "kms:Decrypt ConsumptionKey",
            "kms:Decrypt ConfigurationKey",
            "kms:Decrypt DayKeyKey",
            "kms:GenerateDataKey DayKeyKey",
            "lambda:InvokeFunction ResendLive",
            "logs:CreateLogStream CollectLogs",
            "logs:PutLogEvents CollectLogs");
  }

  @Test
  @DisplayName("T45 resend may ask meters, and nothing else")
  void limitsResend() {
    assertThat(rights("Resend"))
        .containsExactlyInAnyOrder(
            "iot:Publish topic/mv/1/*/*/resend",
            "logs:CreateLogStream ResendLogs",
            "logs:PutLogEvents ResendLogs");
  }

  @Test
  @DisplayName("T45 release may turn open items into usage, and ask cohorts")
  void limitsRelease() {
    assertThat(rights("Release"))
        .containsExactlyInAnyOrder(
            "dynamodb:GetItem OpenBlocks",
            "dynamodb:PutItem OpenBlocks",
            "dynamodb:UpdateItem OpenBlocks",
            "dynamodb:GetItem DayKeys",
            "dynamodb:PutItem DayKeys",
            "dynamodb:Query DayKeys",
            "dynamodb:GetItem Groupings",
            "dynamodb:PutItem Groupings",
            "dynamodb:Query Groupings",
            "dynamodb:BatchWriteItem Usage",
            "dynamodb:Query Usage",
            "dynamodb:GetItem Reconciliations",
            "dynamodb:PutItem Reconciliations",
            "dynamodb:GetItem OpenData",
            "dynamodb:PutItem OpenData",
            "dynamodb:UpdateItem OpenData",
            "dynamodb:Query Cohorts",
            "dynamodb:Scan Tenants",
            "kms:Decrypt ConsumptionKey",
            "kms:Decrypt ConfigurationKey",
            "kms:Decrypt DayKeyKey",
            "kms:GenerateDataKey DayKeyKey",
            "iot:Publish topic/mv/1/*/cohort/*/resend",
            "logs:CreateLogStream ReleaseLogs",
            "logs:PutLogEvents ReleaseLogs");
  }

  @Test
  @DisplayName("T45 status may write down how a meter is")
  void limitsStatus() {
    assertThat(rights("Status"))
        .containsExactlyInAnyOrder(
            "dynamodb:UpdateItem DeviceStatus",
            "dynamodb:GetItem Tenants",
            "kms:Decrypt DeviceKey",
            "kms:Decrypt ConfigurationKey",
            "logs:CreateLogStream StatusLogs",
            "logs:PutLogEvents StatusLogs");
  }

  private static String instances(Templates stage, String name) {
    return Changes.resource(stage, name + "Function").textAt("ReservedConcurrentExecutions");
  }

  /// Each action and resource that a role's policy allows.
  private static Set<String> rights(String role) {
    var rights = new TreeSet<String>();
    for (var statement : Statement.ofRoles(Synthesis.dev())) {
      if (statement.roles().stream().map(IngestTest::names).anyMatch((role + "Role")::equals)) {
        for (var action : statement.actions()) {
          for (var resource : statement.resources()) {
            rights.add(action + " " + names(resource));
          }
        }
      }
    }
    return rights;
  }

  private static Map<String, String> environment(String function) {
    var variables =
        Changes.resource(Synthesis.dev(), function + "Function").at("Environment", "Variables");
    return Templates.mapOf(variables.orElseThrow()).entrySet().stream()
        .collect(
            Collectors.toMap(
                Map.Entry::getKey,
                variable -> {
                  String text = Templates.text(variable.getValue());
                  return variable.getValue() instanceof String ? text : names(text);
                }));
  }

  private static Stream<String> mayDo(String action) {
    return ofMeters()
        .filter(statement -> statement.actions().contains(action))
        .flatMap(statement -> statement.resources().stream());
  }

  /// What a meter may do day by day.
  private static Stream<Statement> ofMeters() {
    return of("Meter", "MeterDownlink");
  }

  private static Stream<Statement> of(String... policies) {
    return Statement.ofMeters(Synthesis.dev()).stream()
        .filter(statement -> Set.of(policies).contains(statement.policy().textAt("PolicyName")));
  }

  private static String iot(String resource) {
    return "arn:aws:iot:us-west-2:${AWS::AccountId}:" + resource;
  }

  /// The construct a reference names, or the last part of an ARN.
  private static String names(String text) {
    var index = text.indexOf("/index/");
    if (index > 0) {
      return "${" + names(text.substring(0, index)) + "}" + text.substring(index);
    }
    var reference = REFERENCE.matcher(text);
    return reference.matches() ? reference.group(1) : text.substring(text.lastIndexOf(':') + 1);
  }
}

package meterveil.infrastructure;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import software.amazon.awscdk.RemovalPolicy;
import software.amazon.awscdk.services.iam.PolicyDocument;
import software.amazon.awscdk.services.iam.PolicyStatement;
import software.amazon.awscdk.services.iot.CfnDomainConfiguration;
import software.amazon.awscdk.services.iot.CfnDomainConfiguration.TlsConfigProperty;
import software.amazon.awscdk.services.iot.CfnPolicy;
import software.amazon.awscdk.services.iot.CfnThingGroup;
import software.amazon.awscdk.services.iot.CfnThingType;
import software.amazon.awscdk.services.iot.CfnThingType.ThingTypePropertiesProperty;
import software.constructs.Construct;

/// Who a meter is, and what its certificate lets it do.
///
/// Three policies serve all meters, as one document may have 2,048 characters: their variables tie
/// each level of a topic to the thing that the certificate belongs to, so a function may trust the
/// topic for who is speaking. The third lets a meter change its certificate for a newer one. A
/// meter belongs to two cohorts, those of even and of odd epochs, for blocks of one epoch still
/// come in the next. Policies and thing type are named here, as whoever registers a meter names
/// them.
final class MeterIdentity extends Construct {

  /// IoT Core's name for TLS 1.2 and 1.3 without weak ciphers.
  static final String TLS_1_2_OR_NEWER = "IoTSecurityPolicy_TLS13_1_2_2022_10";

  private static final String THING = "${iot:Connection.Thing.ThingName}";
  private static final String TENANT = attribute("tenant");
  private static final List<String> COHORTS = List.of(attribute("cohortA"), attribute("cohortB"));

  /// The policies of every meter's certificate.
  static final List<String> POLICIES = List.of("Meter", "MeterDownlink", "MeterRotation");

  /// The type of every meter.
  static final String TYPE = "meter";

  /// The group of every meter.
  static final String GROUP = "meters";

  /// The template by which a meter comes in with a claim.
  static final String CLAIM_TEMPLATE = "meter";

  /// The template by which a meter changes its certificate.
  static final String ROTATION_TEMPLATE = "rotation";

  /// What holders of a claim call themselves, and no meter does: a connection under a meter's own
  /// name would end the meter's.
  private static final String CLAIMANT = "claim-*";

  MeterIdentity(Construct scope) {
    super(scope, "Meter");

    // A thing without a type has three attributes at most.
    CfnThingType.Builder.create(this, "Type")
        .thingTypeName(TYPE)
        .thingTypeProperties(
            ThingTypePropertiesProperty.builder()
                .thingTypeDescription("A meter of a public deployment")
                .searchableAttributes(List.of("tenant", "cohortA", "cohortB"))
                .build())
        .build();

    // Where meters connect: with a certificate, over TLS 1.2 or 1.3. Its address is in every meter,
    // and IoT Core deletes none that was not switched off for seven days.
    CfnDomainConfiguration.Builder.create(this, "Endpoint")
        .serviceType("DATA")
        .authenticationType("AWS_X509")
        .applicationProtocol("SECURE_MQTT")
        .tlsConfig(TlsConfigProperty.builder().securityPolicy(TLS_1_2_OR_NEWER).build())
        .build()
        .applyRemovalPolicy(RemovalPolicy.RETAIN);

    policy("Meter", List.of(connect(), allow("iot:Publish", "topic", published())));
    policy(
        "MeterDownlink",
        List.of(
            allow("iot:Subscribe", "topicfilter", received()),
            allow("iot:Receive", "topic", received())));
    policy("MeterRotation", provisioning(ROTATION_TEMPLATE));

    CfnThingGroup.Builder.create(this, "Group").thingGroupName(GROUP).build();

    // Of the certificate that meters come with and share until they have one of their own.
    var claim = new ArrayList<PolicyStatement>();
    claim.add(allow("iot:Connect", "client", Stream.of(CLAIMANT)));
    claim.addAll(provisioning(CLAIM_TEMPLATE));
    policy("Claim", claim);
  }

  /// To ask for a certificate and for a thing, by one template, and to hear the answers.
  private List<PolicyStatement> provisioning(String template) {
    var asked =
        List.of(
            "$aws/certificates/create-from-csr/json",
            "$aws/provisioning-templates/%s/provision/json".formatted(template));
    var answers =
        asked.stream()
            .flatMap(topic -> Stream.of(topic + "/accepted", topic + "/rejected"))
            .toList();
    return List.of(
        allow("iot:Publish", "topic", asked.stream()),
        allow("iot:Subscribe", "topicfilter", answers.stream()),
        allow("iot:Receive", "topic", answers.stream()));
  }

  private void policy(String name, List<PolicyStatement> statements) {
    CfnPolicy.Builder.create(this, name)
        .policyName(name)
        .policyDocument(PolicyDocument.Builder.create().statements(statements).build())
        .build();
  }

  /// Under its own name; with a session that outlasts its sleep, and a last will.
  private PolicyStatement connect() {
    var conditions =
        Map.of(
            "Bool",
            Map.of("iot:Connection.Thing.IsAttached", "true"),
            "ForAllValues:StringEquals",
            Map.of("iot:ConnectAttributes", List.of("LastWill", "PersistentConnect")));
    return PolicyStatement.Builder.create()
        .actions(List.of("iot:Connect"))
        .resources(List.of(Topics.arn(this, "client", THING)))
        .conditions(new TreeMap<>(conditions))
        .build();
  }

  private static Stream<String> published() {
    var readings = COHORTS.stream().map(cohort -> Topics.readings(TENANT, cohort, THING));
    return Stream.concat(readings, Stream.of(Topics.status(TENANT, THING)));
  }

  private static Stream<String> received() {
    var own = Stream.of(Topics.settings(TENANT, THING), Topics.resend(TENANT, THING));
    return Stream.concat(own, COHORTS.stream().map(c -> Topics.cohortResend(TENANT, c)));
  }

  private PolicyStatement allow(String action, String kind, Stream<String> topics) {
    return PolicyStatement.Builder.create()
        .actions(List.of(action))
        .resources(topics.map(topic -> Topics.arn(this, kind, topic)).toList())
        .build();
  }

  private static String attribute(String name) {
    return "${iot:Connection.Thing.Attributes[%s]}".formatted(name);
  }
}

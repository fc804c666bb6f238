package meterveil.infrastructure;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.iam.Policy;
import software.amazon.awscdk.services.iam.PrincipalWithConditions;
import software.amazon.awscdk.services.iam.Role;
import software.amazon.awscdk.services.iam.ServicePrincipal;
import software.amazon.awscdk.services.iot.CfnProvisioningTemplate;
import software.amazon.awscdk.services.iot.CfnProvisioningTemplate.ProvisioningHookProperty;
import software.constructs.Construct;

/// How a meter comes in with a claim, and how it changes its certificate: template → admit → thing.
///
/// Both templates ask one function before they make anything. IoT Core makes thing, type and
/// policies under a role that may do that and nothing else. Template names are part of the topics
/// that meters speak on, so they are physical names.
final class Admit extends Construct {

  /// As long as IoT Core waits for a hook.
  private static final Duration TIMEOUT = Duration.seconds(5);

  /// The only form of a hook's request there is.
  private static final String HOOK_VERSION = "2020-04-01";

  final PlatformFunction function;

  private final Role role;
  private final Policy policy;

  Admit(Construct scope, Data data, PlatformFunction.Surroundings surroundings) {
    super(scope, "Admit");
    function =
        new PlatformFunction(
            this,
            "admit",
            surroundings,
            PlatformFunction.role(this, "Role"),
            TIMEOUT,
            surroundings.load().admitAtOnce(),
            Map.of("METERS_TABLE", data.meters.name()),
            data.meters.allow("GetItem", "UpdateItem"));

    Map<String, Object> ofThisAccount =
        Map.of("StringEquals", Map.of("aws:SourceAccount", Stack.of(this).getAccount()));
    role =
        Role.Builder.create(this, "ProvisioningRole")
            .assumedBy(
                new PrincipalWithConditions(
                    new ServicePrincipal("iot.amazonaws.com"), ofThisAccount))
            .build();
    policy =
        Policy.Builder.create(this, "ProvisioningPolicy")
            .roles(List.of(role))
            .statements(
                Stream.concat(
                        Stream.of(
                            RegistryRights.allow(
                                this,
                                RegistryRights.ANY_THING,
                                "AddThingToThingGroup",
                                "CreateThing",
                                "DescribeThing",
                                "ListThingGroupsForThing",
                                "UpdateThing"),
                            RegistryRights.allow(
                                this,
                                RegistryRights.ANY_CERTIFICATE,
                                "AttachPolicy",
                                "AttachPrincipalPolicy",
                                "DescribeCertificate",
                                "UpdateCertificate"),
                            RegistryRights.allow(
                                this, "thingtype/" + MeterIdentity.TYPE, "DescribeThingType"),
                            RegistryRights.allow(
                                this,
                                "thinggroup/" + MeterIdentity.GROUP,
                                "AddThingToThingGroup",
                                "DescribeThingGroup"),
                            RegistryRights.allowOnAll(
                                "AttachThingPrincipal",
                                "ListPrincipalThings",
                                "ListThingPrincipals",
                                "RegisterThing"),
                            EncryptionKeys.openRegistry(data.registryKey)),
                        MeterIdentity.POLICIES.stream()
                            .map(name -> RegistryRights.allow(this, "policy/" + name, "GetPolicy")))
                    .toList())
            .build();
    Nag.acceptWildcard(policy, RegistryRights.ANY_THING, "Any meter may be provisioned.");
    Nag.acceptWildcard(policy, RegistryRights.ANY_CERTIFICATE, "Each has a certificate.");
    Nag.acceptAll(policy, "IoT Core knows no resources for these actions.");

    template("ClaimTemplate", MeterIdentity.CLAIM_TEMPLATE);
    template("RotationTemplate", MeterIdentity.ROTATION_TEMPLATE);
  }

  /// Both make the same, and leave a thing that is there as it is: its cohorts are the planner's.
  private void template(String id, String name) {
    var template =
        CfnProvisioningTemplate.Builder.create(this, id)
            .templateName(name)
            .templateType("FLEET_PROVISIONING")
            .enabled(true)
            .provisioningRoleArn(role.getRoleArn())
            .preProvisioningHook(
                ProvisioningHookProperty.builder()
                    .payloadVersion(HOOK_VERSION)
                    .targetArn(function.live.getFunctionArn())
                    .build())
            .templateBody(CdkJson.text(body()))
            .build();
    template.addResourceDependency(
        function.letIotCall(this, id + "MayCall", "provisioningtemplate", name));
    template.getNode().addDependency(policy);
  }

  private static Map<String, Object> body() {
    var text = Map.of("Type", "String");
    var parameters = new LinkedHashMap<String, Object>();
    parameters.put("SerialNumber", text);
    parameters.put("Tenant", text);
    parameters.put("AWS::IoT::Certificate::Id", text);

    var attributes = new LinkedHashMap<String, Object>();
    attributes.put("tenant", Map.of("Ref", "Tenant"));
    attributes.put("cohortA", "none");
    attributes.put("cohortB", "none");
    var thing = new LinkedHashMap<String, Object>();
    thing.put("ThingName", Map.of("Ref", "SerialNumber"));
    thing.put("ThingTypeName", MeterIdentity.TYPE);
    thing.put("ThingGroups", List.of(MeterIdentity.GROUP));
    thing.put("AttributePayload", attributes);
    var ifThere = new LinkedHashMap<String, Object>();
    ifThere.put("AttributePayload", "DO_NOTHING");
    ifThere.put("ThingTypeName", "DO_NOTHING");
    ifThere.put("ThingGroups", "DO_NOTHING");
    var certificate = new LinkedHashMap<String, Object>();
    certificate.put("CertificateId", Map.of("Ref", "AWS::IoT::Certificate::Id"));
    certificate.put("Status", "ACTIVE");

    var resources = new LinkedHashMap<String, Object>();
    resources.put("certificate", resource("AWS::IoT::Certificate", certificate));
    var made = resource("AWS::IoT::Thing", thing);
    made.put("OverrideSettings", ifThere);
    resources.put("thing", made);
    for (var policy : MeterIdentity.POLICIES) {
      resources.put(policy, resource("AWS::IoT::Policy", Map.of("PolicyName", policy)));
    }
    var body = new LinkedHashMap<String, Object>();
    body.put("Parameters", parameters);
    body.put("Resources", resources);
    return body;
  }

  private static Map<String, Object> resource(String type, Map<String, Object> properties) {
    var resource = new LinkedHashMap<String, Object>();
    resource.put("Type", type);
    resource.put("Properties", properties);
    return resource;
  }
}

package meterveil.infrastructure;

import io.github.cdklabs.cdknag.NagPackSuppression;
import io.github.cdklabs.cdknag.NagSuppressions;
import io.github.cdklabs.cdknag.RegexAppliesTo;
import java.util.List;
import java.util.stream.Stream;
import software.amazon.awscdk.services.iam.AccountRootPrincipal;
import software.amazon.awscdk.services.iam.Policy;
import software.amazon.awscdk.services.iam.PolicyStatement;
import software.amazon.awscdk.services.iam.Role;
import software.constructs.Construct;

/// What an operator's `scripts/meters` may do: find the tables, put meters on the list, show them
/// and revoke them, and set what their tenants have chosen.
///
/// Whoever the account lets take on the role may: it is a person's or a pipeline's, not a
/// function's.
final class Registrar extends Construct {

  Registrar(Construct scope, Data data) {
    super(scope, "Registrar");
    var role = Role.Builder.create(this, "Role").assumedBy(new AccountRootPrincipal()).build();
    // Its ARN ends with what CloudFormation makes up.
    var dataStack = data.getStackName() + "/*";
    var policy =
        Policy.Builder.create(this, "Policy")
            .roles(List.of(role))
            .statements(
                Stream.of(
                        data.meters.allow("GetItem", "PutItem", "UpdateItem"),
                        data.meters.allowIndex(Data.METERS_BY_TENANT, "Query"),
                        data.deviceStatus.allow("GetItem", "Query"),
                        data.tenants.allow("GetItem", "PutItem", "Scan"),
                        List.of(
                            PolicyStatement.Builder.create()
                                .actions(List.of("cloudformation:ListStackResources"))
                                .resources(
                                    List.of(Topics.arn(this, "cloudformation", "stack", dataStack)))
                                .build(),
                            RegistryRights.allow(this, RegistryRights.ANY_THING, "DescribeThing"),
                            RegistryRights.allow(
                                this,
                                RegistryRights.ANY_CERTIFICATE,
                                "DescribeCertificate",
                                "UpdateCertificate"),
                            RegistryRights.allow(
                                this, RegistryRights.ANY_CLIENT, "DeleteConnection"),
                            RegistryRights.allowOnAll("ListThingPrincipals"),
                            EncryptionKeys.openRegistry(data.registryKey)))
                    .flatMap(List::stream)
                    .toList())
            .build();
    Nag.acceptWildcard(policy, RegistryRights.ANY_THING, "Any meter may be shown.");
    Nag.acceptWildcard(policy, RegistryRights.ANY_CERTIFICATE, "Any meter may be revoked.");
    Nag.acceptWildcard(policy, RegistryRights.ANY_CLIENT, "Any meter may be cut off.");
    NagSuppressions.addResourceSuppressions(
        policy,
        List.of(
            NagPackSuppression.builder()
                .id("AwsSolutions-IAM5")
                .reason("The end of a stack's ARN is not known before it is made.")
                .appliesTo(
                    List.of(
                        RegexAppliesTo.builder()
                            .regex("/:stack/%s$/".formatted(dataStack.replace("*", "\\*")))
                            .build()))
                .build()));
    Nag.acceptAll(policy, "IoT Core knows no resource for this action.");
  }
}

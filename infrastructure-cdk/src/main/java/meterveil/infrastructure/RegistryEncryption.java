package meterveil.infrastructure;

import java.util.List;
import java.util.Map;
import software.amazon.awscdk.RemovalPolicy;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.iam.Policy;
import software.amazon.awscdk.services.iam.PolicyStatement;
import software.amazon.awscdk.services.iam.PrincipalWithConditions;
import software.amazon.awscdk.services.iam.Role;
import software.amazon.awscdk.services.iam.ServicePrincipal;
import software.amazon.awscdk.services.iot.CfnEncryptionConfiguration;
import software.amazon.awscdk.services.kms.Key;
import software.constructs.Construct;

/// What IoT Core itself keeps, under a key of ours: things, certificates, retained messages.
///
/// It is one setting for the whole account and region, and stays when the stack goes: things and
/// certificates are not the stack's. Whoever asks IoT Core for what lies there, or changes it, must
/// be allowed to open it besides ([EncryptionKeys#openRegistry]).
final class RegistryEncryption extends Construct {

  final Key key;

  RegistryEncryption(Construct scope) {
    super(scope, "Registry");

    Map<String, Object> ofThisAccount =
        Map.of("StringEquals", Map.of("aws:SourceAccount", Stack.of(this).getAccount()));
    var role =
        Role.Builder.create(this, "Role")
            .assumedBy(
                new PrincipalWithConditions(
                    new ServicePrincipal("iot.amazonaws.com"), ofThisAccount))
            .build();
    key = EncryptionKeys.ofRegistry(this, "Key", role);
    var policy =
        Policy.Builder.create(this, "Policy")
            .roles(List.of(role))
            .statements(
                List.of(
                    PolicyStatement.Builder.create()
                        .actions(EncryptionKeys.KEEP_REGISTRY)
                        .resources(List.of(key.getKeyArn()))
                        .build()))
            .build();
    var encryption =
        CfnEncryptionConfiguration.Builder.create(this, "Encryption")
            .encryptionType("CUSTOMER_MANAGED_KMS_KEY")
            .kmsKeyArn(key.getKeyArn())
            .kmsAccessRoleArn(role.getRoleArn())
            .build();
    encryption.getNode().addDependency(policy);

    // IoT Core could not open its own registry without any one of them.
    role.applyRemovalPolicy(RemovalPolicy.RETAIN);
    policy.applyRemovalPolicy(RemovalPolicy.RETAIN);
    encryption.applyRemovalPolicy(RemovalPolicy.RETAIN);
  }
}

package meterveil.infrastructure;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import software.amazon.awscdk.RemovalPolicy;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.customresources.AwsCustomResource;
import software.amazon.awscdk.customresources.AwsSdkCall;
import software.amazon.awscdk.customresources.PhysicalResourceId;
import software.amazon.awscdk.services.iam.Policy;
import software.amazon.awscdk.services.iam.PolicyStatement;
import software.amazon.awscdk.services.lambda.CfnFunction;
import software.amazon.awscdk.services.logs.LogGroup;
import software.amazon.awscdk.services.logs.RetentionDays;
import software.constructs.Construct;

/// Pins TLS on the endpoint that IoT Core gives to every account.
///
/// Meters have an endpoint of their own, but this one takes the same certificates, and
/// CloudFormation cannot describe it. So a function of CDK's sets its policy when the stack is made
/// or the policy changes. It stays set when the stack goes.
final class DefaultEndpoint extends Construct {

  /// What IoT Core calls the configuration of this endpoint.
  private static final String NAME = "iot:Data-ATS";

  DefaultEndpoint(Construct scope, Data data) {
    super(scope, "DefaultEndpoint");
    var logs =
        LogGroup.Builder.create(this, "Logs")
            .retention(RetentionDays.THREE_MONTHS)
            .encryptionKey(data.logsKey)
            .removalPolicy(RemovalPolicy.DESTROY)
            .build();
    var role = PlatformFunction.role(this, "Role");
    var policy =
        Policy.Builder.create(this, "Policy")
            .roles(List.of(role))
            .statements(
                List.of(
                    PolicyStatement.Builder.create()
                        .actions(List.of("iot:UpdateDomainConfiguration"))
                        .resources(List.of(Topics.arn(this, "domainconfiguration", NAME)))
                        .build(),
                    EncryptionKeys.openRegistry(data.registryKey),
                    PlatformFunction.mayWrite(logs)))
            .build();

    var call =
        AwsSdkCall.builder()
            .service("iot")
            .action("updateDomainConfiguration")
            .parameters(
                new TreeMap<>(
                    Map.of(
                        "domainConfigurationName",
                        NAME,
                        "tlsConfig",
                        Map.of("securityPolicy", MeterIdentity.TLS_1_2_OR_NEWER))))
            .physicalResourceId(PhysicalResourceId.of(NAME))
            .outputPaths(List.of("domainConfigurationName"))
            .build();
    var setting =
        AwsCustomResource.Builder.create(this, "Tls")
            .resourceType("Custom::DefaultEndpoint")
            .onUpdate(call)
            .role(role)
            .logGroup(logs)
            .installLatestAwsSdk(false)
            .build();
    setting.getNode().addDependency(policy);

    for (var construct : Stack.of(this).getNode().findAll()) {
      if (construct instanceof CfnFunction function) {
        function.setKmsKeyArn(data.functionsKey.getKeyArn());
        Nag.accept(
            function, "AwsSolutions-L1", "CDK chooses the runtime of a function of its own.");
      }
    }
  }
}

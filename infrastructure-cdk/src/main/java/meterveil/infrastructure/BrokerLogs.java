package meterveil.infrastructure;

import java.util.List;
import java.util.Map;
import software.amazon.awscdk.RemovalPolicy;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.iam.Policy;
import software.amazon.awscdk.services.iam.PrincipalWithConditions;
import software.amazon.awscdk.services.iam.Role;
import software.amazon.awscdk.services.iam.ServicePrincipal;
import software.amazon.awscdk.services.iot.CfnLogging;
import software.amazon.awscdk.services.kms.Key;
import software.amazon.awscdk.services.logs.LogGroup;
import software.amazon.awscdk.services.logs.RetentionDays;
import software.constructs.Construct;

/// What IoT Core writes down when something goes wrong: things, certificates, addresses and topics,
/// and nothing of what is sent.
///
/// IoT Core would make its log group itself, for ever and under a key of AWS's; so it is there
/// before logging is switched on. One group serves the whole account and region, and its name is
/// not ours to choose.
final class BrokerLogs extends Construct {

  /// Where IoT Core logs, in every account.
  static final String GROUP = "AWSIotLogsV2";

  BrokerLogs(Construct scope, Key logsKey) {
    super(scope, "Broker");
    var group =
        LogGroup.Builder.create(this, "Logs")
            .logGroupName(GROUP)
            .retention(RetentionDays.THREE_MONTHS)
            .encryptionKey(logsKey)
            .removalPolicy(RemovalPolicy.DESTROY)
            .build();

    Map<String, Object> ofThisAccount =
        Map.of("StringEquals", Map.of("aws:SourceAccount", Stack.of(this).getAccount()));
    var role =
        Role.Builder.create(this, "Role")
            .assumedBy(
                new PrincipalWithConditions(
                    new ServicePrincipal("iot.amazonaws.com"), ofThisAccount))
            .build();
    var policy =
        Policy.Builder.create(this, "Policy")
            .roles(List.of(role))
            .statements(List.of(PlatformFunction.mayWrite(group)))
            .build();
    var logging =
        CfnLogging.Builder.create(this, "Logging")
            .accountId(Stack.of(this).getAccount())
            .defaultLogLevel("ERROR")
            .roleArn(role.getRoleArn())
            .build();
    logging.getNode().addDependency(group, policy);
  }
}

package meterveil.infrastructure;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import software.amazon.awscdk.ArnComponents;
import software.amazon.awscdk.ArnFormat;
import software.amazon.awscdk.RemovalPolicy;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.iam.AccountRootPrincipal;
import software.amazon.awscdk.services.iam.PolicyDocument;
import software.amazon.awscdk.services.iam.PolicyStatement;
import software.amazon.awscdk.services.iam.Role;
import software.amazon.awscdk.services.iam.ServicePrincipal;
import software.amazon.awscdk.services.kms.Key;
import software.constructs.Construct;

/// The platform's KMS keys, each with a policy that names who may use it.
///
/// By CDK's default IAM alone decides who may use a key. These policies let the account administer
/// a key, and let it be used through the service whose data lies under it or by the roles named,
/// and not otherwise.
final class EncryptionKeys {

  /// Looking after a key without using it.
  static final List<String> ADMINISTER =
      List.of(
          "kms:CancelKeyDeletion",
          "kms:DescribeKey",
          "kms:DisableKey",
          "kms:DisableKeyRotation",
          "kms:EnableKey",
          "kms:EnableKeyRotation",
          "kms:GetKeyPolicy",
          "kms:GetKeyRotationStatus",
          "kms:ListGrants",
          "kms:ListKeyPolicies",
          "kms:ListKeyRotations",
          "kms:ListResourceTags",
          "kms:PutKeyPolicy",
          "kms:RevokeGrant",
          "kms:RotateKeyOnDemand",
          "kms:ScheduleKeyDeletion",
          "kms:TagResource",
          "kms:UntagResource",
          "kms:UpdateKeyDescription");

  /// What a service does with the key of data it keeps.
  static final List<String> KEEP_DATA =
      List.of(
          "kms:Decrypt",
          "kms:DescribeKey",
          "kms:Encrypt",
          "kms:GenerateDataKey",
          "kms:GenerateDataKeyWithoutPlaintext",
          "kms:ReEncryptFrom",
          "kms:ReEncryptTo");

  /// What IoT Core does with the key of its registry, as its documentation lists it.
  static final List<String> KEEP_REGISTRY =
      List.of(
          "kms:Decrypt",
          "kms:DescribeKey",
          "kms:Encrypt",
          "kms:GenerateDataKeyWithoutPlaintext",
          "kms:ReEncryptFrom",
          "kms:ReEncryptTo");

  /// What IoT Core says it is when it uses the key, for itself or for a caller of its control
  /// plane.
  static final Map<String, Object> BY_IOT_CORE =
      Map.of(
          "StringEquals",
          Map.of("kms:EncryptionContext:aws-crypto-ec:vendor", "iot.amazonaws.com"));

  /// What collect and release do with the key of day keys.
  private static final List<String> WRAP_DAY_KEYS = List.of("kms:Decrypt", "kms:GenerateDataKey");

  /// The encryption context of a day key: tenant and day, both, and nothing else. `ForAllValues`
  /// alone would also hold for no context at all.
  static final Map<String, Object> OF_A_TENANT_AND_DAY =
      new TreeMap<>(
          Map.of(
              "ForAllValues:StringEquals",
              Map.of("kms:EncryptionContextKeys", List.of("day", "tenant")),
              "Null",
              new TreeMap<>(
                  Map.of(
                      "kms:EncryptionContext:day", "false",
                      "kms:EncryptionContext:tenant", "false"))));

  private EncryptionKeys() {}

  /// The key of one plane's tables: of use through DynamoDB.
  static Key ofTables(Construct scope, String id, String description, RemovalPolicy removal) {
    return key(scope, id, description, removal, throughService(scope, "dynamodb"));
  }

  /// The key of functions' environments and snapshots: of use through Lambda.
  static Key ofFunctions(Construct scope, String id, RemovalPolicy removal) {
    return key(scope, id, "Environments and snapshots", removal, throughService(scope, "lambda"));
  }

  /// The key of log groups: of use to CloudWatch Logs.
  ///
  /// @param groups the patterns of their names
  static Key ofLogs(Construct scope, String id, List<String> groups, RemovalPolicy removal) {
    var stack = Stack.of(scope);
    var arns =
        groups.stream()
            .map(name ->
                stack.formatArn(
                    ArnComponents.builder()
                        .service("logs")
                        .resource("log-group")
                        .resourceName(name)
                        .arnFormat(ArnFormat.COLON_RESOURCE_NAME)
                        .build()))
            .toList();
    var logs = new ServicePrincipal("logs.%s.amazonaws.com".formatted(stack.getRegion()));
    return key(
        scope,
        id,
        "Logs",
        removal,
        PolicyStatement.Builder.create()
            .principals(List.of(logs))
            .actions(KEEP_DATA)
            .conditions(Map.of("ArnLike", Map.of("kms:EncryptionContext:aws:logs:arn", arns))));
  }

  /// The key of what alarms say: of use to the services that say it.
  static Key ofAlarms(Construct scope, String id, List<ServicePrincipal> tellers) {
    return key(
        scope,
        id,
        "Alarms on their way",
        RemovalPolicy.DESTROY,
        PolicyStatement.Builder.create()
            .principals(tellers)
            .actions(List.of("kms:Decrypt", "kms:GenerateDataKey")));
  }

  /// The key of CloudTrail's files: of use to trails of the account for writing, and for reading to
  /// whoever IAM also lets. It always stays, as the files do.
  ///
  /// @param trails the pattern of their ARNs
  static Key ofTrail(Construct scope, String id, String trails) {
    return key(
        scope,
        id,
        "CloudTrail's files",
        RemovalPolicy.RETAIN,
        PolicyStatement.Builder.create()
            .principals(List.of(new ServicePrincipal("cloudtrail.amazonaws.com")))
            .actions(List.of("kms:GenerateDataKey", "kms:Decrypt"))
            .conditions(
                Map.of("ArnLike", Map.of("kms:EncryptionContext:aws:cloudtrail:arn", trails))),
        PolicyStatement.Builder.create()
            .principals(List.of(new ServicePrincipal("cloudtrail.amazonaws.com")))
            .actions(List.of("kms:DescribeKey"))
            .conditions(Map.of("ArnLike", Map.of("aws:SourceArn", trails))),
        PolicyStatement.Builder.create()
            .principals(List.of(new AccountRootPrincipal()))
            .actions(List.of("kms:Decrypt"))
            .conditions(via(scope, "s3")));
  }

  /// The key of what IoT Core itself keeps: of use to the role that IoT Core takes on for it, and
  /// through IoT Core to whoever IAM also lets, for it opens its registry in its callers' name. It
  /// always stays, for the account's registry lies under it, whatever becomes of the stack.
  static Key ofRegistry(Construct scope, String id, Role iot) {
    return key(
        scope,
        id,
        "IoT Core's registry and retained messages",
        RemovalPolicy.RETAIN,
        PolicyStatement.Builder.create().principals(List.of(iot)).actions(KEEP_REGISTRY),
        PolicyStatement.Builder.create()
            .principals(List.of(new AccountRootPrincipal()))
            .actions(KEEP_REGISTRY)
            .conditions(BY_IOT_CORE));
  }

  /// The key that wraps day keys: of use to these roles and nobody else, the operator included.
  static Key ofDayKeys(Construct scope, String id, List<Role> users, RemovalPolicy removal) {
    return key(
        scope,
        id,
        "Wraps the day keys, which mask open readings",
        removal,
        PolicyStatement.Builder.create()
            .principals(users)
            .actions(WRAP_DAY_KEYS)
            .conditions(OF_A_TENANT_AND_DAY));
  }

  /// A user's side of the key that wraps day keys.
  static PolicyStatement wrapDayKeys(Key key) {
    return PolicyStatement.Builder.create()
        .actions(WRAP_DAY_KEYS)
        .resources(List.of(key.getKeyArn()))
        .conditions(OF_A_TENANT_AND_DAY)
        .build();
  }

  /// What DynamoDB asks of whoever reads or writes a table that lies under the key.
  static PolicyStatement openTables(Key key) {
    return PolicyStatement.Builder.create()
        .actions(List.of("kms:Decrypt"))
        .resources(List.of(key.getKeyArn()))
        .conditions(via(key, "dynamodb"))
        .build();
  }

  /// What IoT Core asks of whoever calls its control plane.
  static PolicyStatement openRegistry(Key key) {
    return PolicyStatement.Builder.create()
        .actions(List.of("kms:Decrypt"))
        .resources(List.of(key.getKeyArn()))
        .conditions(BY_IOT_CORE)
        .build();
  }

  private static PolicyStatement.Builder throughService(Construct scope, String service) {
    // A service makes itself a grant when a table or a function is created.
    var actions = new ArrayList<>(KEEP_DATA);
    actions.add("kms:CreateGrant");
    return PolicyStatement.Builder.create()
        .principals(List.of(new AccountRootPrincipal()))
        .actions(actions)
        .conditions(via(scope, service));
  }

  private static Map<String, Object> via(Construct scope, String service) {
    var endpoint = "%s.%s.amazonaws.com".formatted(service, Stack.of(scope).getRegion());
    return Map.of("StringEquals", Map.of("kms:ViaService", endpoint));
  }

  private static Key key(
      Construct scope,
      String id,
      String description,
      RemovalPolicy removal,
      PolicyStatement.Builder... uses) {
    var administration =
        PolicyStatement.Builder.create()
            .principals(List.of(new AccountRootPrincipal()))
            .actions(ADMINISTER)
            .resources(List.of("*"))
            .build();
    // In a key's policy "*" is that key.
    var statements = new ArrayList<>(List.of(administration));
    for (var use : uses) {
      statements.add(use.resources(List.of("*")).build());
    }
    return Key.Builder.create(scope, id)
        .description(description)
        .enableKeyRotation(true)
        .policy(PolicyDocument.Builder.create().statements(statements).build())
        .removalPolicy(removal)
        .build();
  }
}

package meterveil.infrastructure;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import software.amazon.awscdk.Annotations;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.RemovalPolicy;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.iam.Policy;
import software.amazon.awscdk.services.iam.PolicyStatement;
import software.amazon.awscdk.services.iam.Role;
import software.amazon.awscdk.services.iam.ServicePrincipal;
import software.amazon.awscdk.services.kms.Key;
import software.amazon.awscdk.services.lambda.Alias;
import software.amazon.awscdk.services.lambda.Architecture;
import software.amazon.awscdk.services.lambda.CfnEventInvokeConfig;
import software.amazon.awscdk.services.lambda.CfnEventInvokeConfig.DestinationConfigProperty;
import software.amazon.awscdk.services.lambda.CfnEventInvokeConfig.OnFailureProperty;
import software.amazon.awscdk.services.lambda.CfnPermission;
import software.amazon.awscdk.services.lambda.Code;
import software.amazon.awscdk.services.lambda.Function;
import software.amazon.awscdk.services.lambda.Runtime;
import software.amazon.awscdk.services.lambda.SnapStartConf;
import software.amazon.awscdk.services.lambda.VersionOptions;
import software.amazon.awscdk.services.logs.LogGroup;
import software.amazon.awscdk.services.logs.RetentionDays;
import software.constructs.Construct;

/// The one way this platform runs a function.
///
/// It runs under a role that may do what is listed and no more, writes to a log group of its own,
/// and is called by the alias `live` of a version that has a snapshot. Its callers leave an event
/// and go; how often an event is tried, and where it goes then, is set on the alias, because what
/// is set on the function itself holds for `$LATEST`, which nobody calls.
final class PlatformFunction extends Construct {

  /// What all functions of a stage have in common.
  ///
  /// @param modules the folder of the functions' modules, each with its `target/function.zip`
  /// @param load what the stage's meters ask of them
  record Surroundings(Path modules, Key logsKey, Key functionsKey, Load load) {}

  private static final String ALIAS = "live";
  private static final int MEMORY_MB = 1_024;
  private static final int RETRIES = 2;

  /// Nothing is compiled a second time, by C2. Lambda's Java 25 sees to that by itself, but not
  /// where it restores a snapshot.
  private static final String JVM_OPTIONS = "-XX:TieredStopAtLevel=1";

  private static final Duration EVENT_AGE_MAX = Duration.hours(1);

  private final Policy policy;
  private final CfnEventInvokeConfig events;

  /// What callers call.
  final Alias live;

  /// What it counts under, as `collect`.
  final String name;

  /// What Lambda counts under.
  final String functionName;

  /// @param name the module's name and the last part of its package, as `collect`
  /// @param atOnce how many instances it has at most, and always can have: no other function can
  ///   take them from it
  /// @param variables its environment, apart from what every function is told
  /// @param may what its role may do, apart from writing its log
  /// @throws IllegalArgumentException if the module's zip has not been built
  PlatformFunction(
      Construct scope,
      String name,
      Surroundings surroundings,
      Role role,
      Duration timeout,
      int atOnce,
      Map<String, String> variables,
      List<PolicyStatement> may) {
    // An id that CloudFormation's names leave out.
    super(scope, "Default");
    this.name = name;

    var logs =
        LogGroup.Builder.create(this, "Logs")
            .retention(RetentionDays.THREE_MONTHS)
            .encryptionKey(surroundings.logsKey())
            .removalPolicy(RemovalPolicy.DESTROY)
            .build();

    policy = Policy.Builder.create(this, "Policy").roles(List.of(role)).statements(may).build();
    policy.addStatements(mayWrite(logs));

    var environment = new TreeMap<>(variables);
    environment.put("JAVA_TOOL_OPTIONS", JVM_OPTIONS);
    environment.put("POWERTOOLS_METRICS_NAMESPACE", "Meterveil");
    environment.put("POWERTOOLS_SERVICE_NAME", name);
    var function =
        Function.Builder.create(this, "Function")
            .code(Code.fromAsset(zip(surroundings.modules(), name).toString()))
            .handler(handler(name))
            .runtime(Runtime.JAVA_25)
            .architecture(Architecture.ARM_64)
            .snapStart(SnapStartConf.ON_PUBLISHED_VERSIONS)
            .memorySize(MEMORY_MB)
            .timeout(timeout)
            .reservedConcurrentExecutions(atOnce)
            // Every permission stands in the policy above; CDK adds none on the quiet.
            .role(role.withoutPolicyUpdates())
            .environment(environment)
            .environmentEncryption(surroundings.functionsKey())
            .logGroup(logs)
            // The version before stays, so that the alias can go back to it at once. One that was
            // made by an update that is taken back goes: Lambda publishes the same code once only.
            .currentVersionOptions(
                VersionOptions.builder()
                    .removalPolicy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
                    .build())
            .build();
    function.getNode().addDependency(policy);
    Annotations.of(function)
        .acknowledgeWarning(
            "@aws-cdk/aws-lambda:snapStartRequirePublish", "Only a published version is called.");

    functionName = function.getFunctionName();
    live =
        Alias.Builder.create(this, "Live")
            .aliasName(ALIAS)
            .version(function.getCurrentVersion())
            .build();
    events =
        CfnEventInvokeConfig.Builder.create(this, "Events")
            .functionName(function.getFunctionName())
            .qualifier(ALIAS)
            .maximumRetryAttempts(RETRIES)
            .maximumEventAgeInSeconds(EVENT_AGE_MAX.toSeconds())
            .build();
    events.getNode().addDependency(live);
  }

  /// Hands what this function could not do to another one.
  void failuresGoTo(PlatformFunction other) {
    var destination = other.live.getFunctionArn();
    policy.addStatements(mayCall(other));
    events.setDestinationConfig(
        DestinationConfigProperty.builder()
            .onFailure(OnFailureProperty.builder().destination(destination).build())
            .build());
    events.getNode().addDependency(policy);
  }

  /// Says why this function's role may publish to a topic with `*` in it.
  void wildcardIsNeeded(String topic, String reason) {
    Nag.acceptWildcard(policy, "topic/" + topic, reason);
  }

  /// Says why this function's role may do something to every thing or certificate.
  ///
  /// @param resource as `thing/*`
  void anyIsNeeded(String resource, String reason) {
    Nag.acceptWildcard(policy, resource, reason);
  }

  /// Says why this function's role names no resource for some actions.
  void allIsNeeded(String reason) {
    Nag.acceptAll(policy, reason);
  }

  /// Lets IoT Core call it on behalf of one rule or template of this account.
  ///
  /// @param id of the construct
  /// @param kind as `rule`
  CfnPermission letIotCall(Construct scope, String id, String kind, String of) {
    return CfnPermission.Builder.create(scope, id)
        .action("lambda:InvokeFunction")
        .functionName(live.getFunctionArn())
        .principal("iot.amazonaws.com")
        .sourceAccount(Stack.of(scope).getAccount())
        .sourceArn(Topics.arn(scope, kind, of))
        .build();
  }

  /// What a caller with a role must be allowed.
  static PolicyStatement mayCall(PlatformFunction function) {
    return PolicyStatement.Builder.create()
        .actions(List.of("lambda:InvokeFunction"))
        .resources(List.of(function.live.getFunctionArn()))
        .build();
  }

  /// What a writer of a log must be allowed.
  static PolicyStatement mayWrite(LogGroup logs) {
    return PolicyStatement.Builder.create()
        .actions(List.of("logs:CreateLogStream", "logs:PutLogEvents"))
        .resources(List.of(logs.getLogGroupArn()))
        .build();
  }

  /// A role for one function, which may do nothing yet.
  static Role role(Construct scope, String id) {
    return Role.Builder.create(scope, id)
        .assumedBy(new ServicePrincipal("lambda.amazonaws.com"))
        .build();
  }

  /// `collect` → `meterveil.collect.CollectFunction`.
  private static String handler(String name) {
    var type = Character.toUpperCase(name.charAt(0)) + name.substring(1) + "Function";
    return "meterveil.%s.%s".formatted(name, type);
  }

  private static Path zip(Path modules, String name) {
    var zip = modules.resolve(name).resolve("target").resolve("function.zip");
    if (!Files.isRegularFile(zip)) {
      throw new IllegalArgumentException(
          "functions/%s/target/function.zip is missing: build it first (mvnw package)"
              .formatted(name));
    }
    return zip;
  }
}

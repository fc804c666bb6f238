package meterveil.infrastructure;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.RemovalPolicy;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.cloudtrail.CfnTrail;
import software.amazon.awscdk.services.cloudtrail.CfnTrail.EventSelectorProperty;
import software.amazon.awscdk.services.cloudwatch.Metric;
import software.amazon.awscdk.services.iam.Policy;
import software.amazon.awscdk.services.iam.PolicyStatement;
import software.amazon.awscdk.services.iam.Role;
import software.amazon.awscdk.services.iam.ServicePrincipal;
import software.amazon.awscdk.services.logs.FilterPattern;
import software.amazon.awscdk.services.logs.IFilterPattern;
import software.amazon.awscdk.services.logs.JsonPattern;
import software.amazon.awscdk.services.logs.LogGroup;
import software.amazon.awscdk.services.logs.MetricFilter;
import software.amazon.awscdk.services.logs.RetentionDays;
import software.amazon.awscdk.services.s3.BlockPublicAccess;
import software.amazon.awscdk.services.s3.Bucket;
import software.amazon.awscdk.services.s3.BucketEncryption;
import software.amazon.awscdk.services.s3.LifecycleRule;
import software.amazon.awscdk.services.s3.ObjectOwnership;
import software.constructs.Construct;

/// Who administered what, and who used which key: CloudTrail's management events, for 90 days.
///
/// Management events alone. Data events on the tables would write down when which cohort's item was
/// touched. The bucket stays when the stack goes, and empties itself.
final class AuditTrail extends Construct {

  /// Where the counts below are found.
  static final String NAMESPACE = "Meterveil/Trail";

  private static final int DAYS = 90;

  /// What a count is taken of.
  enum Count {
    /// A key was wanted by somebody who may not use it.
    KEY_USE_DENIED("KeyUseDenied"),
    /// Anything was wanted by somebody who may not have it.
    ACCESS_DENIED("AccessDenied"),
    /// Who may use a key, or whether it can be used, was changed.
    KEYS_CHANGED("KeysChanged"),
    /// Who gets to see messages of meters was changed, or whether anybody does: rules, policies,
    /// templates that meters come in by, endpoints and who else they let in, what is logged, the
    /// registry's key, functions.
    READERS_CHANGED("ReadersChanged"),
    /// The trail itself was changed.
    TRAIL_CHANGED("TrailChanged");

    /// What it is counted under.
    final String metric;

    Count(String metric) {
      this.metric = metric;
    }
  }

  AuditTrail(Construct scope, Data data) {
    super(scope, "Trail");
    var stack = Stack.of(this);
    var trails = Topics.arn(this, "cloudtrail", "trail", "*");
    var key = EncryptionKeys.ofTrail(this, "Key", trails);

    var bucket =
        Bucket.Builder.create(this, "Bucket")
            .encryption(BucketEncryption.KMS)
            .encryptionKey(key)
            // The key lets CloudTrail in for a trail; a bucket's own key is made for the bucket.
            .bucketKeyEnabled(false)
            .enforceSsl(true)
            .minimumTlsVersion(1.2)
            .blockPublicAccess(BlockPublicAccess.BLOCK_ALL)
            .objectOwnership(ObjectOwnership.BUCKET_OWNER_ENFORCED)
            .lifecycleRules(
                List.of(LifecycleRule.builder().expiration(Duration.days(DAYS)).build()))
            .removalPolicy(RemovalPolicy.RETAIN)
            .build();
    Nag.accept(
        bucket,
        "AwsSolutions-S1",
        "Access to it is a management event or needs its key, whose use is in the trail itself.");
    var byTrails = Map.of("ArnLike", Map.of("aws:SourceArn", trails));
    bucket.addToResourcePolicy(
        PolicyStatement.Builder.create()
            .principals(List.of(new ServicePrincipal("cloudtrail.amazonaws.com")))
            .actions(List.of("s3:GetBucketAcl"))
            .resources(List.of(bucket.getBucketArn()))
            .conditions(byTrails)
            .build());
    bucket.addToResourcePolicy(
        PolicyStatement.Builder.create()
            .principals(List.of(new ServicePrincipal("cloudtrail.amazonaws.com")))
            .actions(List.of("s3:PutObject"))
            .resources(List.of(bucket.arnForObjects("AWSLogs/%s/*".formatted(stack.getAccount()))))
            .conditions(byTrails)
            .build());

    var bucketPolicy = Objects.requireNonNull(bucket.getPolicy());
    bucketPolicy.applyRemovalPolicy(RemovalPolicy.RETAIN);

    var logs =
        LogGroup.Builder.create(this, "Logs")
            .retention(RetentionDays.THREE_MONTHS)
            .encryptionKey(data.logsKey)
            .removalPolicy(RemovalPolicy.DESTROY)
            .build();
    // CloudTrail takes this role on without saying for which account or trail: asked for either, it
    // would stay outside, and the trail could not be made.
    var role =
        Role.Builder.create(this, "Role")
            .assumedBy(new ServicePrincipal("cloudtrail.amazonaws.com"))
            .build();
    var policy =
        Policy.Builder.create(this, "Policy")
            .roles(List.of(role))
            .statements(List.of(PlatformFunction.mayWrite(logs)))
            .build();

    // Of all regions, as IAM and its like are administered in another one; kept in this one.
    var trail =
        CfnTrail.Builder.create(this, "Resource")
            .isLogging(true)
            .isMultiRegionTrail(true)
            .includeGlobalServiceEvents(true)
            .enableLogFileValidation(true)
            .eventSelectors(
                List.of(
                    EventSelectorProperty.builder()
                        .includeManagementEvents(true)
                        .readWriteType("All")
                        .build()))
            .s3BucketName(bucket.getBucketName())
            .kmsKeyId(key.getKeyArn())
            .cloudWatchLogsLogGroupArn(logs.getLogGroupArn())
            .cloudWatchLogsRoleArn(role.getRoleArn())
            .build();
    trail.getNode().addDependency(policy, bucketPolicy);

    for (var count : Count.values()) {
      filter(count.metric, logs, pattern(count), count);
    }
    // What a pattern may hold is too short for both.
    filter("FunctionsChanged", logs, functionsChanged(), Count.READERS_CHANGED);
  }

  private void filter(String id, LogGroup logs, IFilterPattern pattern, Count count) {
    MetricFilter.Builder.create(this, id)
        .logGroup(logs)
        .filterPattern(pattern)
        .metricNamespace(NAMESPACE)
        .metricName(count.metric)
        .metricValue("1")
        .build();
  }

  /// How often something happened.
  static Metric metric(Count count, Duration period) {
    return Metric.Builder.create()
        .namespace(NAMESPACE)
        .metricName(count.metric)
        .statistic("Sum")
        .period(period)
        .build();
  }

  private static IFilterPattern pattern(Count count) {
    return switch (count) {
      case KEY_USE_DENIED ->
          FilterPattern.all(
              is("eventSource", "kms.amazonaws.com"), is("errorCode", "AccessDenied*"));
      case ACCESS_DENIED ->
          FilterPattern.any(
              is("errorCode", "AccessDenied*"),
              is("errorCode", "*UnauthorizedOperation"),
              is("errorCode", "UnauthorizedException"));
      case KEYS_CHANGED ->
          events(
              "kms.amazonaws.com",
              "DisableKey",
              "DisableKeyRotation",
              "PutKeyPolicy",
              "ScheduleKeyDeletion");
      case READERS_CHANGED ->
          events(
              "iot.amazonaws.com",
              "CreateAuthorizer",
              "CreateDomainConfiguration",
              "CreatePolicy",
              "CreatePolicyVersion",
              "CreateProvisioningTemplateVersion",
              "CreateTopicRule",
              "DeleteTopicRule",
              "DisableTopicRule",
              "ReplaceTopicRule",
              "SetDefaultAuthorizer",
              "SetDefaultPolicyVersion",
              "SetV2LoggingLevel",
              "SetV2LoggingOptions",
              "UpdateAuthorizer",
              "UpdateDomainConfiguration",
              "UpdateEncryptionConfiguration",
              "UpdateProvisioningTemplate");
      case TRAIL_CHANGED ->
          events(
              "cloudtrail.amazonaws.com",
              "DeleteTrail",
              "PutEventSelectors",
              "StopLogging",
              "UpdateTrail");
    };
  }

  /// CloudTrail adds the version of Lambda's interface, as UpdateAlias20150331.
  private static IFilterPattern functionsChanged() {
    return events(
        "lambda.amazonaws.com",
        "DeleteAlias*",
        "DeleteFunction*",
        "PutFunctionConcurrency*",
        "PutFunctionEventInvokeConfig*",
        "RemovePermission*",
        "UpdateAlias*",
        "UpdateFunctionCode*",
        "UpdateFunctionConfiguration*",
        "UpdateFunctionEventInvokeConfig*");
  }

  private static JsonPattern events(String source, String... names) {
    var anyOfThem =
        FilterPattern.any(
            Stream.of(names).map(name -> is("eventName", name)).toArray(JsonPattern[]::new));
    return FilterPattern.all(is("eventSource", source), anyOfThem);
  }

  private static JsonPattern is(String field, String value) {
    return FilterPattern.stringValue("$." + field, "=", value);
  }
}

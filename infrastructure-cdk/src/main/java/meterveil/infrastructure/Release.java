package meterveil.infrastructure;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.iam.Policy;
import software.amazon.awscdk.services.iam.PrincipalWithConditions;
import software.amazon.awscdk.services.iam.Role;
import software.amazon.awscdk.services.iam.ServicePrincipal;
import software.amazon.awscdk.services.scheduler.CfnSchedule;
import software.amazon.awscdk.services.scheduler.CfnSchedule.FlexibleTimeWindowProperty;
import software.amazon.awscdk.services.scheduler.CfnSchedule.RetryPolicyProperty;
import software.amazon.awscdk.services.scheduler.CfnSchedule.TargetProperty;
import software.amazon.awscdk.services.scheduler.CfnScheduleGroup;
import software.constructs.Construct;

/// From open cells to released usage, every hour: schedule → release → Usage.
final class Release extends Construct {

  /// As long as Lambda lets a function run: a backlog is worked off as far as time goes.
  private static final Duration TIMEOUT = Duration.minutes(15);

  /// A run that could not be started is made up for by the next one.
  private static final Duration LATE_MAX = Duration.minutes(30);

  private static final int RETRIES = 3;

  final PlatformFunction function;

  /// The group of its schedule, which Scheduler counts under.
  final CfnScheduleGroup schedules;

  Release(Construct scope, Data data, PlatformFunction.Surroundings surroundings) {
    super(scope, "Release");
    var topic = Topics.cohortResend("*", "*");
    function =
        new PlatformFunction(
            this,
            "release",
            surroundings,
            data.releaseRole,
            TIMEOUT,
            surroundings.load().releaseAtOnce(),
            Map.of(
                "OPEN_BLOCKS_TABLE", data.openBlocks.name(),
                "DAY_KEYS_TABLE", data.dayKeys.name(),
                "DAY_KEY_ID", data.dayKeyKey.getKeyArn(),
                "COHORTS_TABLE", data.cohorts.name(),
                "TENANTS_TABLE", data.tenants.name(),
                "GROUPINGS_TABLE", data.groupings.name(),
                "USAGE_TABLE", data.usage.name(),
                "RECONCILIATIONS_TABLE", data.reconciliations.name()),
            Stream.of(
                    data.openBlocks.allow("GetItem", "PutItem", "UpdateItem"),
                    data.dayKeys.allow("GetItem", "PutItem", "Query"),
                    data.groupings.allow("GetItem", "PutItem", "Query"),
                    data.usage.allow("BatchWriteItem", "Query"),
                    data.reconciliations.allow("GetItem", "PutItem"),
                    data.cohorts.allow("Query"),
                    data.tenants.allow("Scan"),
                    List.of(EncryptionKeys.wrapDayKeys(data.dayKeyKey)),
                    List.of(Topics.mayPublish(this, topic, "iot:Publish")))
                .flatMap(List::stream)
                .toList());
    function.wildcardIsNeeded(topic, "Any cohort may miss a message, so any may be asked.");

    schedules = CfnScheduleGroup.Builder.create(this, "Schedules").build();
    everyHour();
  }

  private void everyHour() {
    Map<String, Object> ofThisAccount =
        Map.of("StringEquals", Map.of("aws:SourceAccount", Stack.of(this).getAccount()));
    var role =
        Role.Builder.create(this, "ScheduleRole")
            .assumedBy(
                new PrincipalWithConditions(
                    new ServicePrincipal("scheduler.amazonaws.com"), ofThisAccount))
            .build();
    var policy =
        Policy.Builder.create(this, "SchedulePolicy")
            .roles(List.of(role))
            .statements(List.of(PlatformFunction.mayCall(function)))
            .build();
    var schedule =
        CfnSchedule.Builder.create(this, "Schedule")
            .groupName(schedules.getRef())
            .scheduleExpression("rate(1 hour)")
            .flexibleTimeWindow(FlexibleTimeWindowProperty.builder().mode("OFF").build())
            .target(
                TargetProperty.builder()
                    .arn(function.live.getFunctionArn())
                    .roleArn(role.getRoleArn())
                    .input("{}")
                    .retryPolicy(
                        RetryPolicyProperty.builder()
                            .maximumRetryAttempts(RETRIES)
                            .maximumEventAgeInSeconds(LATE_MAX.toSeconds())
                            .build())
                    .build())
            .build();
    schedule.getNode().addDependency(policy);
  }
}

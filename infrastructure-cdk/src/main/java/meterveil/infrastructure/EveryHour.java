package meterveil.infrastructure;

import java.util.List;
import java.util.Map;
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

/// Calls a function every hour.
final class EveryHour extends Construct {

  /// A run that could not be started is made up for by the next one.
  private static final Duration LATE_MAX = Duration.minutes(30);

  private static final int RETRIES = 3;

  /// @param group what Scheduler counts under
  EveryHour(Construct scope, CfnScheduleGroup group, PlatformFunction function) {
    super(scope, "Schedule");
    Map<String, Object> ofThisAccount =
        Map.of("StringEquals", Map.of("aws:SourceAccount", Stack.of(this).getAccount()));
    var role =
        Role.Builder.create(this, "Role")
            .assumedBy(
                new PrincipalWithConditions(
                    new ServicePrincipal("scheduler.amazonaws.com"), ofThisAccount))
            .build();
    var policy =
        Policy.Builder.create(this, "Policy")
            .roles(List.of(role))
            .statements(List.of(PlatformFunction.mayCall(function)))
            .build();
    var schedule =
        CfnSchedule.Builder.create(this, "Resource")
            .groupName(group.getRef())
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

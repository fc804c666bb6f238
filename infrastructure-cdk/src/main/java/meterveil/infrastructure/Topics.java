package meterveil.infrastructure;

import java.util.List;
import software.amazon.awscdk.ArnComponents;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.iam.PolicyStatement;
import software.constructs.Construct;

/// The topics of the device contract, and the ARNs that policies know them by.
///
/// Their levels are ids in functions, variables in the meters' policy, and `*` in a role's.
final class Topics {

  /// The rule that takes readings; its name is part of their topic.
  static final String READINGS_RULE = "collect_readings";

  /// The rule that takes statuses; its name is part of their topic.
  static final String STATUS_RULE = "collect_status";

  private Topics() {}

  static String readings(String tenant, String cohort, String thing) {
    return "$aws/rules/%s/mv/1/%s/%s/%s/readings".formatted(READINGS_RULE, tenant, cohort, thing);
  }

  static String status(String tenant, String thing) {
    return "$aws/rules/%s/mv/1/%s/%s/status".formatted(STATUS_RULE, tenant, thing);
  }

  static String settings(String tenant, String thing) {
    return "mv/1/%s/%s/settings".formatted(tenant, thing);
  }

  static String resend(String tenant, String thing) {
    return "mv/1/%s/%s/resend".formatted(tenant, thing);
  }

  static String cohortResend(String tenant, String cohort) {
    return "mv/1/%s/cohort/%s/resend".formatted(tenant, cohort);
  }

  /// @param kind of resource: `topic`, `topicfilter`, `client`, `thing` or `rule`
  static String arn(Construct scope, String kind, String name) {
    return arn(scope, "iot", kind, name);
  }

  /// The same of another service.
  static String arn(Construct scope, String service, String kind, String name) {
    return Stack.of(scope)
        .formatArn(
            ArnComponents.builder().service(service).resource(kind).resourceName(name).build());
  }

  /// Lets a role publish to a topic, of which its own code fills in the levels.
  static PolicyStatement mayPublish(Construct scope, String topic, String... actions) {
    return PolicyStatement.Builder.create()
        .actions(List.of(actions))
        .resources(List.of(arn(scope, "topic", topic)))
        .build();
  }
}

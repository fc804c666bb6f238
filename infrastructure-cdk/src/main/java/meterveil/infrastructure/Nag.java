package meterveil.infrastructure;

import io.github.cdklabs.cdknag.NagPackSuppression;
import io.github.cdklabs.cdknag.NagSuppressions;
import io.github.cdklabs.cdknag.RegexAppliesTo;
import java.util.List;
import software.constructs.IConstruct;

/// Where cdk-nag's rules do not hold here, and why.
final class Nag {

  private Nag() {}

  /// @param rule as `AwsSolutions-DDB3`
  static void accept(IConstruct construct, String rule, String reason) {
    NagSuppressions.addResourceSuppressions(
        construct, List.of(NagPackSuppression.builder().id(rule).reason(reason).build()));
  }

  /// Every resource, for actions that know none.
  static void acceptAll(IConstruct construct, String reason) {
    NagSuppressions.addResourceSuppressions(
        construct,
        List.of(
            NagPackSuppression.builder()
                .id("AwsSolutions-IAM5")
                .reason(reason)
                .appliesTo(List.of("Resource::*"))
                .build()));
  }

  /// A wildcard in one topic or thing of a role's policy, and no other in that policy.
  ///
  /// @param resource the end of its ARN, as `topic/mv/1/*/*/resend`
  static void acceptWildcard(IConstruct construct, String resource, String reason) {
    var arn = "/^Resource::arn:aws:iot:[^:]+:[^:]+:%s$/".formatted(resource.replace("*", "\\*"));
    NagSuppressions.addResourceSuppressions(
        construct,
        List.of(
            NagPackSuppression.builder()
                .id("AwsSolutions-IAM5")
                .reason(reason)
                .appliesTo(List.of(RegexAppliesTo.builder().regex(arn).build()))
                .build()));
  }
}

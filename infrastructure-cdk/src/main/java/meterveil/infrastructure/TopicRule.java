package meterveil.infrastructure;

import java.util.List;
import org.jspecify.annotations.Nullable;
import software.amazon.awscdk.services.iot.CfnTopicRule;
import software.amazon.awscdk.services.iot.CfnTopicRule.ActionProperty;
import software.amazon.awscdk.services.iot.CfnTopicRule.LambdaActionProperty;
import software.amazon.awscdk.services.iot.CfnTopicRule.TopicRulePayloadProperty;
import software.constructs.Construct;

/// A rule with one action: a function behind its alias.
///
/// No rule of this platform has an action that keeps a message, for what a rule hands over is what
/// a meter sent. A rule's name is part of the topic under Basic Ingest, so meters know it and it is
/// set here. A rule that may not call its function drops messages without a trace, so permissions
/// come first.
final class TopicRule extends Construct {

  private static final String SQL_VERSION = "2016-03-23";

  /// @param name as in `$aws/rules/NAME/…`
  /// @param onError called with the message's original payload when the action failed; null if a
  ///   lost message is not worth asking for
  TopicRule(
      Construct scope,
      String name,
      String sql,
      PlatformFunction action,
      @Nullable PlatformFunction onError) {
    super(scope, "Rule");
    var rule =
        CfnTopicRule.Builder.create(this, "Resource")
            .ruleName(name)
            .topicRulePayload(
                TopicRulePayloadProperty.builder()
                    .awsIotSqlVersion(SQL_VERSION)
                    .sql(sql)
                    .actions(List.of(call(action)))
                    .errorAction(onError == null ? null : call(onError))
                    .ruleDisabled(false)
                    .build())
            .build();
    rule.addResourceDependency(action.letIotCall(this, "MayCall", "rule", name));
    if (onError != null) {
      rule.addResourceDependency(onError.letIotCall(this, "MayCallOnError", "rule", name));
    }
  }

  private static ActionProperty call(PlatformFunction function) {
    return ActionProperty.builder()
        .lambda(LambdaActionProperty.builder().functionArn(function.live.getFunctionArn()).build())
        .build();
  }
}

package meterveil.infrastructure;

import java.util.List;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.budgets.CfnBudget;
import software.amazon.awscdk.services.budgets.CfnBudget.BudgetDataProperty;
import software.amazon.awscdk.services.budgets.CfnBudget.NotificationProperty;
import software.amazon.awscdk.services.budgets.CfnBudget.NotificationWithSubscribersProperty;
import software.amazon.awscdk.services.budgets.CfnBudget.SpendProperty;
import software.amazon.awscdk.services.budgets.CfnBudget.SubscriberProperty;
import software.constructs.Construct;

/// What looks after the platform and takes no part in a reading's way.
///
/// [DefaultEndpoint] and [AuditTrail] belong to the account; [Alarms] tells a person what only a
/// person can put right, through [AlarmTopic]; [Overview] shows how it all goes.
final class Ops extends Stack {

  /// Told when so much of the month's budget is spent.
  private static final int SPENT_PERCENT = 80;

  /// Told when the month will probably cost so much of it.
  private static final int EXPECTED_PERCENT = 100;

  Ops(Construct scope, StageSettings settings, Data data, Ingest ingest) {
    super(scope, "Ops");
    new DefaultEndpoint(this, data);
    new AuditTrail(this, data);

    var metrics = new PlatformMetrics(ingest);
    var topic = new AlarmTopic(this, settings);
    var alarms = new Alarms(this, metrics, settings.load(), topic);
    new Overview(this, metrics, alarms);
    budget(settings, topic);
  }

  private void budget(StageSettings settings, AlarmTopic topic) {
    CfnBudget.Builder.create(this, "Budget")
        .budget(
            BudgetDataProperty.builder()
                .budgetType("COST")
                .timeUnit("MONTHLY")
                .budgetLimit(
                    SpendProperty.builder()
                        .amount(settings.budgetUsdPerMonth())
                        .unit("USD")
                        .build())
                .build())
        .notificationsWithSubscribers(
            List.of(
                tell("ACTUAL", SPENT_PERCENT, topic), tell("FORECASTED", EXPECTED_PERCENT, topic)))
        .build()
        .getNode()
        .addDependency(topic);
  }

  private static NotificationWithSubscribersProperty tell(
      String kind, int percent, AlarmTopic topic) {
    return NotificationWithSubscribersProperty.builder()
        .notification(
            NotificationProperty.builder()
                .notificationType(kind)
                .comparisonOperator("GREATER_THAN")
                .threshold(percent)
                .thresholdType("PERCENTAGE")
                .build())
        .subscribers(
            List.of(
                SubscriberProperty.builder()
                    .subscriptionType("SNS")
                    .address(topic.topic.getTopicArn())
                    .build()))
        .build();
  }
}

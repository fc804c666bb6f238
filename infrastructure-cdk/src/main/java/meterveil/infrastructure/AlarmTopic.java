package meterveil.infrastructure;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.iam.PolicyStatement;
import software.amazon.awscdk.services.iam.ServicePrincipal;
import software.amazon.awscdk.services.sns.Topic;
import software.amazon.awscdk.services.sns.subscriptions.EmailSubscription;
import software.constructs.Construct;

/// Where alarms and the budget tell a person, under a key that only these two may use.
final class AlarmTopic extends Construct {

  private static final List<String> TELLERS =
      List.of("cloudwatch.amazonaws.com", "budgets.amazonaws.com");

  final Topic topic;

  AlarmTopic(Construct scope, StageSettings settings) {
    super(scope, "Operator");
    var tellers = TELLERS.stream().map(ServicePrincipal::new).toList();
    topic =
        Topic.Builder.create(this, "Topic")
            .masterKey(EncryptionKeys.ofAlarms(this, "Key", tellers))
            .enforceSsl(true)
            .build();
    topic.addToResourcePolicy(
        PolicyStatement.Builder.create()
            .principals(tellers)
            .actions(List.of("sns:Publish"))
            .resources(List.of(topic.getTopicArn()))
            .conditions(
                new TreeMap<>(
                    Map.of(
                        "StringEquals", Map.of("aws:SourceAccount", Stack.of(this).getAccount()))))
            .build());
    settings
        .alarmAddress()
        .ifPresent(address -> topic.addSubscription(new EmailSubscription(address)));
  }
}

package meterveil.infrastructure;

import static meterveil.infrastructure.PlatformMetrics.counted;
import static meterveil.infrastructure.PlatformMetrics.found;
import static meterveil.infrastructure.PlatformMetrics.ofService;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.services.cloudwatch.Alarm;
import software.amazon.awscdk.services.cloudwatch.ComparisonOperator;
import software.amazon.awscdk.services.cloudwatch.IMetric;
import software.amazon.awscdk.services.cloudwatch.MathExpression;
import software.amazon.awscdk.services.cloudwatch.Metric;
import software.amazon.awscdk.services.cloudwatch.TreatMissingData;
import software.amazon.awscdk.services.cloudwatch.actions.SnsAction;
import software.constructs.Construct;

/// What a person must act on. Each has a line of its name in `docs/runbook.md`.
///
/// What the platform puts right by itself does not alarm until it has had the time to: a failed
/// call is tried three times within an hour, and a failed release is made good by the next. What
/// nothing puts right alarms at once.
final class Alarms extends Construct {

  private static final Duration FIVE_MINUTES = Duration.minutes(5);
  private static final Duration HOUR = Duration.hours(1);
  private static final Duration DAY = Duration.days(1);

  /// Below so many, a share says nothing.
  private static final int FEW = 10;

  /// Half of what an event may wait before it is given up is a reason to look; this is a third.
  private static final long WAIT_MILLIS_MAX = Duration.minutes(20).toMilliseconds().longValue();

  /// All of them, in the order below.
  final List<Alarm> all = new ArrayList<>();

  private final AlarmTopic topic;

  Alarms(Construct scope, PlatformMetrics metrics, Load load, AlarmTopic topic) {
    super(scope, "Alarm");
    this.topic = topic;

    // What meters send.
    above("ReadingsRefused", refusedPercent("collect", "Refused", "Counted"), 1, 1);
    above("StatusesRefused", refusedPercent("status", "StatusRefused", "Status"), 1, 1);
    above("NothingCounted", aliveButSilent(), 0, 1);
    above("BlocksAskedAgain", counted("resend", "Asked", HOUR), onePercent(load), 1);
    above("FailuresUnreadable", counted("resend", "NotAskable", HOUR), FEW, 1);

    // What calls functions.
    above("RuleMissing", ofIot("RuleNotFound"), 0, 1);
    above("RuleFails", ofIot("Failure"), FEW, 1);
    above("RuleErrorActionFails", ofIot("ErrorActionFailure"), 0, 1);
    above("RuleUnparsed", ofIot("ParseError"), 0, 1);
    above("RuleThrottled", ofIot("RuleMessageThrottled"), 0, 1);
    above("ScheduleFails", metrics.ofSchedules("TargetErrorCount", HOUR), 0, 1);
    above("ScheduleDropped", metrics.ofSchedules("InvocationDroppedCount", HOUR), 0, 1);

    // What functions do.
    above("FunctionsFail", metrics.ofFunctions("SUM", "Errors", "Sum", FIVE_MINUTES), FEW, 3);
    above("FunctionsThrottled", metrics.ofFunctions("SUM", "Throttles", "Sum", FIVE_MINUTES), 0, 3);
    above(
        "EventsWait",
        metrics.ofFunctions("MAX", "AsyncEventAge", "Maximum", FIVE_MINUTES),
        WAIT_MILLIS_MAX,
        1);
    above(
        "EventsDropped",
        metrics.ofFunctions("SUM", "AsyncEventsDropped", "Sum", FIVE_MINUTES),
        0,
        1);
    above(
        "FailuresUndelivered",
        metrics.ofFunction("collect", "DestinationDeliveryFailures", "Sum", FIVE_MINUTES),
        0,
        1);
    above("ReleaseFails", metrics.ofFunction("release", "Errors", "Sum", HOUR), 0, 2);
    notCalled("ReleaseMissing", "release");

    above("ReleaseLate", found("release", "OldestUnreleasedHours", HOUR), 3, 2);
    above("CellsSuppressed", suppressedPercent(), 50, 1);

    // How meters are, and whether they know where they belong.
    above("MetersNotAdmitted", notAdmitted(), FEW, 1);
    above("MetersOffline", found("survey", "OfflinePercentMax", HOUR), 10, 2);
    above("BlocksGivenUp", moreGivenUp(), onePercent(load), 1);
    above("CertificatesExpire", found("survey", "CertificatesExpiring", DAY), 0, 1);
    above("SurveyFails", metrics.ofFunction("survey", "Errors", "Sum", HOUR), 0, 2);
    notCalled("SurveyMissing", "survey");
    above("PlanFails", metrics.ofFunction("plan", "Errors", "Sum", HOUR), 0, 2);
    above("PlanOverdue", found("plan", "PlansOverdue", HOUR), 0, 1);
    notCalled("PlanMissing", "plan");

    // What keeps.
    above("WritesThrottled", ofDynamoDb("WriteThrottleEvents"), 0, 3);
    above("ReadsThrottled", ofDynamoDb("ReadThrottleEvents"), 0, 3);

    // Who connects and speaks.
    above("ConnectsRefused", ofService("AWS/IoT", "Connect.AuthError", HOUR), onePercent(load), 1);
    above("ConnectsThrottled", ofIot("Connect.Throttle"), 0, 12);
    above(
        "PublishesRefused", ofService("AWS/IoT", "PublishIn.AuthError", HOUR), onePercent(load), 1);
    above("PublishesThrottled", ofIot("PublishIn.Throttle"), 0, 3);
    below("RegistryUnreadable", registryHealth(), 1, 1, TreatMissingData.NOT_BREACHING);

    // Who administers.
    above("KeyUseDenied", AuditTrail.metric(AuditTrail.Count.KEY_USE_DENIED, FIVE_MINUTES), 0, 1);
    above("AccessDenied", AuditTrail.metric(AuditTrail.Count.ACCESS_DENIED, HOUR), FEW, 1);
    above("KeysChanged", AuditTrail.metric(AuditTrail.Count.KEYS_CHANGED, FIVE_MINUTES), 0, 1);
    above(
        "ReadersChanged", AuditTrail.metric(AuditTrail.Count.READERS_CHANGED, FIVE_MINUTES), 0, 1);
    above("TrailChanged", AuditTrail.metric(AuditTrail.Count.TRAIL_CHANGED, FIVE_MINUTES), 0, 1);
  }

  private static MathExpression suppressedPercent() {
    return MathExpression.Builder.create()
        .expression("IF(FILL(decided, 0) > 0, 100 * FILL(suppressed, 0) / decided, 0)")
        .usingMetrics(
            new TreeMap<>(
                Map.of(
                    "decided", counted("release", "CellsDecided", DAY),
                    "suppressed", counted("release", "CellsSuppressed", DAY))))
        .label("suppressed, in percent")
        .period(DAY)
        .build();
  }

  private static MathExpression notAdmitted() {
    return MathExpression.Builder.create()
        .expression("FILL(claimed, 0) + FILL(signed, 0)")
        .usingMetrics(
            new TreeMap<>(
                Map.of(
                    "claimed", counted("admit", "NotAdmitted", HOUR),
                    "signed", counted("register", "NotAdmitted", HOUR))))
        .label("not admitted")
        .period(HOUR)
        .build();
  }

  /// Meters say how many blocks they have ever given up; this is how many more than a day before.
  private static MathExpression moreGivenUp() {
    return MathExpression.Builder.create()
        .expression("DIFF(given)")
        .usingMetrics(Map.of("given", found("survey", "BlocksGivenUp", DAY)))
        .label("given up since the day before")
        .period(DAY)
        .build();
  }

  private static MathExpression refusedPercent(String function, String refused, String accepted) {
    return MathExpression.Builder.create()
        .expression(
            "IF(FILL(refused, 0) > %d, 100 * refused / (refused + FILL(accepted, 0)), 0)"
                .formatted(FEW))
        .usingMetrics(
            new TreeMap<>(
                Map.of(
                    "refused", counted(function, refused, HOUR),
                    "accepted", counted(function, accepted, HOUR))))
        .label("refused, in percent")
        .period(HOUR)
        .build();
  }

  /// Meters say how they are, and not one block of theirs is counted.
  private static MathExpression aliveButSilent() {
    return MathExpression.Builder.create()
        .expression("IF(FILL(statuses, 0) > 0 AND FILL(counted, 0) == 0, 1, 0)")
        .usingMetrics(
            new TreeMap<>(
                Map.of(
                    "statuses", counted("status", "Status", DAY),
                    "counted", counted("collect", "Counted", DAY))))
        .label("alive but silent")
        .period(DAY)
        .build();
  }

  private static MathExpression ofIot(String metric) {
    return ofService("AWS/IoT", metric, FIVE_MINUTES);
  }

  private static MathExpression ofDynamoDb(String metric) {
    return ofService("AWS/DynamoDB", metric, FIVE_MINUTES);
  }

  private static Metric registryHealth() {
    return Metric.Builder.create()
        .namespace("AWS/IoT")
        .metricName("CMK.Health")
        .statistic("Minimum")
        .period(FIVE_MINUTES)
        .build();
  }

  private static long onePercent(Load load) {
    return Math.max(FEW, load.meters() / 100);
  }

  private void above(String id, IMetric metric, long limit, int periods) {
    alarm(
        id,
        metric,
        ComparisonOperator.GREATER_THAN_THRESHOLD,
        limit,
        periods,
        TreatMissingData.NOT_BREACHING);
  }

  /// After three hours at the earliest. CloudWatch looks further back for figures that stay away,
  /// so it rings within about six.
  private void notCalled(String id, String function) {
    below(id, counted(function, "Runs", HOUR), 1, 3, TreatMissingData.BREACHING);
  }

  private void below(
      String id, IMetric metric, long limit, int periods, TreatMissingData whenMissing) {
    alarm(id, metric, ComparisonOperator.LESS_THAN_THRESHOLD, limit, periods, whenMissing);
  }

  private void alarm(
      String id,
      IMetric metric,
      ComparisonOperator comparison,
      long limit,
      int periods,
      TreatMissingData whenMissing) {
    var alarm =
        Alarm.Builder.create(this, id)
            .alarmDescription("What it means and what to do: docs/runbook.md, " + id)
            .metric(metric)
            .comparisonOperator(comparison)
            .threshold(limit)
            .evaluationPeriods(periods)
            .treatMissingData(whenMissing)
            .build();
    var tell = new SnsAction(topic.topic);
    alarm.addAlarmAction(tell);
    alarm.addOkAction(tell);
    all.add(alarm);
  }
}

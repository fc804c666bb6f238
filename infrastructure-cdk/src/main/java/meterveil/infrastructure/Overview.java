package meterveil.infrastructure;

import static meterveil.infrastructure.PlatformMetrics.counted;
import static meterveil.infrastructure.PlatformMetrics.countedByReason;
import static meterveil.infrastructure.PlatformMetrics.found;
import static meterveil.infrastructure.PlatformMetrics.foundBy;
import static meterveil.infrastructure.PlatformMetrics.ofService;

import java.util.List;
import java.util.stream.Stream;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.services.cloudwatch.Alarm;
import software.amazon.awscdk.services.cloudwatch.AlarmWidget;
import software.amazon.awscdk.services.cloudwatch.Dashboard;
import software.amazon.awscdk.services.cloudwatch.GraphWidget;
import software.amazon.awscdk.services.cloudwatch.IMetric;
import software.amazon.awscdk.services.cloudwatch.IWidget;
import software.constructs.Construct;

/// How it all goes, on one page: in the order of a reading's way, then what each alarm looks at,
/// with its limit. What it costs is not there, as CloudWatch knows that in one region only.
final class Overview extends Construct {

  private static final Duration HOUR = Duration.hours(1);
  private static final Duration FIVE_MINUTES = Duration.minutes(5);

  Overview(Construct scope, PlatformMetrics metrics, Alarms alarms) {
    super(scope, "Overview");
    var dashboard = Dashboard.Builder.create(this, "Dashboard").build();
    dashboard.addWidgets(
        graph("Meters: refused, throttled", iot("Connect.AuthError", "Connect.Throttle")),
        graph("Messages: refused, throttled", iot("PublishIn.AuthError", "PublishIn.Throttle")),
        graph(
            "Rules: missing, failed, not passed on",
            iot("RuleNotFound", "Failure", "ErrorActionFailure")));
    dashboard.addWidgets(
        graph("Blocks", own("collect", "Counted", "CountedLate", "Duplicates")),
        graph("Readings refused, by reason", List.of(countedByReason("Refused", HOUR))),
        graph("Asked again", own("resend", "Asked", "NotAskable")));
    dashboard.addWidgets(
        graph("Released", own("release", "BlocksReleased", "DaysClosed")),
        graph(
            "Release: cohorts asked, tenants failed",
            own("release", "CohortsAsked", "TenantsFailed")),
        graph("Statuses refused, by reason", List.of(countedByReason("StatusRefused", HOUR))));
    dashboard.addWidgets(
        graph("Release: hours late", List.of(found("release", "OldestUnreleasedHours", HOUR))),
        graph("Cells: decided, suppressed", own("release", "CellsDecided", "CellsSuppressed")),
        graph(
            "Plan: meters planned, told; plans unfinished",
            own("plan", "MetersPlanned", "MetersTold", "PlansUnfinished")));
    dashboard.addWidgets(
        graph("Meters offline, by district", List.of(foundBy("District", "MetersOffline", HOUR))),
        graph(
            "Meters: in service, without a connection",
            List.of(
                found("survey", "MetersInService", HOUR),
                found("survey", "MetersDisconnected", HOUR))),
        graph("Not admitted, by reason", List.of(countedByReason("NotAdmitted", HOUR))));
    dashboard.addWidgets(
        graph("Functions: errors", metrics.ofEachFunction("Errors", "Sum", FIVE_MINUTES)),
        graph("Functions: throttled", metrics.ofEachFunction("Throttles", "Sum", FIVE_MINUTES)),
        graph(
            "Functions: at work at once",
            metrics.ofEachFunction("ConcurrentExecutions", "Maximum", FIVE_MINUTES)));
    dashboard.addWidgets(
        graph(
            "Functions: oldest event, ms",
            metrics.ofEachFunction("AsyncEventAge", "Maximum", FIVE_MINUTES)),
        graph(
            "Functions: events dropped",
            metrics.ofEachFunction("AsyncEventsDropped", "Sum", FIVE_MINUTES)),
        graph(
            "Tables: throttled",
            List.of(
                ofService("AWS/DynamoDB", "WriteThrottleEvents", FIVE_MINUTES),
                ofService("AWS/DynamoDB", "ReadThrottleEvents", FIVE_MINUTES))));
    dashboard.addWidgets(alarms.all.stream().map(Overview::limit).toArray(IWidget[]::new));
  }

  private static AlarmWidget limit(Alarm alarm) {
    return AlarmWidget.Builder.create()
        .title(alarm.getNode().getId())
        .alarm(alarm)
        .width(4)
        .height(4)
        .build();
  }

  private static GraphWidget graph(String title, List<? extends IMetric> metrics) {
    return GraphWidget.Builder.create().title(title).left(metrics).width(8).build();
  }

  private static List<IMetric> own(String function, String... metrics) {
    return Stream.of(metrics).map(metric -> (IMetric) counted(function, metric, HOUR)).toList();
  }

  private static List<IMetric> iot(String... metrics) {
    return Stream.of(metrics)
        .map(metric -> (IMetric) ofService("AWS/IoT", metric, FIVE_MINUTES))
        .toList();
  }
}

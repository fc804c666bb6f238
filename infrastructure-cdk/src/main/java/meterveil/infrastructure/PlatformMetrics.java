package meterveil.infrastructure;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.services.cloudwatch.IMetric;
import software.amazon.awscdk.services.cloudwatch.MathExpression;
import software.amazon.awscdk.services.cloudwatch.Metric;

/// What is counted of the platform, by its own functions and by AWS.
///
/// A function counts under its name. Where AWS splits a count in ways that its documentation leaves
/// open, a query adds up whatever there is of that name; one stage has the account to itself.
final class PlatformMetrics {

  private static final String OWN = "Meterveil";

  private final List<PlatformFunction> functions;
  private final String schedules;

  PlatformMetrics(Ingest ingest) {
    functions =
        List.of(
            ingest.collect,
            ingest.resend,
            ingest.release.function,
            ingest.status,
            ingest.admit,
            ingest.register,
            ingest.presence,
            ingest.survey,
            ingest.plan);
    schedules = ingest.release.schedules.getRef();
  }

  /// What a function counts itself.
  static Metric counted(String function, String metric, Duration period) {
    return Metric.Builder.create()
        .namespace(OWN)
        .metricName(metric)
        .dimensionsMap(Map.of("Service", function))
        .statistic("Sum")
        .period(period)
        .build();
  }

  /// The highest that a function found itself.
  static Metric found(String function, String metric, Duration period) {
    return Metric.Builder.create()
        .namespace(OWN)
        .metricName(metric)
        .dimensionsMap(Map.of("Service", function))
        .statistic("Maximum")
        .period(period)
        .build();
  }

  /// What a function counts itself, a line for each reason.
  static IMetric countedByReason(String metric, Duration period) {
    return ofEach("Reason", metric, "Sum", period);
  }

  /// The highest that a function found itself, a line for each of something.
  ///
  /// @param dimension as `District`
  static IMetric foundBy(String dimension, String metric, Duration period) {
    return ofEach(dimension, metric, "Maximum", period);
  }

  private static IMetric ofEach(
      String dimension, String metric, String statistic, Duration period) {
    return MathExpression.Builder.create()
        .expression(
            "SEARCH('{%s,%s} MetricName=\"%s\"', '%s')"
                .formatted(OWN, dimension, metric, statistic))
        .usingMetrics(Map.of())
        .label("")
        .period(period)
        .build();
  }

  /// What Lambda counts of one function.
  Metric ofFunction(String function, String metric, String statistic, Duration period) {
    return functions.stream()
        .filter(candidate -> candidate.name.equals(function))
        .map(found -> lambda(found, metric, statistic, period))
        .findFirst()
        .orElseThrow();
  }

  /// What Lambda counts of each function on the line, a line for each.
  List<IMetric> ofEachFunction(String metric, String statistic, Duration period) {
    return functions.stream()
        .map(function -> (IMetric) lambda(function, metric, statistic, period))
        .toList();
  }

  /// What Lambda counts of all functions on the line, as one figure.
  ///
  /// @param over `SUM` or `MAX`
  MathExpression ofFunctions(String over, String metric, String statistic, Duration period) {
    var each = new LinkedHashMap<String, IMetric>();
    for (var function : functions) {
      each.put(function.name, lambda(function, metric, statistic, period));
    }
    return MathExpression.Builder.create()
        .expression(over + "(METRICS())")
        .usingMetrics(each)
        .label(metric)
        .period(period)
        .build();
  }

  /// What Scheduler counts of what is called every hour.
  Metric ofSchedules(String metric, Duration period) {
    return Metric.Builder.create()
        .namespace("AWS/Scheduler")
        .metricName(metric)
        .dimensionsMap(Map.of("ScheduleGroup", schedules))
        .statistic("Sum")
        .period(period)
        .build();
  }

  /// What a service counts in this account and region, however it splits it.
  static MathExpression ofService(String namespace, String metric, Duration period) {
    return MathExpression.Builder.create()
        .expression("SELECT SUM(\"%s\") FROM \"%s\"".formatted(metric, namespace))
        .usingMetrics(Map.of())
        .label(metric)
        .period(period)
        .build();
  }

  private static Metric lambda(
      PlatformFunction function, String metric, String statistic, Duration period) {
    return Metric.Builder.create()
        .namespace("AWS/Lambda")
        .metricName(metric)
        .dimensionsMap(Map.of("FunctionName", function.functionName))
        .statistic(statistic)
        .period(period)
        .build();
  }
}

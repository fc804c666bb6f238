package meterveil.collect;

import meterveil.cell.Collector.Collected;
import meterveil.reading.Refusal;
import software.amazon.lambda.powertools.metrics.Metrics;
import software.amazon.lambda.powertools.metrics.MetricsFactory;
import software.amazon.lambda.powertools.metrics.model.MetricUnit;

/// What the function counts. A log line per invocation, joined by time with the broker's log, names
/// a thing; so nothing here depends on how much it used.
final class CollectMetrics {

  private final Metrics metrics = MetricsFactory.getMetricsInstance();

  /// Counts a block.
  ///
  /// @param measuredHours how many of its hours were measured
  void count(Collected collected, int measuredHours) {
    switch (collected) {
      case COUNTED -> {
        add("Counted", 1);
        add("MeterHours", measuredHours);
      }
      case COUNTED_LATE -> {
        add("CountedLate", 1);
        add("MeterHours", measuredHours);
      }
      case DUPLICATE -> add("Duplicates", 1);
      case TOO_LATE -> refused(Refusal.TOO_LATE);
    }
  }

  /// Counts members that mean nothing here and were dropped.
  void unknownMembers(int count) {
    if (count > 0) {
      add("UnknownMembers", count);
    }
  }

  /// Counts a refused message.
  void refused(Refusal why) {
    metrics.flushMetrics(count -> {
      count.addDimension("Reason", why.name());
      count.addMetric("Refused", 1, MetricUnit.COUNT);
    });
  }

  private void add(String name, int count) {
    metrics.addMetric(name, count, MetricUnit.COUNT);
  }

  /// Writes what was counted to the log, from where CloudWatch takes it.
  void flush() {
    metrics.flush();
  }
}

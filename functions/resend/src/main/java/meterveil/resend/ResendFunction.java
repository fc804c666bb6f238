package meterveil.resend;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import meterveil.meter.Downlink;
import meterveil.resend.FailureJson.Decoded.Askable;
import meterveil.resend.FailureJson.Decoded.NotAskable;
import software.amazon.lambda.powertools.metrics.Metrics;
import software.amazon.lambda.powertools.metrics.MetricsFactory;
import software.amazon.lambda.powertools.metrics.model.MetricUnit;

/// Record of a failure in, request to the meter out.
///
/// Takes the bytes as they come, so that no serialiser of the runtime reads them first and quotes
/// them in an error. Asking twice does no harm, so whatever is thrown is left to Lambda's retries;
/// a record that fails for good has no destination and is gone, and the meter's cohort is asked.
///
/// Counts: `Asked`, and `NotAskable` by `Reason`.
public final class ResendFunction implements RequestStreamHandler {

  private final Downlink downlink;
  private final Metrics metrics;

  /// For Lambda, which calls it once per execution environment.
  public ResendFunction() {
    this(Downlink.fromEnvironment(), MetricsFactory.getMetricsInstance());
  }

  /// For everyone else.
  ///
  /// @param downlink the way to meters
  /// @param metrics where it counts
  public ResendFunction(Downlink downlink, Metrics metrics) {
    this.downlink = downlink;
    this.metrics = metrics;
  }

  /// @throws software.amazon.awssdk.core.exception.SdkException if the meter could not be asked
  @Override
  public void handleRequest(InputStream record, OutputStream answer, Context context)
      throws IOException {
    switch (FailureJson.decode(record.readAllBytes())) {
      case Askable(var tenant, var thing, var request) -> {
        downlink.resend(tenant, thing, request);
        metrics.flushMetrics(count -> count.addMetric("Asked", 1, MetricUnit.COUNT));
      }
      case NotAskable(var why) ->
          metrics.flushMetrics(count -> {
            count.addDimension("Reason", why.name());
            count.addMetric("NotAskable", 1, MetricUnit.COUNT);
          });
    }
  }
}

package meterveil.release;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import meterveil.block.Epoch;
import meterveil.cohort.Cohort;
import meterveil.connection.AwsHttp;
import meterveil.meter.Downlink;
import meterveil.tenant.Tenant;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.lambda.powertools.metrics.Metrics;
import software.amazon.lambda.powertools.metrics.MetricsFactory;
import software.amazon.lambda.powertools.metrics.model.MetricUnit;

/// Hour by hour: asks for what is missing, releases what is due, closes days that are over.
///
/// Each step finds out by itself what is left to do, so a call that fails, or never comes, is made
/// good by the next.
public final class ReleaseFunction implements RequestHandler<Map<String, Object>, @Nullable Void> {

  private final Stores stores;
  private final Asking asking;
  private final Releasing releasing;
  private final Closing closing;
  private final Metrics metrics = MetricsFactory.getMetricsInstance();

  /// For Lambda, which calls it once per execution environment. Region, credentials and endpoints
  /// come from the SDK's own environment variables, so the same lines serve AWS and any emulator.
  public ReleaseFunction() {
    this(
        ReleaseSettings.from(System.getenv()),
        DynamoDbClient.builder().httpClient(AwsHttp.client()).build(),
        KmsClient.builder().httpClient(AwsHttp.client()).build(),
        Downlink.fromEnvironment(),
        Clock.systemUTC());
  }

  /// For everyone else.
  public ReleaseFunction(
      ReleaseSettings settings,
      DynamoDbClient dynamoDb,
      KmsClient kms,
      Downlink downlink,
      Clock clock) {
    this.stores = Stores.of(settings, dynamoDb, kms, clock);
    this.asking = new Asking(stores, downlink, clock);
    this.releasing = new Releasing(stores, asking, clock);
    this.closing = new Closing(stores, releasing, clock);
  }

  @Override
  public @Nullable Void handleRequest(Map<String, Object> event, Context context) {
    RuntimeException first = null;
    for (Tenant tenant : stores.tenants().all()) {
      try {
        release(tenant);
      } catch (RuntimeException failure) { // any, as one tenant must not hold back the rest
        first = first == null ? failure : first;
        add("TenantsFailed", 1);
      }
    }
    add("Runs", 1);
    metrics.flush();
    if (first != null) {
      throw first;
    }
    return null;
  }

  private void release(Tenant tenant) {
    add("CohortsAsked", asking.askDue(tenant.id()));
    var cohorts = new HashMap<Epoch, List<Cohort>>();
    List<DayPlan> days =
        stores.dayKeyTable().openDays(tenant.id()).stream()
            .map(day ->
                new DayPlan(
                    tenant,
                    day,
                    cohorts.computeIfAbsent(
                        Epoch.of(day), epoch -> stores.cohorts().of(tenant.id(), epoch))))
            .toList();
    add("BlocksReleased", releasing.releaseDue(days));
    add("DaysClosed", closing.closeDue(days));
  }

  private void add(String name, int count) {
    metrics.addMetric(name, count, MetricUnit.COUNT);
  }
}

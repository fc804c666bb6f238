package meterveil.release;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import java.time.Clock;
import java.time.Duration;
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
///
/// Counts: `Runs`, `TenantsFailed`, `CohortsAsked`, `BlocksReleased`, `DaysClosed`, `CellsDecided`
/// and `CellsSuppressed` of them; and `OldestUnreleasedHours`, how long the oldest block has waited
/// that this call found.
public final class ReleaseFunction implements RequestHandler<Map<String, Object>, @Nullable Void> {

  private final Stores stores;
  private final Downlink downlink;
  private final Clock clock;
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
    this.downlink = downlink;
    this.clock = clock;
  }

  @Override
  public @Nullable Void handleRequest(Map<String, Object> event, Context context) {
    RuntimeException first = null;
    var waited = Duration.ZERO;
    for (Tenant tenant : stores.tenants().all()) {
      try {
        List<DayPlan> days = openDays(tenant);
        var asking = new Asking(stores, downlink, clock);
        var releasing = new Releasing(stores, asking, clock);
        var due = releasing.due(days);
        waited = longer(waited, due.waited(clock.instant()));
        add("CohortsAsked", asking.askDue(tenant.id()));
        release(releasing, due);
        add("DaysClosed", new Closing(stores, releasing, clock).closeDue(days));
        asking.throwFailure();
      } catch (RuntimeException failure) { // any, as one tenant must not hold back the rest
        first = first == null ? failure : first;
        add("TenantsFailed", 1);
      }
    }
    add("Runs", 1);
    add("OldestUnreleasedHours", Math.toIntExact(waited.toHours()));
    metrics.flush();
    if (first != null) {
      throw first;
    }
    return null;
  }

  private List<DayPlan> openDays(Tenant tenant) {
    var cohorts = new HashMap<Epoch, List<Cohort>>();
    return stores.dayKeyTable().openDays(tenant.id()).stream()
        .map(day ->
            new DayPlan(
                tenant,
                day,
                cohorts.computeIfAbsent(
                    Epoch.of(day), epoch -> stores.cohorts().of(tenant.id(), epoch))))
        .toList();
  }

  private void release(Releasing releasing, Releasing.Due due) {
    var released = releasing.releaseDue(due);
    add("BlocksReleased", released.blocks());
    add("CellsDecided", released.cells());
    add("CellsSuppressed", released.suppressed());
  }

  private static Duration longer(Duration one, Duration other) {
    return one.compareTo(other) < 0 ? other : one;
  }

  private void add(String name, int count) {
    metrics.addMetric(name, count, MetricUnit.COUNT);
  }
}

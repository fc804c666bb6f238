package meterveil.presence;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import java.util.Map;
import java.util.Optional;
import meterveil.connection.AwsHttp;
import meterveil.meter.Meter;
import meterveil.meter.MeterTable;
import meterveil.status.DeviceStatusTable;
import meterveil.tenant.Tenant;
import meterveil.tenant.TenantTable;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.lambda.powertools.metrics.Metrics;
import software.amazon.lambda.powertools.metrics.MetricsFactory;
import software.amazon.lambda.powertools.metrics.model.MetricUnit;

/// A connection began or ended: device status kept.
///
/// The event carries no tenant, so the list of meters says whose it is; of what is not on it, such
/// as the holder of a claim, nothing is kept. What is thrown returns the event to Lambda, which
/// delivers it twice more; after that it is gone, and the meter's next status or connection puts it
/// right.
///
/// Counts: `Presence` by what came of it.
public final class PresenceFunction
    implements RequestHandler<Map<String, @Nullable Object>, @Nullable Void> {

  private final MeterTable meters;
  private final DeviceStatusTable deviceStatus;
  private final TenantTable tenants;
  private final Metrics metrics = MetricsFactory.getMetricsInstance();

  /// For Lambda, which calls it once per execution environment. Region, credentials and endpoint
  /// come from the SDK's own environment variables, so the same lines serve AWS and any emulator.
  public PresenceFunction() {
    this(
        PresenceSettings.from(System.getenv()),
        DynamoDbClient.builder().httpClient(AwsHttp.client()).build());
  }

  /// For everyone else.
  public PresenceFunction(PresenceSettings settings, DynamoDbClient dynamoDb) {
    this.meters = new MeterTable(dynamoDb, settings.metersTable());
    this.deviceStatus = new DeviceStatusTable(dynamoDb, settings.deviceStatusTable());
    this.tenants = new TenantTable(dynamoDb, settings.tenantsTable());
  }

  @Override
  public @Nullable Void handleRequest(Map<String, @Nullable Object> event, Context context) {
    Optional<PresenceEvent> told = PresenceEvent.of(event);
    Optional<Meter> meter = told.flatMap(it -> meters.find(it.thing()));
    Optional<Tenant> tenant = meter.flatMap(it -> tenants.find(it.tenant()));
    if (told.isEmpty() || tenant.isEmpty()) {
      count("NO_METER");
    } else {
      boolean changed = deviceStatus.keep(tenant.get(), told.get().thing(), told.get().presence());
      count(changed ? "KEPT" : "NOT_LATER");
    }
    return null;
  }

  private void count(String outcome) {
    metrics.flushMetrics(count -> {
      count.addDimension("Outcome", outcome);
      count.addMetric("Presence", 1, MetricUnit.COUNT);
    });
  }
}

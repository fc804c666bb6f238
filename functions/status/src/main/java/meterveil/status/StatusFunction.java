package meterveil.status;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import java.time.Clock;
import java.util.Map;
import java.util.Optional;
import meterveil.connection.AwsHttp;
import meterveil.tenant.Tenant;
import meterveil.tenant.TenantTable;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.lambda.powertools.metrics.Metrics;
import software.amazon.lambda.powertools.metrics.MetricsFactory;
import software.amazon.lambda.powertools.metrics.model.MetricUnit;

/// Status in, device status kept.
///
/// A refused status is counted by its reason and acknowledged: a second delivery cannot mend it.
/// What is thrown returns it to Lambda, which delivers it twice more; after that it is gone, as the
/// next one says the same and more.
///
/// Counts: `Status` by what came of it, `StatusRefused` by reason, `StatusUnknownMembers`.
public final class StatusFunction implements RequestHandler<Map<String, String>, @Nullable Void> {

  private final TenantTable tenants;
  private final DeviceStatusTable deviceStatus;
  private final Clock clock;
  private final Metrics metrics = MetricsFactory.getMetricsInstance();

  /// For Lambda, which calls it once per execution environment. Region, credentials and endpoint
  /// come from the SDK's own environment variables, so the same lines serve AWS and any emulator.
  public StatusFunction() {
    this(
        StatusSettings.from(System.getenv()),
        DynamoDbClient.builder().httpClient(AwsHttp.client()).build(),
        Clock.systemUTC());
  }

  /// For everyone else.
  public StatusFunction(StatusSettings settings, DynamoDbClient dynamoDb, Clock clock) {
    this.tenants = new TenantTable(dynamoDb, settings.tenantsTable());
    this.deviceStatus = new DeviceStatusTable(dynamoDb, settings.deviceStatusTable());
    this.clock = clock;
  }

  @Override
  public @Nullable Void handleRequest(Map<String, String> event, Context context) {
    var status = StatusEvent.of(event);
    switch (StatusJson.decode(status.bytes())) {
      case StatusJson.Decoded.Refused(StatusRefusal why) -> refuse(why);
      case StatusJson.Decoded.Accepted(StatusReport report, int unknownMembers) -> {
        Optional<Tenant> tenant = tenants.find(status.tenant());
        if (tenant.isEmpty()) {
          refuse(StatusRefusal.UNKNOWN_TENANT);
        } else {
          keep(tenant.get(), status, report, unknownMembers);
        }
      }
    }
    return null;
  }

  private void keep(Tenant tenant, StatusEvent status, StatusReport report, int unknownMembers) {
    var kept = deviceStatus.keep(tenant, status.thing(), report, clock.instant());
    metrics.flushMetrics(count -> {
      count.addDimension("Outcome", kept.name());
      count.addMetric("Status", 1, MetricUnit.COUNT);
      count.addMetric("StatusUnknownMembers", unknownMembers, MetricUnit.COUNT);
    });
  }

  private void refuse(StatusRefusal why) {
    metrics.flushMetrics(count -> {
      count.addDimension("Reason", why.name());
      count.addMetric("StatusRefused", 1, MetricUnit.COUNT);
    });
  }
}

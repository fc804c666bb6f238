package meterveil.survey;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import java.time.Clock;
import java.time.Instant;
import java.util.Map;
import meterveil.cohort.DistrictId;
import meterveil.connection.AwsHttp;
import meterveil.meter.MeterTable;
import meterveil.status.DeviceStatusTable;
import meterveil.status.Heard;
import meterveil.survey.Survey.District;
import meterveil.tenant.Tenant;
import meterveil.tenant.TenantTable;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.lambda.powertools.metrics.Metrics;
import software.amazon.lambda.powertools.metrics.MetricsFactory;
import software.amazon.lambda.powertools.metrics.model.MetricUnit;

/// Hour by hour: how many meters of each district were not heard of, and how many certificates end
/// soon. Counts, and names nobody: who it is stands in the tables, for those who may read them.
///
/// Counts: `Runs`; `MetersInService`, `MetersDisconnected`, `MetersOffline`, the last by `District`
/// too; `OfflinePercentMax` of the worst district; `CertificatesExpiring`; `BlocksGivenUp`. A
/// tenant that fails fails the call when all others are counted, and of totals over tenants no more
/// is told then than rings an alarm for the others: with a tenant missing, meters would seem to
/// come and go, and all that it ever gave up to have been given up when it is back.
public final class SurveyFunction implements RequestHandler<Map<String, Object>, @Nullable Void> {

  private final MeterTable meters;
  private final DeviceStatusTable deviceStatus;
  private final TenantTable tenants;
  private final Clock clock;
  private final Metrics metrics = MetricsFactory.getMetricsInstance();

  /// For Lambda, which calls it once per execution environment. Region, credentials and endpoint
  /// come from the SDK's own environment variables, so the same lines serve AWS and any emulator.
  public SurveyFunction() {
    this(
        SurveySettings.from(System.getenv()),
        DynamoDbClient.builder().httpClient(AwsHttp.client()).build(),
        Clock.systemUTC());
  }

  /// For everyone else.
  public SurveyFunction(SurveySettings settings, DynamoDbClient dynamoDb, Clock clock) {
    this.meters = new MeterTable(dynamoDb, settings.metersTable());
    this.deviceStatus = new DeviceStatusTable(dynamoDb, settings.deviceStatusTable());
    this.tenants = new TenantTable(dynamoDb, settings.tenantsTable());
    this.clock = clock;
  }

  @Override
  public @Nullable Void handleRequest(Map<String, Object> event, Context context) {
    Instant now = clock.instant();
    var all = new District(0, 0, 0);
    int worstPercent = 0;
    int expiring = 0;
    long givenUp = 0;
    RuntimeException first = null;
    for (Tenant tenant : tenants.all()) {
      Survey survey;
      try {
        survey = Survey.of(Heard.of(meters.of(tenant.id()), deviceStatus.signs(tenant, now)), now);
      } catch (RuntimeException failure) { // any, as one tenant must not hold back the rest
        first = first == null ? failure : first;
        continue;
      }
      for (Map.Entry<DistrictId, District> it : survey.districts().entrySet()) {
        all = all.plus(it.getValue());
        worstPercent = Math.max(worstPercent, it.getValue().offlinePercent());
        count(tenant, it.getKey(), it.getValue());
      }
      expiring += survey.certificatesExpiring();
      givenUp += survey.blocksGivenUp();
    }
    add("Runs", 1);
    add("OfflinePercentMax", worstPercent);
    add("CertificatesExpiring", expiring);
    if (first == null) {
      add("MetersInService", all.inService());
      add("MetersDisconnected", all.disconnected());
      add("MetersOffline", all.offline());
      add("BlocksGivenUp", givenUp);
    }
    metrics.flush();
    if (first != null) {
      throw first;
    }
    return null;
  }

  private void count(Tenant tenant, DistrictId district, District how) {
    metrics.flushMetrics(count -> {
      count.addDimension("District", tenant.id() + "/" + district);
      count.addMetric("MetersOffline", how.offline(), MetricUnit.COUNT);
    });
  }

  private void add(String name, long count) {
    metrics.addMetric(name, (double) count, MetricUnit.COUNT);
  }
}

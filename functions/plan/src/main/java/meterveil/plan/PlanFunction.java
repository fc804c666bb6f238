package meterveil.plan;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.random.RandomGenerator;
import meterveil.cohort.CohortTable;
import meterveil.connection.AwsHttp;
import meterveil.meter.Downlink;
import meterveil.meter.MeterTable;
import meterveil.plan.EpochChange.Progress;
import meterveil.registry.Registry;
import meterveil.tenant.Tenant;
import meterveil.tenant.TenantTable;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.lambda.powertools.metrics.Metrics;
import software.amazon.lambda.powertools.metrics.MetricsFactory;
import software.amazon.lambda.powertools.metrics.model.MetricUnit;

/// Hour by hour: plans the next epoch when its day has come, and tells meters of it until all know.
///
/// Each call finds out by itself what is left to do, and stops before its time is over; a call that
/// fails, or never comes, is made good by the next.
///
/// Counts: `Runs`, `MetersPlanned`, `MetersTold`, `PlansUnfinished`, `PlansOverdue`,
/// `TenantsFailed`.
public final class PlanFunction implements RequestHandler<Map<String, Object>, @Nullable Void> {

  private final TenantTable tenants;
  private final EpochChange change;
  private final int updatesPerSecond;
  private final Metrics metrics = MetricsFactory.getMetricsInstance();

  /// For Lambda, which calls it once per execution environment. Region, credentials and endpoints
  /// come from the SDK's own environment variables, so the same lines serve AWS and any emulator.
  public PlanFunction() {
    this(
        PlanSettings.from(System.getenv()),
        DynamoDbClient.builder().httpClient(AwsHttp.client()).build(),
        Registry.fromEnvironment(),
        Downlink.fromEnvironment(),
        Clock.systemUTC(),
        new SecureRandom(), // which takes from the system each time, so a snapshot copies nothing
        EpochChange.UPDATES_PER_SECOND);
  }

  /// For everyone else.
  ///
  /// @param random who comes to whom
  /// @param updatesPerSecond of the registry, at most
  public PlanFunction(
      PlanSettings settings,
      DynamoDbClient dynamoDb,
      Registry registry,
      Downlink downlink,
      Clock clock,
      RandomGenerator random,
      int updatesPerSecond) {
    this.tenants = new TenantTable(dynamoDb, settings.tenantsTable());
    this.change =
        new EpochChange(
            new MeterTable(dynamoDb, settings.metersTable()),
            new CohortTable(dynamoDb, settings.cohortsTable()),
            new AssignmentTable(dynamoDb, settings.assignmentsTable()),
            registry,
            downlink,
            clock,
            random);
    this.updatesPerSecond = updatesPerSecond;
  }

  @Override
  public @Nullable Void handleRequest(Map<String, Object> event, Context context) {
    var progress = Progress.NONE;
    int failed = 0;
    var pace = new Pace(updatesPerSecond);
    for (Tenant tenant : tenants.all()) {
      var ofTenant = change.run(tenant, pace, needed -> hasTime(context, needed));
      progress = progress.plus(ofTenant);
      failed += ofTenant.failure().isPresent() ? 1 : 0;
    }
    add("Runs", 1);
    add("MetersPlanned", progress.planned());
    add("MetersTold", progress.written());
    add("PlansUnfinished", progress.unfinished());
    add("PlansOverdue", progress.overdue());
    add("TenantsFailed", failed);
    metrics.flush();
    if (progress.failure().isPresent()) {
      throw progress.failure().get();
    }
    return null;
  }

  private static boolean hasTime(Context context, Duration needed) {
    return context.getRemainingTimeInMillis() > needed.toMillis();
  }

  private void add(String name, int count) {
    metrics.addMetric(name, count, MetricUnit.COUNT);
  }
}

package meterveil.release;

import static java.util.stream.Collectors.toCollection;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import meterveil.connection.AwsHttp;
import meterveil.meter.Downlink;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.lambda.powertools.metrics.Metrics;
import software.amazon.lambda.powertools.metrics.MetricsFactory;
import software.amazon.lambda.powertools.metrics.model.MetricUnit;

/// Hour by hour: releases what is due, asks for what is missing, closes days that are over.
///
/// Each step finds out by itself what is left to do, so a call that fails, or never comes, is made
/// good by the next.
///
/// Counts: `Runs`, `TenantsFailed`, `CohortsAsked`, `BlocksReleased`, `DaysClosed`, `CellsDecided`
/// and `CellsSuppressed` of them; and `OldestUnreleasedHours`, how long the oldest block has waited
/// that this call found.
///
/// All tenants' blocks are released before any day is closed, and another tenant is the first each
/// hour: one that takes all the time there is does not hold back the same others again and again.
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
    List<TenantHour> tenants =
        stores.tenants().all().stream()
            .map(tenant -> new TenantHour(stores, downlink, clock, tenant))
            .collect(toCollection(ArrayList::new));
    Collections.rotate(tenants, (int) ChronoUnit.HOURS.between(Instant.EPOCH, clock.instant()));
    var done = TenantHour.Done.NOTHING;
    for (TenantHour tenant : tenants) {
      done = done.plus(tenant.release());
    }
    add("Runs", 1);
    add("OldestUnreleasedHours", Math.toIntExact(done.waited().toHours()));
    add("CohortsAsked", done.asked());
    add("BlocksReleased", done.released().blocks());
    add("CellsDecided", done.released().cells());
    add("CellsSuppressed", done.released().suppressed());
    metrics.flush(); // before what may take all the time there is
    add("DaysClosed", tenants.stream().mapToInt(TenantHour::close).sum());
    List<RuntimeException> failures =
        tenants.stream().flatMap(tenant -> tenant.failure().stream()).toList();
    add("TenantsFailed", failures.size());
    metrics.flush();
    failures.stream()
        .findFirst()
        .ifPresent(first -> {
          throw first;
        });
    return null;
  }

  private void add(String name, int count) {
    metrics.addMetric(name, count, MetricUnit.COUNT);
  }
}

package meterveil.admit;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import meterveil.connection.AwsHttp;
import meterveil.meter.Admission;
import meterveil.meter.Admission.Verdict;
import meterveil.meter.Meter;
import meterveil.meter.MeterTable;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbClientBuilder;
import software.amazon.lambda.powertools.metrics.Metrics;
import software.amazon.lambda.powertools.metrics.MetricsFactory;
import software.amazon.lambda.powertools.metrics.model.MetricUnit;

/// The pre-provisioning hook of both provisioning templates: whoever is not on the list is refused.
///
/// IoT Core waits five seconds for an answer, and the list is asked three times at most: for the
/// row, for how its import ended, and for the change. So it has one and a half for each of its own;
/// a doubt is a refusal, and the meter asks again.
///
/// Counts: `Admitted`, `NotAdmitted` by reason.
public final class AdmitFunction
    implements RequestHandler<Map<String, @Nullable Object>, Map<String, Object>> {

  /// The template by which a meter comes in with a claim.
  static final String BY_CLAIM = "meter";

  /// The template by which it changes its own certificate.
  static final String BY_OWN_CERTIFICATE = "rotation";

  private static final Duration ANSWER_TIMEOUT = Duration.ofMillis(1_500);
  private static final Map<String, Object> NO = Map.of("allowProvisioning", false);

  private final Admission admission;
  private final Metrics metrics = MetricsFactory.getMetricsInstance();

  /// For Lambda, which calls it once per execution environment. Region, credentials and endpoint
  /// come from the SDK's own environment variables, so the same lines serve AWS and any emulator.
  public AdmitFunction() {
    this(AdmitSettings.from(System.getenv()), dynamoDb().build());
  }

  /// DynamoDB, tried again only while IoT Core still waits.
  static DynamoDbClientBuilder dynamoDb() {
    return DynamoDbClient.builder()
        .httpClient(AwsHttp.client())
        .overrideConfiguration(limits -> limits.apiCallTimeout(ANSWER_TIMEOUT));
  }

  /// For everyone else.
  public AdmitFunction(AdmitSettings settings, DynamoDbClient dynamoDb) {
    admission = new Admission(new MeterTable(dynamoDb, settings.metersTable()));
  }

  @Override
  public Map<String, Object> handleRequest(Map<String, @Nullable Object> event, Context context) {
    Optional<AdmitEvent> asked = AdmitEvent.read(event);
    if (asked.isEmpty()) {
      return refuse("UNREADABLE");
    }
    try {
      return switch (asked.get().template()) {
        case BY_CLAIM -> answer(admission.byClaim(asked.get().thing(), asked.get().certificate()));
        case BY_OWN_CERTIFICATE ->
            answer(
                admission.byOwnCertificate(
                    asked.get().thing(), asked.get().connectedAs(), asked.get().certificate()));
        default -> refuse("OTHER_TEMPLATE");
      };
    } catch (SdkException _) { // not thrown: a meter is to be told no, and will ask again
      return refuse("UNAVAILABLE");
    }
  }

  private Map<String, Object> answer(Verdict verdict) {
    return switch (verdict) {
      case Verdict.Admitted(Meter meter) -> admit(meter);
      case Verdict.Refused(Admission.Reason why) -> refuse(why.name());
    };
  }

  private Map<String, Object> admit(Meter meter) {
    metrics.flushMetrics(count -> count.addMetric("Admitted", 1, MetricUnit.COUNT));
    return Map.of(
        "allowProvisioning", true, "parameterOverrides", Map.of("Tenant", meter.tenant().value()));
  }

  private Map<String, Object> refuse(String why) {
    metrics.flushMetrics(count -> {
      count.addDimension("Reason", why);
      count.addMetric("NotAdmitted", 1, MetricUnit.COUNT);
    });
    return NO;
  }
}

package meterveil.register;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import meterveil.connection.AwsHttp;
import meterveil.meter.Admission;
import meterveil.meter.Admission.Verdict;
import meterveil.meter.Meter;
import meterveil.meter.MeterTable;
import meterveil.meter.ThingName;
import meterveil.registry.Certificate;
import meterveil.registry.PresentedCertificate;
import meterveil.registry.Registry;
import meterveil.registry.Thing;
import meterveil.tenant.TenantId;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.lambda.powertools.metrics.Metrics;
import software.amazon.lambda.powertools.metrics.MetricsFactory;
import software.amazon.lambda.powertools.metrics.model.MetricUnit;

/// A certificate of a utility's authority came for the first time: its thing is made and it is let
/// in, or it is not.
///
/// Who it is comes from the certificate's subject, which the authority signed: the common name is
/// the thing, the organization the tenant. Every step can be done again, and activation comes last,
/// so a call that fails half-way leaves nobody let in, and the next one finishes. A certificate
/// that is not admitted becomes inactive, not revoked: its utility may list the meter tomorrow, and
/// this function is then called once more with the same event.
///
/// Counts: `Admitted`, `NotAdmitted` by reason, `Repeated`.
public final class RegisterFunction implements RequestHandler<Map<String, String>, @Nullable Void> {

  private final RegisterSettings settings;
  private final Admission admission;
  private final Registry registry;
  private final Metrics metrics = MetricsFactory.getMetricsInstance();

  /// For Lambda, which calls it once per execution environment. Region, credentials and endpoints
  /// come from the SDK's own environment variables, so the same lines serve AWS and any emulator.
  public RegisterFunction() {
    this(
        RegisterSettings.from(System.getenv()),
        DynamoDbClient.builder().httpClient(AwsHttp.client()).build(),
        Registry.fromEnvironment());
  }

  /// For everyone else.
  public RegisterFunction(RegisterSettings settings, DynamoDbClient dynamoDb, Registry registry) {
    this.settings = settings;
    this.admission = new Admission(new MeterTable(dynamoDb, settings.metersTable()));
    this.registry = registry;
  }

  @Override
  public @Nullable Void handleRequest(Map<String, String> event, Context context) {
    String id = event.get("certificateId");
    if (id == null) {
      throw new IllegalArgumentException("the event has no certificateId");
    }
    Certificate certificate = registry.certificate(id).orElse(null);
    if (certificate == null) {
      count("NO_SUCH_CERTIFICATE");
      return null;
    }
    switch (certificate.status()) {
      case PENDING_ACTIVATION, INACTIVE -> {
        switch (judge(certificate).orElse(null)) {
          case Verdict.Admitted(Meter meter) -> letIn(meter, certificate);
          case Verdict.Refused(var why) -> shutOut(id, why.name());
          case null -> shutOut(id, "UNREADABLE");
        }
      }
      // Somebody has decided, this function or an operator.
      case ACTIVE, REVOKED, OTHER ->
          metrics.flushMetrics(count -> count.addMetric("Repeated", 1, MetricUnit.COUNT));
    }
    return null;
  }

  /// Nothing if the certificate's subject does not say who it is.
  private Optional<Verdict> judge(Certificate certificate) {
    try {
      return PresentedCertificate.read(certificate.pem())
          .filter(presented -> presented.name().isPresent() && presented.organization().isPresent())
          .map(presented ->
              admission.byAuthority(
                  new ThingName(presented.name().orElseThrow()),
                  new TenantId(presented.organization().orElseThrow()),
                  new Meter.Certificate(certificate.id(), presented.expiresAt())));
    } catch (IllegalArgumentException _) { // which says what a name looks like
      return Optional.empty();
    }
  }

  private void letIn(Meter meter, Certificate certificate) {
    registry.create(
        meter.thing(),
        Thing.METER,
        new TreeMap<>(
            Map.of(
                "tenant", meter.tenant().value(),
                "cohortA", Thing.NONE,
                "cohortB", Thing.NONE)));
    registry.addToGroup(settings.meterGroup(), meter.thing());
    registry.attach(meter.thing(), certificate.arn());
    settings.meterPolicies().forEach(policy -> registry.attachPolicy(policy, certificate.arn()));
    registry.set(certificate.id(), Certificate.Status.ACTIVE);
    metrics.flushMetrics(count -> count.addMetric("Admitted", 1, MetricUnit.COUNT));
  }

  private void shutOut(String certificateId, String why) {
    registry.set(certificateId, Certificate.Status.INACTIVE);
    count(why);
  }

  private void count(String why) {
    metrics.flushMetrics(count -> {
      count.addDimension("Reason", why);
      count.addMetric("NotAdmitted", 1, MetricUnit.COUNT);
    });
  }
}

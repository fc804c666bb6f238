package meterveil.embedded.iot;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import meterveil.embedded.aws.CloudAssembly;
import meterveil.embedded.policy.PolicyDocument;
import org.jspecify.annotations.Nullable;

/// A broker with the template's policies of meters and its rules for what meters send, and with a
/// rule each that shows everything the broker tells of connections and of registrations. Functions
/// only note what they are given.
final class TestCore implements AutoCloseable {

  private static final String ACTION = "/Actions/0/Lambda/FunctionArn";
  private static final String ERROR_ACTION = "/ErrorAction/Lambda/FunctionArn";
  private static final CloudAssembly TEMPLATE = template();

  static final String COLLECT = payload("collect_readings").at(ACTION).asText();
  static final String RESEND = payload("collect_readings").at(ERROR_ACTION).asText();
  static final String STATUS = payload("collect_status").at(ACTION).asText();
  static final String PRESENCE = "arn:aws:lambda:us-west-2:000000000000:function:presence:live";
  static final String REGISTER = "arn:aws:lambda:us-west-2:000000000000:function:register:live";
  static final String TENANT = "grid-1";
  static final String COHORT_A = "00522-north-1";
  static final String COHORT_B = "00523-north-1";

  private static final JsonMapper JSON = new JsonMapper();
  private static final Duration WAIT = Duration.ofSeconds(20);

  /// @param function ARN of the function's alias
  /// @param event what it was given
  record Invocation(String function, JsonNode event) {}

  final BlockingQueue<Invocation> invocations = new LinkedBlockingQueue<>();
  final BlockingQueue<JsonNode> present = new LinkedBlockingQueue<>();
  final BlockingQueue<JsonNode> registered = new LinkedBlockingQueue<>();
  final AtomicReference<Instant> now = new AtomicReference<>(Instant.parse("2026-11-20T12:00:00Z"));
  final Map<String, DeviceCertificate> certificates = new ConcurrentHashMap<>();
  final CertificateAuthority authority;
  final ThingRegistry registry = new ThingRegistry("us-west-2", "000000000000");
  final RuleEngine rules;
  final TestTemplates.Hook hook = new TestTemplates.Hook();
  final FleetProvisioning provisioning;
  final Broker broker;

  TestCore(Path folder) throws IOException {
    authority = new CertificateAuthority(folder.resolve("certificates"), "Test authority");
    policies()
        .forEach(policy ->
            registry.putPolicy(
                policy.name(),
                PolicyDocument.parse(
                    policy.properties().path("PolicyDocument"), policy.logicalId())));
    Clock clock = clock();
    rules = new RuleEngine(rules(), this::note, clock);
    provisioning = new FleetProvisioning(registry, authority, TestTemplates.all(), hook, clock);
    broker =
        Broker.start(folder.resolve("broker"), authority, registry, rules, provisioning, clock);
  }

  private void note(String function, byte[] event) throws ActionFailed {
    try {
      var invocation = new Invocation(function, JSON.readTree(event));
      switch (function) {
        case PRESENCE -> present.add(invocation.event);
        case REGISTER -> registered.add(invocation.event);
        default -> invocations.add(invocation);
      }
    } catch (IOException e) {
      throw new ActionFailed("not JSON: " + e.getMessage());
    }
  }

  private Clock clock() {
    return new Clock() {
      @Override
      public ZoneOffset getZone() {
        return ZoneOffset.UTC;
      }

      @Override
      public Clock withZone(java.time.ZoneId zone) {
        return this;
      }

      @Override
      public Instant instant() {
        return now.get();
      }
    };
  }

  static String function(String name) {
    return "arn:aws:lambda:us-west-2:000000000000:function:" + name + ":live";
  }

  private static CloudAssembly template() {
    try {
      return CloudAssembly.read(Path.of("../../infrastructure-cdk/target/cdk.out"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// What the template grants a meter.
  private static List<CloudAssembly.Resource> policies() {
    return TEMPLATE.ofType("AWS::IoT::Policy").stream()
        .filter(policy -> !policy.name().equals("Claim"))
        .toList();
  }

  private static JsonNode payload(String rule) {
    return ofTemplate(rule).path("TopicRulePayload");
  }

  private static JsonNode ofTemplate(String name) {
    return TEMPLATE.ofType("AWS::IoT::TopicRule").stream()
        .map(CloudAssembly.Resource::properties)
        .filter(rule -> rule.path("RuleName").asText().equals(name))
        .findFirst()
        .orElseThrow();
  }

  static String readings(String tenant, String cohort, String thing) {
    return "$aws/rules/collect_readings/mv/1/" + tenant + "/" + cohort + "/" + thing + "/readings";
  }

  static String readings(String thing) {
    return readings(TENANT, COHORT_A, thing);
  }

  static String status(String thing) {
    return "$aws/rules/collect_status/mv/1/" + TENANT + "/" + thing + "/status";
  }

  static String settings(String thing) {
    return "mv/1/" + TENANT + "/" + thing + "/settings";
  }

  static String resend(String thing) {
    return "mv/1/" + TENANT + "/" + thing + "/resend";
  }

  static JsonNode document(Map<String, Object> statement) {
    return JSON.valueToTree(Map.of("Version", "2012-10-17", "Statement", List.of(statement)));
  }

  static Map<String, Object> allow(String action, List<String> resources) {
    return Map.of("Effect", "Allow", "Action", action, "Resource", resources);
  }

  private static Map<String, JsonNode> rules() {
    return Map.of(
        "CollectRule",
        ofTemplate("collect_readings"),
        "StatusRule",
        ofTemplate("collect_status"),
        "PresenceRule",
        rule(
            "presence",
            "SELECT clientId, eventType, timestamp, sessionIdentifier, principalIdentifier,"
                + " versionNumber, ipAddress, clientInitiatedDisconnect, disconnectReason"
                + " FROM '$aws/events/presence/#'",
            PRESENCE,
            null),
        "RegisterRule",
        rule(
            "register",
            "SELECT certificateId, caCertificateId, certificateStatus"
                + " FROM '$aws/events/certificates/registered/+'",
            REGISTER,
            null));
  }

  static JsonNode rule(String name, String sql, String function, @Nullable String onError) {
    var rule = JSON.createObjectNode().put("RuleName", name);
    var payload =
        rule.putObject("TopicRulePayload").put("Sql", sql).put("AwsIotSqlVersion", "2016-03-23");
    payload.putArray("Actions").addObject().putObject("Lambda").put("FunctionArn", function);
    if (onError != null) {
      payload.putObject("ErrorAction").putObject("Lambda").put("FunctionArn", onError);
    }
    return rule;
  }

  /// A meter of the registry, its certificate attached.
  DeviceCertificate register(String thing) throws IOException {
    return register(thing, authority.issue(thing));
  }

  DeviceCertificate register(String thing, DeviceCertificate certificate) {
    registry.createThing(
        thing, "meter", Map.of("tenant", TENANT, "cohortA", COHORT_A, "cohortB", COHORT_B));
    String id = registry.registerCertificate(certificate.certificate());
    registry.attachThing(id, thing);
    policies().forEach(policy -> registry.attachPolicy(id, policy.name()));
    certificates.put(thing, certificate);
    return certificate;
  }

  /// A registered meter's client, not connected yet.
  TestMeter meter(String thing) throws IOException {
    return meter(thing, register(thing));
  }

  TestMeter meter(String clientId, DeviceCertificate certificate) {
    return new TestMeter(clientId, certificate, authority.certificatePem(), broker.port());
  }

  Invocation nextInvocation() throws InterruptedException {
    Invocation next = invocations.poll(WAIT.toSeconds(), TimeUnit.SECONDS);
    if (next == null) {
      throw new AssertionError("no function was invoked");
    }
    return next;
  }

  /// The next lifecycle event of a client; those of others are passed over.
  JsonNode nextEvent(String type, String clientId) throws InterruptedException {
    while (true) {
      JsonNode event = present.poll(WAIT.toSeconds(), TimeUnit.SECONDS);
      if (event == null) {
        throw new AssertionError("no event");
      }
      if (event.path("clientId").asText().equals(clientId)) {
        if (!event.path("eventType").asText().equals(type)) {
          throw new AssertionError("not " + type + " but " + event);
        }
        return event;
      }
    }
  }

  JsonNode nextRegistered() throws InterruptedException {
    JsonNode event = registered.poll(WAIT.toSeconds(), TimeUnit.SECONDS);
    if (event == null) {
      throw new AssertionError("no event");
    }
    return event;
  }

  long refusals(Refusal.Reason reason) {
    return broker.refusals().getOrDefault(reason.key(), 0L);
  }

  static void await(BooleanSupplier condition) throws InterruptedException {
    long waited = 0;
    while (!condition.getAsBoolean()) {
      if (waited > WAIT.toMillis()) {
        throw new AssertionError("did not come true in " + WAIT);
      }
      Thread.sleep(20);
      waited += 20;
    }
  }

  static String text(JsonNode base64) {
    return new String(
        java.util.Base64.getDecoder().decode(base64.asText()), StandardCharsets.UTF_8);
  }

  @Override
  public void close() throws IOException {
    provisioning.close();
    broker.close();
  }
}

package meterveil.embedded;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import meterveil.embedded.aws.AwsStandIns;
import meterveil.embedded.aws.AwsStandIns.Access;
import meterveil.embedded.aws.CloudAssembly;
import meterveil.embedded.aws.CloudAssembly.Resource;
import meterveil.embedded.aws.Deployment;
import meterveil.embedded.aws.Faults;
import meterveil.embedded.aws.Functions;
import meterveil.embedded.aws.IotDataDoor;
import meterveil.embedded.aws.Outcome;
import meterveil.embedded.iot.ActionFailed;
import meterveil.embedded.iot.Broker;
import meterveil.embedded.iot.CertificateAuthority;
import meterveil.embedded.iot.DeviceCertificate;
import meterveil.embedded.iot.FleetProvisioning;
import meterveil.embedded.iot.RetainedMessage;
import meterveil.embedded.iot.RuleEngine;
import meterveil.embedded.iot.ThingRegistry;
import meterveil.embedded.policy.PolicyDocument;
import meterveil.meter.Downlink;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.kms.KmsClient;

/// The platform on one machine: what the synthesised template describes, running.
///
/// Everything it starts listens on 127.0.0.1, writes below one folder, and ends with [#close()] or
/// with this process.
public final class EmbeddedPlatform implements AutoCloseable {

  /// DynamoDB Local's class path, as the build leaves it, seen from the cloud assembly.
  private static final Path DYNAMO_DB_CLASS_PATH =
      Path.of("../../../localstack/dynamodb/target/classpath");

  /// What runs keep for one another, seen from the cloud assembly.
  private static final Path KEPT = Path.of("../../../localstack/embedded/target/kept");

  /// The policy of claim certificates, which no meter's own certificate has.
  private static final String CLAIM = "Claim";

  private static final String IOT = "iot.amazonaws.com";

  /// One look could fall between a message and what it brings about.
  private static final int QUIET_LOOKS = 3;

  private static final Duration BETWEEN_LOOKS = Duration.ofMillis(2);

  /// How the platform runs.
  ///
  /// @param start what its clock says at first
  /// @param retryDelays before each retry of an asynchronous invocation; AWS waits 1 and 2 minutes
  /// @param processesMax of one function
  /// @param deployment tables and keys to use in place of local ones
  public record Options(
      Instant start,
      List<Duration> retryDelays,
      int processesMax,
      Optional<Deployment> deployment) {

    public Options {
      retryDelays = List.copyOf(retryDelays);
    }

    /// Three processes a function, which keep two cores busy while they wait for the database;
    /// short delays.
    public static Options startingAt(Instant start) {
      return new Options(
          start, List.of(Duration.ofMillis(200), Duration.ofMillis(400)), 3, Optional.empty());
    }

    /// The same with tables and keys that are elsewhere.
    public Options with(Deployment elsewhere) {
      return new Options(start, retryDelays, processesMax, Optional.of(elsewhere));
    }
  }

  private final CloudAssembly assembly;
  private final Path clockFile;
  private final MovableClock clock;
  private final CertificateAuthority authority;
  private final ThingRegistry registry;
  private final RuleEngine rules;
  private final FleetProvisioning provisioning;
  private final AwsStandIns aws;
  private final Broker broker;
  private final List<String> policies = new ArrayList<>();
  private final Thread closing = new Thread(this::closeQuietly, "close-platform");

  /// Both the functions and the broker need the other; the broker is there a moment later.
  private volatile @Nullable Broker publishing;

  private EmbeddedPlatform(Path cloudAssembly, Path folder, Options options)
      throws IOException, InterruptedException {
    Path work = Files.createDirectories(folder).toAbsolutePath();
    assembly = CloudAssembly.read(cloudAssembly, options.deployment().orElse(null));
    clockFile = work.resolve("clock");
    clock = MovableClock.create(clockFile, options.start());
    Path assemblyFolder = cloudAssembly.toAbsolutePath();
    String dynamoDb = Files.readString(assemblyFolder.resolve(DYNAMO_DB_CLASS_PATH).normalize());
    registry = new ThingRegistry(assembly.region(), assembly.account());
    aws =
        AwsStandIns.start(
            assembly,
            dynamoDb.strip(),
            work,
            clock,
            clockFile,
            new Functions.Settings(
                options.retryDelays(),
                options.processesMax(),
                assemblyFolder.resolve(KEPT).normalize()),
            registry,
            new Messages());
    Runtime.getRuntime().addShutdownHook(closing);
    try {
      for (Resource policy : assembly.ofType("AWS::IoT::Policy")) {
        registry.putPolicy(
            policy.name(),
            PolicyDocument.parse(policy.properties().path("PolicyDocument"), policy.logicalId()));
        if (!policy.name().equals(CLAIM)) {
          policies.add(policy.name());
        }
      }
      rules = new RuleEngine(topicRules(), this::invoke, clock);
      authority = new CertificateAuthority(work.resolve("certificates"), "Meterveil embedded run");
      for (Resource group : assembly.ofType("AWS::IoT::ThingGroup")) {
        registry.createGroup(group.name());
      }
      for (Resource owner : assembly.ofType("AWS::IoT::CACertificate")) {
        registry.registerAuthority(
            x509(owner),
            owner.properties().path("AutoRegistrationStatus").asText().equals("ENABLE"));
      }
      provisioning =
          new FleetProvisioning(registry, authority, provisioningTemplates(), new Account(), clock);
      broker =
          Broker.start(work.resolve("broker"), authority, registry, rules, provisioning, clock);
      publishing = broker;
      aws.awaitUp(); // the database came up while the broker did
    } catch (IOException | InterruptedException | RuntimeException failed) {
      closeAfter(failed);
      throw failed;
    }
  }

  private void closeAfter(Exception failed) {
    try {
      close();
    } catch (IOException e) {
      failed.addSuppressed(e);
    }
  }

  /// Starts the platform.
  ///
  /// @param cloudAssembly `infrastructure-cdk/target/cdk.out`
  /// @param work a folder of its own, for everything it writes
  /// @throws IllegalArgumentException naming the resource, if something in the template is not
  ///   implemented or could not work
  /// @throws IOException if a part does not start
  public static EmbeddedPlatform start(Path cloudAssembly, Path work, Options options)
      throws IOException, InterruptedException {
    return new EmbeddedPlatform(cloudAssembly, work, options);
  }

  private Map<String, JsonNode> topicRules() {
    var found = new LinkedHashMap<String, JsonNode>();
    for (Resource rule : assembly.ofType("AWS::IoT::TopicRule")) {
      found.put(rule.logicalId(), rule.properties());
      JsonNode payload = rule.properties().path("TopicRulePayload");
      var actions = new ArrayList<JsonNode>();
      payload.path("Actions").forEach(actions::add);
      actions.add(payload.path("ErrorAction"));
      for (JsonNode action : actions) {
        String function = action.path("Lambda").path("FunctionArn").asText();
        if (!function.isEmpty() && !aws.functions().serviceMayInvoke(IOT, rule.arn(), function)) {
          throw rule.refused("may not invoke " + function);
        }
      }
    }
    return found;
  }

  private Map<String, JsonNode> provisioningTemplates() {
    var found = new LinkedHashMap<String, JsonNode>();
    for (Resource template : assembly.ofType("AWS::IoT::ProvisioningTemplate")) {
      found.put(template.name(), template.properties());
      JsonNode hook = template.properties().path("PreProvisioningHook").path("TargetArn");
      if (hook.isTextual()
          && !aws.functions().serviceMayInvoke(IOT, template.arn(), hook.asText())) {
        throw template.refused("may not invoke " + hook.asText());
      }
    }
    return found;
  }

  private static X509Certificate x509(Resource owner) {
    try {
      return (X509Certificate)
          CertificateFactory.getInstance("X.509")
              .generateCertificate(
                  new ByteArrayInputStream(
                      owner
                          .properties()
                          .path("CACertificatePem")
                          .asText()
                          .getBytes(StandardCharsets.US_ASCII)));
    } catch (CertificateException notPem) {
      throw owner.refused("has a certificate that cannot be read");
    }
  }

  /// What provisioning asks of the account.
  private final class Account implements FleetProvisioning.Account {

    @Override
    public byte[] ask(String functionArn, byte[] event, Duration atMost) throws ActionFailed {
      try {
        Outcome outcome =
            aws.functions()
                .invoke(functionArn, event)
                .get(atMost.toMillis(), TimeUnit.MILLISECONDS);
        return switch (outcome) {
          case Outcome.Answered(String payload) -> payload.getBytes(StandardCharsets.UTF_8);
          case Outcome.Failed(String payload) -> throw new ActionFailed(payload);
        };
      } catch (TimeoutException e) {
        throw new ActionFailed("no answer in " + atMost);
      } catch (ExecutionException e) {
        throw new ActionFailed(String.valueOf(e.getMessage()));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new ActionFailed("interrupted");
      }
    }

    @Override
    public boolean roleMay(String roleArn, String action, String resource) {
      return aws.roleMay(IOT, roleArn, action, resource);
    }
  }

  private void invoke(String function, byte[] event) throws ActionFailed {
    aws.functions().invokeAsync(function, event);
  }

  /// The way to the broker, once it is there.
  private final class Messages implements IotDataDoor.Messages {

    @Override
    public void publish(String topic, byte[] payload, int qos, boolean retain) throws IOException {
      there().publish(topic, payload, qos, retain);
    }

    @Override
    public boolean disconnect(String clientId, boolean cleanSession, boolean preventWill)
        throws IOException {
      return there().disconnect(clientId, cleanSession, preventWill);
    }

    private Broker there() throws IOException {
      Broker there = publishing;
      if (there == null) {
        throw new IOException("the broker is not up yet");
      }
      return there;
    }
  }

  /// The clock that everything follows.
  public MovableClock clock() {
    return clock;
  }

  /// The file of the clock, for other processes to follow it.
  public Path clockFile() {
    return clockFile;
  }

  /// Moves the clock forward, fires each schedule that came due, once, and deletes what expired
  /// some days ago.
  public void moveTo(Instant instant) throws IOException {
    clock.moveTo(instant);
    tick();
  }

  /// Fires each schedule that came due while the clock went on by itself, once, and deletes what
  /// expired.
  public void tick() throws IOException {
    provisioning.expire();
    aws.moved();
  }

  /// Waits until no rule, invocation or retry is under way.
  ///
  /// @return false if that took longer than `atMost`
  public boolean awaitQuiet(Duration atMost) throws InterruptedException {
    long deadline = System.nanoTime() + atMost.toNanos();
    int quiet = 0;
    while (true) {
      aws.functions().awaitNone(Duration.ofNanos(deadline - System.nanoTime()));
      quiet =
          rules.quiet() && provisioning.quiet() && aws.functions().pending() == 0 ? quiet + 1 : 0;
      if (quiet == QUIET_LOOKS) {
        return true;
      }
      if (System.nanoTime() > deadline) {
        return false;
      }
      Thread.sleep(BETWEEN_LOOKS);
    }
  }

  /// Registers a meter: a thing with attributes, a certificate of the run's own CA, and the
  /// template's policies.
  public DeviceCertificate register(String thing, Map<String, String> attributes)
      throws IOException {
    DeviceCertificate certificate = authority.issue(thing);
    registry.createThing(thing, "meter", attributes);
    attach(thing, certificate);
    return certificate;
  }

  /// Gives a thing another certificate, which may be of another validity or CA.
  public void attach(String thing, DeviceCertificate certificate) {
    String id = registry.registerCertificate(certificate.certificate());
    registry.attachThing(id, thing);
    policies.forEach(policy -> registry.attachPolicy(id, policy));
  }

  /// Makes a claim certificate: what a device that has none of its own asks for one with.
  ///
  /// @param fileName of its files, without ending
  /// @throws IllegalArgumentException if the template has no policy `Claim`
  public DeviceCertificate claim(String fileName) throws IOException {
    DeviceCertificate certificate = authority.issue(fileName);
    registry.attachPolicy(registry.registerCertificate(certificate.certificate()), CLAIM);
    return certificate;
  }

  /// Registers a utility's own authority, whose meters' certificates are taken in when they first
  /// connect. The broker starts anew, to trust it.
  public void registerAuthority(CertificateAuthority utility) throws IOException {
    registry.registerAuthority(utility.certificate(), true);
    broker.restart();
  }

  /// Changes attributes of a thing; others stay.
  public void updateThing(String thing, Map<String, String> attributes) {
    registry.updateThing(thing, attributes, true);
  }

  /// The CA of the run's certificates.
  public CertificateAuthority authority() {
    return authority;
  }

  /// The broker; meters reach it at `localhost`.
  public Broker broker() {
    return broker;
  }

  /// What rules do to messages.
  public RuleEngine rules() {
    return rules;
  }

  /// The functions.
  public Functions functions() {
    return aws.functions();
  }

  /// What goes wrong on purpose between functions and the rest.
  public Faults faults() {
    return aws.faults();
  }

  /// Things, certificates and what belongs to what.
  public ThingRegistry registry() {
    return registry;
  }

  /// Everything but IoT Core's broker and rules.
  public AwsStandIns aws() {
    return aws;
  }

  /// The name of a table.
  ///
  /// @param constructId such as `OpenBlocks`
  public String table(String constructId) {
    return aws.table(constructId);
  }

  /// The database as the administrator sees it.
  public DynamoDbClient dynamoDb() {
    Access access = aws.administrator();
    return DynamoDbClient.builder()
        .endpointOverride(access.dynamoDb())
        .region(Region.of(access.region()))
        .credentialsProvider(access.credentials())
        .httpClient(UrlConnectionHttpClient.create())
        .build();
  }

  /// The database as a role of the template sees it.
  ///
  /// @param role the beginning of its logical id
  public DynamoDbClient dynamoDb(String role) {
    Access access = aws.as(role);
    return DynamoDbClient.builder()
        .endpointOverride(access.dynamoDb())
        .region(Region.of(access.region()))
        .credentialsProvider(access.credentials())
        .httpClient(UrlConnectionHttpClient.create())
        .build();
  }

  /// KMS as the administrator sees it.
  public KmsClient kms() {
    Access access = aws.administrator();
    return KmsClient.builder()
        .endpointOverride(access.kms())
        .region(Region.of(access.region()))
        .credentialsProvider(access.credentials())
        .httpClient(UrlConnectionHttpClient.create())
        .build();
  }

  /// The way to meters, as a role of the template may use it.
  ///
  /// @param role the beginning of its logical id
  public Downlink downlink(String role) {
    Access access = aws.as(role);
    return new Downlink(
        access.iotData(),
        Region.of(access.region()),
        access.credentials(),
        UrlConnectionHttpClient.create());
  }

  /// Everything the functions wrote.
  public List<String> logLines() throws IOException {
    return aws.logs().lines();
  }

  /// Everything the broker keeps for subscribers to come.
  public List<RetainedMessage> retained() throws IOException {
    return broker.retained();
  }

  /// Stops everything.
  @Override
  public void close() throws IOException {
    Runtime.getRuntime().removeShutdownHook(closing);
    Broker there = publishing;
    try {
      if (there != null) {
        provisioning.close();
        there.close();
      }
    } finally {
      aws.close();
    }
  }

  private void closeQuietly() {
    try {
      aws.close();
    } catch (IOException _) {
      // The process ends, and with it what hangs on it.
    }
  }
}

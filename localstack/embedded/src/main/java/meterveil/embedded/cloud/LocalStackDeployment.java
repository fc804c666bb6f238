package meterveil.embedded.cloud;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import meterveil.embedded.aws.Deployment;
import meterveil.embedded.cloud.Assembly.Asset;
import meterveil.embedded.cloud.Assembly.Stack;
import meterveil.embedded.cloud.CloudFormation.Event;

/// All stacks of an assembly in LocalStack, as CDK's command line would deploy them after a
/// bootstrap, but without functions: see [WithoutLambda].
///
/// LocalStack says CREATE_COMPLETE of types that it does not have; the events tell them, and so
/// does this.
public final class LocalStackDeployment {

  private static final String FALLBACK = "was deployed as a fallback";

  /// What LocalStack 4.14.0 has not; `docs/testing.md` has it too.
  private static final Set<String> LIMITS =
      Set.of(
          "AWS::Budgets::Budget",
          "AWS::CloudTrail::Trail",
          "AWS::CloudWatch::Dashboard",
          "AWS::IoT::DomainConfiguration",
          "AWS::IoT::EncryptionConfiguration",
          "AWS::IoT::Logging",
          "AWS::IoT::Policy",
          "AWS::IoT::ProvisioningTemplate",
          "AWS::IoT::ThingGroup",
          "AWS::IoT::ThingType",
          "AWS::IoT::TopicRule",
          "AWS::Logs::MetricFilter");

  /// What CDK's templates look for before anything else.
  private static final String BOOTSTRAP_PARAMETER = "/cdk-bootstrap/hnb659fds/version";

  private static final String BOOTSTRAP_VERSION = "30";

  /// A stack that is deployed.
  ///
  /// @param name its name
  /// @param took how long
  /// @param made types of what LocalStack has made, by logical id
  /// @param fallbacks types of what it has not, though it says so, by logical id
  /// @param leftOut types of what it was not asked for, by logical id
  /// @param names physical names of what it has made, by logical id
  /// @param template of all this
  public record Deployed(
      String name,
      Duration took,
      Map<String, String> made,
      Map<String, String> fallbacks,
      Map<String, String> leftOut,
      Map<String, String> names,
      JsonNode template) {

    public Deployed {
      made = new TreeMap<>(made);
      fallbacks = new TreeMap<>(fallbacks);
      leftOut = new TreeMap<>(leftOut);
      names = new TreeMap<>(names);
    }

    /// What the template says of a resource, its references not resolved.
    JsonNode properties(String logicalId) {
      return template.path("Resources").path(logicalId).path("Properties");
    }

    /// Those fallbacks that are no known limit of LocalStack.
    public Map<String, String> missing() {
      var missing = new TreeMap<>(fallbacks);
      missing.values().removeAll(LIMITS);
      return missing;
    }
  }

  private final Cloud cloud;
  private final String account;
  private final CloudFormation cloudFormation;
  private final Set<String> buckets = new HashSet<>();
  private final List<Deployed> stacks = new ArrayList<>();

  private LocalStackDeployment(Cloud cloud, String account) {
    this.cloud = cloud;
    this.account = account;
    this.cloudFormation = new CloudFormation(cloud);
  }

  /// Deploys them, one after the other.
  ///
  /// @param cloud LocalStack, with nothing in its account
  /// @throws IOException if one was not made, with the events that say why
  public static LocalStackDeployment deploy(Cloud cloud, Assembly assembly, Clock clock)
      throws IOException, InterruptedException {
    var deployment = new LocalStackDeployment(cloud, cloud.account());
    cloud.json(
        "ssm",
        "AmazonSSM.PutParameter",
        JsonNodeFactory.instance
            .objectNode()
            .put("Name", BOOTSTRAP_PARAMETER)
            .put("Value", BOOTSTRAP_VERSION)
            .put("Type", "String"));
    for (Stack stack : assembly.stacks()) {
      deployment.deploy(stack, clock);
    }
    return deployment;
  }

  private void deploy(Stack stack, Clock clock) throws IOException, InterruptedException {
    Instant begin = clock.instant();
    var without = new WithoutLambda(stack, cloud.region(), account);
    String template = without.template().toString();
    String url = "";
    for (Asset asset : stack.assets()) {
      String bucket = asset.bucket().replace("${AWS::AccountId}", account);
      if (buckets.add(bucket)) {
        makeBucket(bucket);
      }
      boolean own = asset.key().endsWith(".json");
      byte[] content = own ? template.getBytes(UTF_8) : content(asset.source());
      put("/" + bucket + "/" + asset.key(), content);
      if (own) {
        url = "/" + bucket + "/" + asset.key();
      }
    }
    cloudFormation.create(
        stack.name(),
        // As LocalStack reaches itself: where its port is seen from here says nothing there.
        Map.entry("TemplateURL", URI.create("http://localhost:4566").resolve(url).toString()));
    var made = new HashMap<String, String>();
    var names = new HashMap<String, String>();
    for (Event resource : cloudFormation.resources(stack.name())) {
      made.put(resource.logicalId(), resource.type());
      names.put(resource.logicalId(), resource.physicalId());
    }
    var fallbacks = new HashMap<String, String>();
    for (Event event : cloudFormation.events(stack.name())) {
      if (event.reason().contains(FALLBACK)) {
        fallbacks.put(event.logicalId(), event.type());
      }
    }
    made.keySet().removeAll(fallbacks.keySet());
    names.keySet().removeAll(fallbacks.keySet());
    stacks.add(
        new Deployed(
            stack.name(),
            Duration.between(begin, clock.instant()),
            made,
            fallbacks,
            without.leftOut(),
            names,
            stack.template()));
  }

  private void makeBucket(String bucket) throws IOException {
    put(
        "/" + bucket,
        """
        <CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">\
        <LocationConstraint>%s</LocationConstraint></CreateBucketConfiguration>\
        """
            .formatted(cloud.region())
            .getBytes(UTF_8));
  }

  private void put(String path, byte[] content) throws IOException {
    cloud.send("s3", "PUT", path, Map.of("Content-Type", "application/octet-stream"), content);
  }

  private static byte[] content(Path source) throws IOException {
    if (!Files.isDirectory(source)) {
      return Files.readAllBytes(source);
    }
    var zip = new ByteArrayOutputStream();
    try (var out = new ZipOutputStream(zip);
        var files = Files.walk(source)) {
      for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
        out.putNextEntry(new ZipEntry(source.relativize(file).toString()));
        out.write(Files.readAllBytes(file));
      }
    }
    return zip.toByteArray();
  }

  /// The stacks in the order in which they were deployed.
  public List<Deployed> stacks() {
    return List.copyOf(stacks);
  }

  /// The tables and keys, for the embedded platform.
  public Deployment tablesAndKeys() {
    var names = new HashMap<String, String>();
    for (Deployed stack : stacks) {
      stack
          .made()
          .forEach((id, type) -> {
            if (type.equals("AWS::DynamoDB::Table") || type.equals("AWS::KMS::Key")) {
              names.put(stack.name() + "/" + id, stack.names().getOrDefault(id, ""));
            }
          });
    }
    return new Deployment(
        cloud.endpoint("dynamodb"), cloud.endpoint("kms"), account, cloud.credentials(), names);
  }
}

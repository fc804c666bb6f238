package meterveil.embedded.aws;

import static java.util.stream.Collectors.toMap;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import meterveil.embedded.aws.CloudAssembly.Resource;
import meterveil.embedded.iot.ThingRegistry;
import meterveil.embedded.policy.Request;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;

/// Everything that stands in for AWS but IoT Core's broker and rules, started from the template.
public final class AwsStandIns implements AutoCloseable {

  /// What someone needs to call the stand-ins.
  ///
  /// @param region of the template
  /// @param dynamoDb endpoint
  /// @param kms endpoint
  /// @param iotData endpoint of IoT Core's data plane
  /// @param iot endpoint of its control plane
  /// @param credentials which say who calls, and so what the calls are judged by
  public record Access(
      String region,
      URI dynamoDb,
      URI kms,
      URI iotData,
      URI iot,
      AwsCredentialsProvider credentials) {}

  private final CloudAssembly assembly;
  private final Roles roles;
  private final @Nullable DynamoDbLocal local;
  private final @Nullable Deployment deployment;
  private final List<Upstream> deployed;
  private final Database database;
  private final Faults faults = new Faults();
  private final Charges charges = new Charges();
  private final KmsStandIn kms;
  private final List<Door> doors;
  private final Logs logs;
  private final Functions functions;
  private final Schedules schedules;
  private final Expiry expiry;
  private final Clock clock;

  private AwsStandIns(
      CloudAssembly assembly,
      Path work,
      Clock clock,
      Path clockFile,
      Functions.Settings settings,
      ThingRegistry registry,
      IotDataDoor.Messages messages,
      @Nullable DynamoDbLocal local)
      throws IOException {
    this.assembly = assembly;
    this.clock = clock;
    this.local = local;
    this.deployment = assembly.deployment();
    if (deployment == null) {
      this.deployed = List.of();
      this.database = Objects.requireNonNull(local).database();
    } else {
      this.deployed =
          List.of(
              upstream(deployment.dynamoDb(), "dynamodb", deployment),
              upstream(deployment.kms(), "kms", deployment));
      this.database = new Database(deployed.get(0));
    }
    this.roles = new Roles(assembly);
    this.expiry = new Expiry(assembly, database, clock);
    var dynamoDb = new DynamoDbDoor(assembly, roles, charges, database.upstream(), expiry::written);
    this.kms = new KmsStandIn(assembly, roles, clock, deployment == null ? null : deployed.get(1));
    this.doors =
        List.of(
            new Door("dynamodb", roles, faults, charges, dynamoDb),
            new Door("kms", roles, faults, charges, kms),
            new Door("iot", roles, faults, charges, new IotDataDoor(assembly, roles, messages)),
            new Door("iot-control", roles, faults, charges, new IotDoor(registry, roles)));
    this.logs = new Logs(work.resolve("logs"));
    this.functions =
        new Functions(
            assembly,
            roles,
            clock,
            logs,
            work.resolve("functions"),
            settings,
            charges,
            clockFile,
            Map.of(
                "AWS_ENDPOINT_URL_DYNAMODB", doors.get(0).url(),
                "AWS_ENDPOINT_URL_KMS", doors.get(1).url(),
                "AWS_ENDPOINT_URL_IOT_DATA_PLANE", doors.get(2).url(),
                "AWS_ENDPOINT_URL_IOT", doors.get(3).url()));
    this.schedules = new Schedules(assembly, roles, functions, clock.instant());
  }

  private Upstream upstream(URI endpoint, String signingName, Deployment deployment) {
    return new SignedUpstream(endpoint, signingName, assembly.region(), deployment.credentials());
  }

  /// Starts them all, without waiting for the database: see [#awaitUp()].
  ///
  /// @param dynamoDbClassPath of DynamoDB Local
  /// @param work a folder for all they write
  /// @param clockFile of the clock that the functions follow
  /// @param registry of IoT Core's things and certificates
  /// @param messages the broker
  /// @throws IllegalArgumentException naming the resource, if something in the template is not
  ///   implemented or could not work
  public static AwsStandIns start(
      CloudAssembly assembly,
      String dynamoDbClassPath,
      Path work,
      Clock clock,
      Path clockFile,
      Functions.Settings settings,
      ThingRegistry registry,
      IotDataDoor.Messages messages)
      throws IOException {
    DynamoDbLocal local =
        assembly.deployment() != null
            ? null
            : DynamoDbLocal.start(
                dynamoDbClassPath, Files.createDirectories(work.resolve("dynamodb")));
    try {
      return new AwsStandIns(assembly, work, clock, clockFile, settings, registry, messages, local);
    } catch (IOException | RuntimeException failed) {
      if (local != null) {
        local.close();
      }
      throw failed;
    }
  }

  /// Waits until the database is up, and makes its tables. Nothing may be asked of it before.
  ///
  /// @throws IllegalArgumentException naming the resource, if a table is not implemented
  public void awaitUp() throws IOException, InterruptedException {
    if (local != null) {
      local.createTables(assembly);
    }
  }

  /// The functions.
  public Functions functions() {
    return functions;
  }

  /// What goes wrong on purpose.
  public Faults faults() {
    return faults;
  }

  /// What the functions wrote.
  public Logs logs() {
    return logs;
  }

  /// Whether a service may act in the name of a role, and the role may do something.
  ///
  /// @param service for instance `iot.amazonaws.com`
  /// @param resource an ARN, or `*` for what has none
  public boolean roleMay(String service, String roleArn, String action, String resource) {
    return roles.trusts(roleArn, service, Map.of("aws:SourceAccount", List.of(assembly.account())))
        && roles.decide(roleArn, new Request(action, resource, Map.of())).allowed();
  }

  /// Whether a role of the template may do something.
  ///
  /// @param constructId the beginning of its logical id
  /// @param resource an ARN, or `*` for what has none
  public boolean roleMay(String constructId, String action, String resource) {
    String role = assembly.named("AWS::IAM::Role", constructId).arn();
    return roles.decide(role, new Request(action, resource, Map.of())).allowed();
  }

  /// The access of a role of the template.
  ///
  /// @param constructId the beginning of its logical id
  public Access as(String constructId) {
    return access(roles.of(assembly.named("AWS::IAM::Role", constructId)));
  }

  /// The access of the administrator, whom no policy judges.
  public Access administrator() {
    return access(roles.administrator());
  }

  private Access access(Roles.Credentials credentials) {
    return new Access(
        assembly.region(),
        URI.create(doors.get(0).url()),
        URI.create(doors.get(1).url()),
        URI.create(doors.get(2).url()),
        URI.create(doors.get(3).url()),
        StaticCredentialsProvider.create(
            AwsSessionCredentials.create(
                credentials.accessKeyId(),
                credentials.secretAccessKey(),
                credentials.sessionToken())));
  }

  /// The access of the administrator to the database itself, without a door: for what is measured
  /// beside the platform. What is written there never expires.
  public Access database() {
    Access through = administrator();
    return new Access(
        through.region(),
        deployment != null ? deployment.dynamoDb() : Objects.requireNonNull(local).uri(),
        through.kms(),
        through.iotData(),
        through.iot(),
        deployment != null ? deployment.credentials() : through.credentials());
  }

  /// The name of a table.
  ///
  /// @param constructId the beginning of its logical id
  public String table(String constructId) {
    return assembly.named("AWS::DynamoDB::Table", constructId).name();
  }

  /// The names of all tables by their logical ids.
  public Map<String, String> tables() {
    return assembly.ofType("AWS::DynamoDB::Table").stream()
        .collect(toMap(Resource::logicalId, Resource::name));
  }

  /// The ARN of a key.
  ///
  /// @param constructId the beginning of its logical id
  public String key(String constructId) {
    return assembly.named("AWS::KMS::Key", constructId).arn();
  }

  /// Every encryption context that a call to KMS has carried.
  public Set<Map<String, String>> encryptionContexts() {
    return kms.contexts();
  }

  /// What AWS would charge for.
  public Charges charges() {
    return charges;
  }

  /// What a table's items come to, as DynamoDB charges for storing them.
  ///
  /// @param table its name
  public long storedBytes(String table) throws IOException {
    var scan = JsonNodeFactory.instance.objectNode().put("TableName", table);
    long bytes = 0;
    JsonNode page;
    do {
      page = database.call("Scan", scan);
      for (JsonNode item : page.path("Items")) {
        bytes += ItemSize.storedBytes(item);
      }
      scan.set("ExclusiveStartKey", page.path("LastEvaluatedKey"));
    } while (page.has("LastEvaluatedKey"));
    return bytes;
  }

  /// To be called when the clock has moved: fires what came due, deletes what expired.
  public void moved() throws IOException {
    schedules.moved(clock.instant());
    expiry.moved();
  }

  /// Deletes what has expired.
  ///
  /// @return how many items
  public int deleteExpired() throws IOException {
    return expiry.sweepNow();
  }

  /// Ends every process.
  @Override
  public void close() throws IOException {
    functions.close();
    doors.forEach(Door::close);
    for (Upstream upstream : deployed) {
      upstream.close();
    }
    if (local != null) {
      local.close();
    }
  }
}

package meterveil.embedded.cloud;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import meterveil.embedded.aws.CloudAssembly;
import meterveil.embedded.aws.CloudAssembly.Resource;
import meterveil.embedded.cloud.LocalStackDeployment.Deployed;

/// What is really there of what CloudFormation says it has made: asked of the services themselves,
/// and held against the template.
public final class Effects {

  private static final JsonMapper MAPPER = new JsonMapper();
  private static final byte[] NOTHING = {};

  /// `docs/testing.md` has them too.
  private static final Set<String> LIMITS =
      Set.of(
          "AWS::DynamoDB::Table point-in-time recovery",
          "AWS::Logs::LogGroup days kept",
          "AWS::Logs::LogGroup key of encryption");

  /// One property of one resource.
  ///
  /// @param resource such as `AWS::DynamoDB::Table Usage8A77C4FC`
  /// @param what of it
  /// @param asked by the template
  /// @param found at the service
  public record Effect(String resource, String what, String asked, String found) {

    /// Whether it is as the template wants it.
    public boolean holds() {
      return asked.equals(found);
    }

    /// Whether LocalStack 4.14.0 is known to leave it out.
    public boolean isLimit() {
      return LIMITS.contains(resource.split(" ", 2)[0] + " " + what);
    }
  }

  private final Cloud cloud;
  private final CloudAssembly assembly;
  private final List<Effect> effects = new ArrayList<>();

  private Effects(Cloud cloud, CloudAssembly assembly) {
    this.cloud = cloud;
    this.assembly = assembly;
  }

  /// Looks at tables, keys, log groups and schedules.
  ///
  /// @param assembly with the names of what was deployed
  public static List<Effect> of(
      Cloud cloud, CloudAssembly assembly, LocalStackDeployment deployment) throws IOException {
    var effects = new Effects(cloud, assembly);
    for (Resource table : assembly.ofType("AWS::DynamoDB::Table")) {
      effects.table(table);
    }
    for (Deployed stack : deployment.stacks()) {
      for (Map.Entry<String, String> made : stack.made().entrySet()) {
        String name = Objects.requireNonNull(stack.names().get(made.getKey()));
        switch (made.getValue()) {
          case "AWS::KMS::Key" -> effects.key(stack, made.getKey(), name);
          case "AWS::Logs::LogGroup" -> effects.logGroup(stack.name(), made.getKey(), name);
          case "AWS::Scheduler::Schedule" -> effects.schedule(stack.name(), made.getKey(), name);
          default -> {} // CloudFormation's word is all there is
        }
      }
    }
    return effects.effects;
  }

  private void table(Resource table) throws IOException {
    JsonNode found = dynamoDb("DescribeTable", table).path("Table");
    JsonNode properties = table.properties();
    add(table, "is there", "ACTIVE", found.path("TableStatus").asText());
    add(table, "keys", keys(properties), keys(found));
    add(
        table,
        "indexes",
        indexes(properties.path("GlobalSecondaryIndexes")),
        indexes(found.path("GlobalSecondaryIndexes")));
    add(
        table,
        "key of encryption",
        properties.path("SSESpecification").path("KMSMasterKeyId").asText(),
        found.path("SSEDescription").path("KMSMasterKeyArn").asText());
    JsonNode ttl = properties.path("TimeToLiveSpecification");
    JsonNode lives = dynamoDb("DescribeTimeToLive", table).path("TimeToLiveDescription");
    add(
        table,
        "time to live",
        timeToLive(ttl.path("Enabled").asBoolean() ? "ENABLED" : "DISABLED", ttl),
        timeToLive(lives.path("TimeToLiveStatus").asText(), lives));
    JsonNode recovery =
        dynamoDb("DescribeContinuousBackups", table)
            .path("ContinuousBackupsDescription")
            .path("PointInTimeRecoveryDescription");
    boolean wanted =
        properties
            .path("PointInTimeRecoverySpecification")
            .path("PointInTimeRecoveryEnabled")
            .asBoolean();
    add(
        table,
        "point-in-time recovery",
        wanted ? "ENABLED" : "DISABLED",
        recovery.path("PointInTimeRecoveryStatus").asText());
  }

  private static String keys(JsonNode table) {
    var keys = new ArrayList<String>();
    for (JsonNode key : table.path("KeySchema")) {
      keys.add(key.path("AttributeName").asText() + " " + key.path("KeyType").asText());
    }
    return String.join(", ", keys);
  }

  private static String timeToLive(String status, JsonNode of) {
    return (status + " " + of.path("AttributeName").asText()).strip();
  }

  private static String indexes(JsonNode indexes) {
    var all = new ArrayList<String>();
    for (JsonNode index : indexes) {
      all.add(
          "%s: %s, %s"
              .formatted(
                  index.path("IndexName").asText(),
                  keys(index),
                  index.path("Projection").path("ProjectionType").asText()));
    }
    return String.join("; ", all);
  }

  private JsonNode dynamoDb(String operation, Resource table) throws IOException {
    return cloud.json(
        "dynamodb", "DynamoDB_20120810." + operation, body("TableName", table.name()));
  }

  private void key(Deployed stack, String logicalId, String name) throws IOException {
    String resource = "AWS::KMS::Key " + logicalId;
    JsonNode found =
        cloud.json("kms", "TrentService.DescribeKey", body("KeyId", name)).path("KeyMetadata");
    effects.add(new Effect(resource, "is there", "Enabled", found.path("KeyState").asText()));
    JsonNode rotation = cloud.json("kms", "TrentService.GetKeyRotationStatus", body("KeyId", name));
    effects.add(
        new Effect(
            resource,
            "rotation",
            stack.properties(logicalId).path("EnableKeyRotation").asText("false"),
            rotation.path("KeyRotationEnabled").asText()));
    for (Resource key : assembly.ofType("AWS::KMS::Key")) {
      if (key.stack().equals(stack.name()) && key.logicalId().equals(logicalId)) {
        add(key, "name", key.arn(), found.path("Arn").asText());
      }
    }
  }

  private void logGroup(String stack, String logicalId, String name) throws IOException {
    JsonNode found =
        cloud
            .json("logs", "Logs_20140328.DescribeLogGroups", body("logGroupNamePrefix", name))
            .path("logGroups")
            .path(0);
    String resource = "AWS::Logs::LogGroup " + logicalId;
    effects.add(new Effect(resource, "is there", name, found.path("logGroupName").asText()));
    for (Resource group : assembly.ofType("AWS::Logs::LogGroup")) {
      if (group.stack().equals(stack) && group.logicalId().equals(logicalId)) {
        JsonNode properties = group.properties();
        add(
            group,
            "days kept",
            properties.path("RetentionInDays").asText(),
            found.path("retentionInDays").asText());
        add(
            group,
            "key of encryption",
            properties.path("KmsKeyId").asText(),
            found.path("kmsKeyId").asText());
      }
    }
  }

  private void schedule(String stack, String logicalId, String name) throws IOException {
    for (Resource schedule : assembly.ofType("AWS::Scheduler::Schedule")) {
      if (schedule.stack().equals(stack) && schedule.logicalId().equals(logicalId)) {
        JsonNode found = found(name.substring(name.lastIndexOf('|') + 1));
        JsonNode properties = schedule.properties();
        add(
            schedule,
            "expression",
            properties.path("ScheduleExpression").asText(),
            found.path("ScheduleExpression").asText());
        add(schedule, "state", "ENABLED", found.path("State").asText());
      }
    }
  }

  private JsonNode found(String schedule) throws IOException {
    JsonNode all = MAPPER.readTree(cloud.send("scheduler", "GET", "/schedules", Map.of(), NOTHING));
    for (JsonNode one : all.path("Schedules")) {
      if (one.path("Name").asText().equals(schedule)) {
        String path =
            "/schedules/%s?groupName=%s".formatted(schedule, one.path("GroupName").asText());
        return MAPPER.readTree(cloud.send("scheduler", "GET", path, Map.of(), NOTHING));
      }
    }
    return MAPPER.createObjectNode();
  }

  private static ObjectNode body(String name, String value) {
    return MAPPER.createObjectNode().put(name, value);
  }

  private void add(Resource resource, String what, String asked, String found) {
    effects.add(new Effect(resource.type() + " " + resource.logicalId(), what, asked, found));
  }
}

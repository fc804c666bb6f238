package meterveil.embedded.aws;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.DoubleAdder;
import meterveil.embedded.aws.CloudAssembly.Resource;
import meterveil.embedded.aws.Roles.Caller;

/// DynamoDB as a role sees it: asks the policies, counts what writing costs, and hands the request
/// on to DynamoDB Local.
final class DynamoDbDoor implements Door.Service {

  private static final JsonMapper MAPPER = new JsonMapper();
  private static final String TARGET = "DynamoDB_20120810.";
  private static final Set<String> WRITES =
      Set.of("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems");

  /// Writes to one item, whose condition can fail.
  private static final Set<String> CONDITIONAL = Set.of("PutItem", "UpdateItem", "DeleteItem");

  private static final String ITEM_ON_FAILURE = "ReturnValuesOnConditionCheckFailure";

  private record Use(String role, String operation, String table) {}

  private final CloudAssembly assembly;
  private final Roles roles;
  private final LoopbackClient local;

  /// ARNs of the keys of tables, by the table's name.
  private final Map<String, String> keys = new HashMap<>();

  private final Set<String> keyUses = ConcurrentHashMap.newKeySet();
  private final Map<Use, DoubleAdder> writeUnits = new ConcurrentHashMap<>();

  DynamoDbDoor(CloudAssembly assembly, Roles roles, LoopbackClient local) {
    this.assembly = assembly;
    this.roles = roles;
    this.local = local;
    for (Resource table : assembly.ofType("AWS::DynamoDB::Table")) {
      JsonNode encryption = table.properties().path("SSESpecification");
      if (encryption.has("KMSMasterKeyId")) {
        keys.put(table.name(), encryption.path("KMSMasterKeyId").asText());
      }
    }
  }

  @Override
  public String operation(Message request) throws AwsError {
    String target = request.header("X-Amz-Target");
    if (!target.startsWith(TARGET)) {
      throw AwsError.refused("UnknownOperationException", "");
    }
    return target.substring(TARGET.length());
  }

  @Override
  public String throttled() {
    return "ProvisionedThroughputExceededException";
  }

  @Override
  public Message answer(Caller caller, String operation, Message request)
      throws AwsError, IOException {
    JsonNode parsed = MAPPER.readTree(request.body());
    if (!(parsed instanceof ObjectNode body)) {
      throw AwsError.refused("SerializationException", "");
    }
    require(caller, operation, body);
    if (!WRITES.contains(operation)) {
      return local.send(request);
    }
    boolean asksForUnits = body.has("ReturnConsumedCapacity");
    boolean asksForItem = body.has(ITEM_ON_FAILURE);
    if (!asksForUnits) {
      body.put("ReturnConsumedCapacity", "TOTAL");
    }
    if (CONDITIONAL.contains(operation) && !asksForItem) {
      body.put(ITEM_ON_FAILURE, "ALL_OLD");
    }
    Message answer = local.send(request.with(MAPPER.writeValueAsBytes(body)));
    if (!(MAPPER.readTree(answer.body()) instanceof ObjectNode result)) {
      return answer;
    }
    for (JsonNode used : listed(result.path("ConsumedCapacity"))) {
      count(
          caller,
          operation,
          used.path("TableName").asText(),
          used.path("CapacityUnits").asDouble());
    }
    if (result.path("__type").asText().endsWith("ConditionalCheckFailedException")) {
      // Charged as well, by the size of the item that is there; DynamoDB reports no figure for it.
      count(
          caller,
          operation,
          body.path("TableName").asText(),
          ItemSize.writeUnits(result.path("Item")));
    }
    boolean units = !asksForUnits && result.remove("ConsumedCapacity") != null;
    boolean item = !asksForItem && result.remove("Item") != null;
    return units || item ? answer.with(MAPPER.writeValueAsBytes(result)) : answer;
  }

  private void require(Caller caller, String operation, ObjectNode body) throws AwsError {
    if (caller.administrator()) {
      return;
    }
    switch (operation) {
      case "BatchGetItem", "BatchWriteItem" -> {
        for (Map.Entry<String, JsonNode> table : body.path("RequestItems").properties()) {
          require(caller, operation, table.getKey(), "", Map.of());
        }
      }
      case "TransactWriteItems", "TransactGetItems" -> {
        for (JsonNode item : body.path("TransactItems")) {
          for (Map.Entry<String, JsonNode> part : item.properties()) {
            String action =
                switch (part.getKey()) {
                  case "Get", "Put", "Update", "Delete" -> part.getKey() + "Item";
                  case "ConditionCheck" -> "ConditionCheckItem";
                  default -> throw AwsError.invalid("unknown part of a transaction");
                };
            require(caller, action, part.getValue().path("TableName").asText(), "", Map.of());
          }
        }
      }
      default -> {
        var context = new HashMap<String, List<String>>();
        if (body.has("ReturnValues")) {
          context.put("dynamodb:ReturnValues", List.of(body.path("ReturnValues").asText()));
        }
        require(
            caller,
            operation,
            body.path("TableName").asText(),
            body.path("IndexName").asText(),
            context);
      }
    }
  }

  private void require(
      Caller caller,
      String operation,
      String tableOrArn,
      String index,
      Map<String, List<String>> context)
      throws AwsError {
    String table = tableOrArn.substring(tableOrArn.lastIndexOf('/') + 1);
    String arn =
        "arn:aws:dynamodb:%s:%s:table/%s"
            .formatted(assembly.region(), CloudAssembly.ACCOUNT, table);
    roles.require(
        caller,
        "dynamodb:" + operation,
        tableOrArn.isEmpty() ? "*" : index.isEmpty() ? arn : arn + "/index/" + index,
        context);
    String key = keys.get(table);
    if (key != null && !keyUses.contains(caller.role() + " " + table)) {
      // DynamoDB unwraps the table's key in the caller's name.
      roles.requireKey(
          caller,
          "kms:Decrypt",
          key,
          Map.of(
              "kms:ViaService", List.of("dynamodb." + assembly.region() + ".amazonaws.com"),
              "kms:CallerAccount", List.of(CloudAssembly.ACCOUNT),
              "kms:EncryptionContextKeys",
                  List.of("aws:dynamodb:tableName", "aws:dynamodb:subscriberId"),
              "kms:EncryptionContext:aws:dynamodb:tableName", List.of(table),
              "kms:EncryptionContext:aws:dynamodb:subscriberId", List.of(CloudAssembly.ACCOUNT)));
      keyUses.add(caller.role() + " " + table);
    }
  }

  /// One or several, as the operation has it.
  private static List<JsonNode> listed(JsonNode capacity) {
    var all = new ArrayList<JsonNode>();
    if (capacity.isArray()) {
      capacity.forEach(all::add);
    } else if (capacity.isObject()) {
      all.add(capacity);
    }
    return all;
  }

  private void count(Caller caller, String operation, String table, double units) {
    writeUnits
        .computeIfAbsent(new Use(caller.role(), operation, table), _ -> new DoubleAdder())
        .add(units);
  }

  /// The write units that a role's calls have used.
  ///
  /// @param role the beginning of its logical id
  double writeUnits(String role) {
    return writeUnits.entrySet().stream()
        .filter(use -> use.getKey().role.startsWith(role))
        .mapToDouble(use -> use.getValue().sum())
        .sum();
  }
}

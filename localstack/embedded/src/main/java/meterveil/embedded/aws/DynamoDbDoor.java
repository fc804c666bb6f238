package meterveil.embedded.aws;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import meterveil.embedded.aws.CloudAssembly.Resource;
import meterveil.embedded.aws.Roles.Caller;
import org.jspecify.annotations.Nullable;

/// DynamoDB as a role sees it: asks the policies, counts what it costs, and hands the request on to
/// DynamoDB Local or where the tables are deployed.
final class DynamoDbDoor implements Door.Service {

  private static final JsonMapper MAPPER = new JsonMapper();
  private static final int OK = 200;
  private static final String TARGET = "DynamoDB_20120810.";
  private static final Set<String> WRITES =
      Set.of("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems");

  private static final Set<String> READS = Set.of("GetItem", "BatchGetItem", "Query", "Scan");

  /// Writes to one item, whose condition can fail.
  private static final Set<String> CONDITIONAL = Set.of("PutItem", "UpdateItem", "DeleteItem");

  /// What of a request matters here. The rest, which is most of it, is passed over unread.
  ///
  /// @param tableName of one table; empty for several
  /// @param indexName empty for none
  /// @param key of one item that is changed or read; empty for other operations
  /// @param item that is put; empty for other operations
  /// @param requestItems of a batch; empty for other operations
  /// @param transactItems of a transaction; empty for other operations
  @JsonNaming(PropertyNamingStrategies.UpperCamelCaseStrategy.class)
  @JsonIgnoreProperties(ignoreUnknown = true)
  private record Asked(
      String tableName,
      String indexName,
      @Nullable String returnValues,
      @Nullable String returnConsumedCapacity,
      @Nullable String returnValuesOnConditionCheckFailure,
      JsonNode key,
      JsonNode item,
      JsonNode requestItems,
      JsonNode transactItems) {

    @JsonCreator
    Asked {
      tableName = Objects.requireNonNullElse(tableName, "");
      indexName = Objects.requireNonNullElse(indexName, "");
      key = Objects.requireNonNullElse(key, MissingNode.getInstance());
      item = Objects.requireNonNullElse(item, MissingNode.getInstance());
      requestItems = Objects.requireNonNullElse(requestItems, MissingNode.getInstance());
      transactItems = Objects.requireNonNullElse(transactItems, MissingNode.getInstance());
    }

    private static final ObjectReader READER = MAPPER.readerFor(Asked.class);

    static Asked read(byte[] body) throws AwsError, IOException {
      try {
        return READER.readValue(body);
      } catch (JsonProcessingException e) {
        throw AwsError.refused("SerializationException", e.getOriginalMessage());
      }
    }
  }

  /// Who is told of each item that may have been written, once it has been.
  interface Written {
    /// @param table its name or ARN
    /// @param item its key, with or without what else is in it
    void written(String table, JsonNode item);
  }

  private record Judged(
      String role,
      String operation,
      String table,
      String index,
      Map<String, List<String>> context) {

    Judged {
      context = Map.copyOf(context);
    }
  }

  private final CloudAssembly assembly;
  private final Roles roles;
  private final Charges charges;
  private final Upstream upstream;
  private final Written written;

  /// ARNs of the keys of tables, by the table's name.
  private final Map<String, String> keys = new HashMap<>();

  /// What was allowed once; policies do not change while the platform runs.
  private final Set<Judged> allowed = ConcurrentHashMap.newKeySet();

  DynamoDbDoor(
      CloudAssembly assembly, Roles roles, Charges charges, Upstream upstream, Written written) {
    this.assembly = assembly;
    this.charges = charges;
    this.roles = roles;
    this.upstream = upstream;
    this.written = written;
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
    Asked asked = Asked.read(request.body());
    require(caller, operation, asked);
    if (!WRITES.contains(operation) && !READS.contains(operation)) {
      return upstream.send(request);
    }
    boolean unitsToo = asked.returnConsumedCapacity() == null;
    boolean itemToo =
        CONDITIONAL.contains(operation) && asked.returnValuesOnConditionCheckFailure() == null;
    byte[] body = request.body();
    if (unitsToo) {
      body = withMember(body, "ReturnConsumedCapacity", "TOTAL");
    }
    if (itemToo) {
      body = withMember(body, "ReturnValuesOnConditionCheckFailure", "ALL_OLD");
    }
    boolean refused = false;
    Message answer;
    try {
      answer = upstream.send(request.with(body));
      refused = answer.status() != OK;
    } finally {
      if (!refused && WRITES.contains(operation)) {
        tellWritten(asked); // without an answer too, as it may have been carried out
      }
    }
    if (!(MAPPER.readTree(answer.body()) instanceof ObjectNode result)) {
      return answer;
    }
    double used = 0;
    for (JsonNode capacity : listed(result.path("ConsumedCapacity"))) {
      used += capacity.path("CapacityUnits").asDouble();
    }
    if (result.path("__type").asText().endsWith("ConditionalCheckFailedException")) {
      // Charged as well, by the size of the item that is there; DynamoDB reports no figure for it.
      used += ItemSize.writeUnits(result.path("Item"));
    }
    boolean reads = READS.contains(operation);
    charges.took(caller, "dynamodb:" + operation, reads ? used : 0, reads ? 0 : used);
    boolean units = unitsToo && result.remove("ConsumedCapacity") != null;
    boolean item = itemToo && result.remove("Item") != null;
    return units || item ? answer.with(MAPPER.writeValueAsBytes(result)) : answer;
  }

  private void tellWritten(Asked asked) {
    for (JsonNode item : List.of(asked.key(), asked.item())) {
      if (item.isObject()) {
        written.written(asked.tableName(), item);
      }
    }
    for (Map.Entry<String, JsonNode> table : asked.requestItems().properties()) {
      for (JsonNode write : table.getValue()) {
        for (String at : List.of("/PutRequest/Item", "/DeleteRequest/Key")) {
          if (write.at(at).isObject()) {
            written.written(table.getKey(), write.at(at));
          }
        }
      }
    }
    for (JsonNode write : asked.transactItems()) {
      for (JsonNode part : write) {
        written.written(
            part.path("TableName").asText(),
            part.has("Item") ? part.path("Item") : part.path("Key"));
      }
    }
  }

  /// A request's JSON object with a member more.
  private static byte[] withMember(byte[] object, String name, String value) {
    int brace = 0;
    while (object[brace] != '{') {
      brace++;
    }
    byte[] member = "\"%s\":\"%s\",".formatted(name, value).getBytes(StandardCharsets.US_ASCII);
    return ByteBuffer.allocate(object.length + member.length)
        .put(object, 0, brace + 1)
        .put(member)
        .put(object, brace + 1, object.length - brace - 1)
        .array();
  }

  private void require(Caller caller, String operation, Asked asked) throws AwsError {
    if (caller.administrator()) {
      return;
    }
    switch (operation) {
      case "BatchGetItem", "BatchWriteItem" -> {
        for (Map.Entry<String, JsonNode> table : asked.requestItems().properties()) {
          require(caller, operation, table.getKey(), "", Map.of());
        }
      }
      case "TransactWriteItems", "TransactGetItems" -> {
        for (JsonNode item : asked.transactItems()) {
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
        if (asked.returnValues() != null) {
          context.put("dynamodb:ReturnValues", List.of(asked.returnValues()));
        }
        require(caller, operation, asked.tableName(), asked.indexName(), context);
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
    var request = new Judged(caller.role(), operation, tableOrArn, index, context);
    if (allowed.contains(request)) {
      return;
    }
    String table = tableOrArn.substring(tableOrArn.lastIndexOf('/') + 1);
    String arn =
        "arn:aws:dynamodb:%s:%s:table/%s".formatted(assembly.region(), assembly.account(), table);
    roles.require(
        caller,
        "dynamodb:" + operation,
        tableOrArn.isEmpty() ? "*" : index.isEmpty() ? arn : arn + "/index/" + index,
        context);
    String key = keys.get(table);
    if (key != null) {
      // DynamoDB unwraps the table's key in the caller's name.
      roles.requireKey(
          caller,
          "kms:Decrypt",
          key,
          Map.of(
              "kms:ViaService", List.of("dynamodb." + assembly.region() + ".amazonaws.com"),
              "kms:CallerAccount", List.of(assembly.account()),
              "kms:EncryptionContextKeys",
                  List.of("aws:dynamodb:tableName", "aws:dynamodb:subscriberId"),
              "kms:EncryptionContext:aws:dynamodb:tableName", List.of(table),
              "kms:EncryptionContext:aws:dynamodb:subscriberId", List.of(assembly.account())));
    }
    allowed.add(request);
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
}

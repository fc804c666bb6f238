package meterveil.meter;

import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;

/// How imports into the [MeterTable] ended: an item in the same table for each that did, under a
/// key that is no meter's name. How one ended once stays so, whoever wrote it.
///
/// Safe for use by many threads. Every method throws SdkException when DynamoDB did not answer.
final class ImportTable {

  /// How an import ends.
  enum End {
    /// What it put into the table is on the list.
    DONE,
    /// It is not, and never will be.
    GIVEN_UP
  }

  private static final String KEY = "thing";
  private static final String PREFIX = "import#";
  private static final String END = "end";

  private final DynamoDbClient dynamoDb;
  private final String table;

  /// They stay done.
  private final Set<String> done = ConcurrentHashMap.newKeySet();

  ImportTable(DynamoDbClient dynamoDb, String table) {
    this.dynamoDb = dynamoDb;
    this.table = table;
  }

  /// Whether what an import put into the table is on the list.
  boolean isDone(String id) {
    if (done.contains(id)) {
      return true;
    }
    boolean isDone = end(id).filter(End.DONE::equals).isPresent();
    if (isDone) {
      done.add(id);
    }
    return isDone;
  }

  /// Ends an import, unless it has ended. Calling again changes nothing.
  ///
  /// @return how it has ended
  End end(String id, End wanted) {
    try {
      dynamoDb.putItem(put ->
          put.tableName(table)
              .item(Map.of(KEY, key(id), END, AttributeValue.fromS(wanted.name())))
              .conditionExpression("attribute_not_exists(thing)"));
      return wanted;
    } catch (ConditionalCheckFailedException _) {
      return end(id).orElseThrow();
    }
  }

  private Optional<End> end(String id) {
    return Optional.ofNullable(
            dynamoDb
                .getItem(get -> get.tableName(table).key(Map.of(KEY, key(id))).consistentRead(true))
                .item()
                .get(END))
        .map(end -> End.valueOf(end.s()));
  }

  private static AttributeValue key(String id) {
    return AttributeValue.fromS(PREFIX + id);
  }
}

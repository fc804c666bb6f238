package meterveil;

import com.amazonaws.services.dynamodbv2.local.embedded.DynamoDBEmbedded;
import software.amazon.awssdk.enhanced.dynamodb.DynamoDbEnhancedClient;
import software.amazon.awssdk.enhanced.dynamodb.TableSchema;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeDefinition;
import software.amazon.awssdk.services.dynamodb.model.BillingMode;
import software.amazon.awssdk.services.dynamodb.model.KeySchemaElement;
import software.amazon.awssdk.services.dynamodb.model.KeyType;
import software.amazon.awssdk.services.dynamodb.model.ScalarAttributeType;

/// DynamoDB Local in this JVM, with tables as a test needs them.
public final class LocalDynamoDb {

  /// One for all tests of a JVM; starting it takes seconds.
  public static final DynamoDbClient CLIENT = DynamoDBEmbedded.create(true).dynamoDbClient();

  private LocalDynamoDb() {}

  /// Makes a table of a store that has a schema.
  ///
  /// @param name no other test's
  public static String table(String name, TableSchema<?> schema) {
    DynamoDbEnhancedClient.builder()
        .dynamoDbClient(CLIENT)
        .build()
        .table(name, schema)
        .createTable();
    return name;
  }

  /// Makes the table of open blocks.
  ///
  /// @param name no other test's
  public static String openBlocks(String name) {
    CLIENT.createTable(create ->
        create
            .tableName(name)
            .billingMode(BillingMode.PAY_PER_REQUEST)
            .keySchema(key("c", KeyType.HASH), key("b", KeyType.RANGE))
            .attributeDefinitions(string("c"), string("b")));
    return name;
  }

  private static KeySchemaElement key(String name, KeyType type) {
    return KeySchemaElement.builder().attributeName(name).keyType(type).build();
  }

  private static AttributeDefinition string(String name) {
    return AttributeDefinition.builder()
        .attributeName(name)
        .attributeType(ScalarAttributeType.S)
        .build();
  }
}

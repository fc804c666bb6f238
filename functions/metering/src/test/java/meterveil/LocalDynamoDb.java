package meterveil;

import meterveil.emulator.Place;
import software.amazon.awssdk.enhanced.dynamodb.TableSchema;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/// DynamoDB in the place of this run, with tables as a test needs them.
public final class LocalDynamoDb {

  /// One for all tests of a JVM; starting it takes seconds.
  public static final DynamoDbClient CLIENT = Place.ofThisRun().dynamoDb();

  private LocalDynamoDb() {}

  /// Makes a table of a store that has a schema.
  ///
  /// @param name no other test's
  /// @return its name in this place
  public static String table(String name, TableSchema<?> schema) {
    return Place.ofThisRun().table(name, schema);
  }

  /// Makes the table of open blocks.
  ///
  /// @param name no other test's
  /// @return its name in this place
  public static String openBlocks(String name) {
    return Place.ofThisRun().table(name, "c", "b");
  }
}

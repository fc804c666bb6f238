package meterveil.embedded.aws;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

class ExpiryTest {

  private static final String TABLE =
      """
      "Cells": {"Type": "AWS::DynamoDB::Table", "Properties": {
        "BillingMode": "PAY_PER_REQUEST",
        "TimeToLiveSpecification": {"AttributeName": "expiresAt", "Enabled": true},
        "AttributeDefinitions": [{"AttributeName": "scope", "AttributeType": "S"},
          {"AttributeName": "cell", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "scope", "KeyType": "HASH"},
          {"AttributeName": "cell", "KeyType": "RANGE"}]}}\
      """;

  @TempDir Path folder;

  @Test
  @DisplayName("U22 what has expired is deleted, some days later, and nothing else is")
  void deletesWhatHasExpiredSomeDaysLater() throws Exception {
    try (StandIns standIns = StandIns.start(folder, TABLE);
        DynamoDbClient database = standIns.database()) {
      String table = standIns.aws.table("Cells");
      long start = StandIns.START.getEpochSecond();
      UnaryOperator<String> hours = h -> Long.toString(start + 3600 * Long.parseLong(h));
      Map<String, AttributeValue> items =
          Map.of(
              "soon", AttributeValue.fromN(hours.apply("1")),
              "late", AttributeValue.fromN(hours.apply("1000")),
              "text", AttributeValue.fromS(hours.apply("1")));
      items.forEach(
          (cell, expiresAt) -> put(database, table, cell, Map.of("expiresAt", expiresAt)));
      put(database, table, "never", Map.of());

      move(standIns, Duration.ofHours(2));
      assertThat(cells(database, table)).contains("soon");
      move(standIns, Duration.ofDays(2));
      assertThat(cells(database, table)).containsExactlyInAnyOrder("late", "text", "never");

      standIns.clock.moveTo(standIns.clock.instant().plus(Duration.ofDays(60)));
      assertThat(standIns.aws.deleteExpired()).isEqualTo(1);
      assertThat(cells(database, table)).containsExactlyInAnyOrder("text", "never");
    }
  }

  private static void move(StandIns standIns, Duration ahead) throws Exception {
    standIns.clock.moveTo(standIns.clock.instant().plus(ahead));
    standIns.aws.moved();
  }

  private static void put(
      DynamoDbClient database, String table, String cell, Map<String, AttributeValue> more) {
    var item = new HashMap<>(more);
    item.put("scope", AttributeValue.fromS("all"));
    item.put("cell", AttributeValue.fromS(cell));
    database.putItem(request -> request.tableName(table).item(item));
  }

  private static List<String> cells(DynamoDbClient database, String table) {
    return database.scan(request -> request.tableName(table)).items().stream()
        .map(item -> item.getOrDefault("cell", AttributeValue.fromS("")).s())
        .toList();
  }
}

package meterveil.embedded.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.Put;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;
import software.amazon.awssdk.services.dynamodb.model.Update;
import software.amazon.awssdk.services.dynamodb.model.WriteRequest;

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
      put(database, table, "soon", expiringAfter(1));
      put(database, table, "late", expiringAfter(1000));
      put(
          database,
          table,
          "text",
          Map.of("expiresAt", AttributeValue.fromS(Long.toString(secondAfter(1)))));
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

  @Test
  @DisplayName("U22 an item expires as it was last written, however that was")
  void expiresAsLastWritten() throws Exception {
    try (StandIns standIns = StandIns.start(folder, TABLE);
        DynamoDbClient database = standIns.database()) {
      String table = standIns.aws.table("Cells");
      AttributeValue expiry = AttributeValue.fromN(Long.toString(secondAfter(60)));
      Map<String, AttributeValue> soon = Map.of("expiresAt", expiry);
      Map<String, AttributeValue> late = expiringAfter(1000);
      for (String cell : List.of("sooner", "later", "for ever", "deleted")) {
        put(database, table, cell, cell.equals("sooner") ? late : soon);
      }
      set(database, table, "by an update", "SET expiresAt = :e", Map.of(":e", expiry));
      move(standIns, Duration.ofDays(2));
      assertThat(cells(database, table)).hasSize(5);

      put(database, table, "sooner", soon);
      put(database, table, "later", late);
      set(database, table, "for ever", "REMOVE expiresAt", Map.of());
      database.deleteItem(delete -> delete.tableName(table).key(item("deleted", Map.of())));
      database.batchWriteItem(batch ->
          batch.requestItems(
              Map.of(
                  table,
                  List.of(
                      WriteRequest.builder()
                          .putRequest(put -> put.item(item("in a batch", soon)))
                          .build()))));
      var atOnce = Put.builder().tableName(table).item(item("at once", soon)).build();
      var withIt =
          Update.builder()
              .tableName(table)
              .key(item("with it", Map.of()))
              .updateExpression("SET expiresAt = :e")
              .expressionAttributeValues(Map.of(":e", expiry))
              .build();
      database.transactWriteItems(writes ->
          writes.transactItems(
              TransactWriteItem.builder().put(atOnce).build(),
              TransactWriteItem.builder().update(withIt).build()));
      standIns.clock.moveTo(standIns.clock.instant().plus(Duration.ofDays(1)));
      assertThat(standIns.aws.deleteExpired()).isEqualTo(5);
      assertThat(cells(database, table)).containsExactlyInAnyOrder("later", "for ever");
    }
  }

  @Test
  void looksAgainAtWhatItCouldNotLookAt() throws Exception {
    try (StandIns standIns = StandIns.start(folder, TABLE);
        DynamoDbClient database = standIns.database();
        var upstream = new Breaking(standIns.aws.database().dynamoDb().getPort())) {
      String table = standIns.aws.table("Cells");
      put(database, table, "soon", expiringAfter(1));
      var expiry =
          new Expiry(
              CloudAssembly.read(folder.resolve("cdk.out")),
              new Database(upstream),
              standIns.clock);
      expiry.written(
          table,
          new JsonMapper().readTree("{\"scope\":{\"S\":\"all\"},\"cell\":{\"S\":\"soon\"}}"));
      standIns.clock.moveTo(standIns.clock.instant().plus(Duration.ofHours(2)));

      for (String operation : List.of("BatchGetItem", "DeleteItem")) {
        upstream.broken = operation;
        assertThatThrownBy(expiry::sweepNow).hasMessage("broken: " + operation);
      }
      upstream.broken = "";
      assertThat(expiry.sweepNow()).isEqualTo(1);
      assertThat(cells(database, table)).isEmpty();
    }
  }

  /// The way to the database, with an operation that gets no answer.
  private static final class Breaking implements Upstream {
    private final LoopbackClient database;
    private String broken = "";

    Breaking(int port) {
      database = new LoopbackClient(port);
    }

    @Override
    public Message send(Message request) throws IOException {
      if (request.header("X-Amz-Target").endsWith("." + broken)) {
        throw new IOException("broken: " + broken);
      }
      return database.send(request);
    }

    @Override
    public void close() throws IOException {
      database.close();
    }
  }

  private static Map<String, AttributeValue> expiringAfter(int hours) {
    return Map.of("expiresAt", AttributeValue.fromN(Long.toString(secondAfter(hours))));
  }

  private static long secondAfter(int hours) {
    return StandIns.START.plus(Duration.ofHours(hours)).getEpochSecond();
  }

  private static void move(StandIns standIns, Duration ahead) throws Exception {
    standIns.clock.moveTo(standIns.clock.instant().plus(ahead));
    standIns.aws.moved();
  }

  private static void put(
      DynamoDbClient database, String table, String cell, Map<String, AttributeValue> more) {
    database.putItem(put -> put.tableName(table).item(item(cell, more)));
  }

  private static void set(
      DynamoDbClient database,
      String table,
      String cell,
      String expression,
      Map<String, AttributeValue> values) {
    database.updateItem(update ->
        update
            .tableName(table)
            .key(item(cell, Map.of()))
            .updateExpression(expression)
            .expressionAttributeValues(values.isEmpty() ? null : values));
  }

  private static Map<String, AttributeValue> item(String cell, Map<String, AttributeValue> more) {
    var item = new HashMap<>(more);
    item.put("scope", AttributeValue.fromS("all"));
    item.put("cell", AttributeValue.fromS(cell));
    return item;
  }

  private static List<String> cells(DynamoDbClient database, String table) {
    return database.scan(request -> request.tableName(table)).items().stream()
        .map(item -> item.getOrDefault("cell", AttributeValue.fromS("")).s())
        .toList();
  }
}

package meterveil.embedded.aws;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import meterveil.embedded.aws.CloudAssembly.Resource;

/// Deletes what has expired by the moved clock, some time after it did: DynamoDB promises "within a
/// few days", so whoever reads has to leave out what has expired.
///
/// DynamoDB Local's own deletion goes by the machine's clock and stays off.
final class Expiry {

  /// DynamoDB may take longer; less would hide readers that count on it.
  private static final Duration PAUSE = Duration.ofDays(2);

  /// Items that are looked at in one go: whoever writes meanwhile has to wait for no more.
  private static final int PAGE = 250;

  /// Deletions in one go; the rest waits for the next.
  private static final int DELETIONS_MAX = 5_000;

  private static final JsonMapper MAPPER = new JsonMapper();

  private final CloudAssembly assembly;
  private final Database database;
  private final Clock clock;
  private Instant last;

  Expiry(CloudAssembly assembly, Database database, Clock clock) {
    this.assembly = assembly;
    this.database = database;
    this.clock = clock;
    this.last = clock.instant();
  }

  /// Sweeps if the last time was long enough ago.
  synchronized void moved() throws IOException {
    if (!clock.instant().isBefore(last.plus(PAUSE))) {
      sweepNow();
    }
  }

  /// Deletes what has expired.
  ///
  /// @return how many items
  synchronized int sweepNow() throws IOException {
    last = clock.instant();
    int deleted = 0;
    for (Resource table : assembly.ofType("AWS::DynamoDB::Table")) {
      JsonNode expiry = table.properties().path("TimeToLiveSpecification");
      if (expiry.path("Enabled").asBoolean()) {
        deleted += sweep(table, expiry.path("AttributeName").asText(), DELETIONS_MAX - deleted);
      }
    }
    return deleted;
  }

  private int sweep(Resource table, String attribute, int max) throws IOException {
    ObjectNode scan = request(table, attribute);
    scan.put("Limit", PAGE);
    scan.put("FilterExpression", "#e < :now AND attribute_type(#e, :number)");
    scan.withObject("/ExpressionAttributeValues/:number").put("S", "N");
    var projection = new StringBuilder();
    for (JsonNode key : table.properties().path("KeySchema")) {
      String name = "#k" + projection.length();
      projection.append(projection.isEmpty() ? "" : ", ").append(name);
      scan.withObject("ExpressionAttributeNames").put(name, key.path("AttributeName").asText());
    }
    scan.put("ProjectionExpression", projection.toString());
    int deleted = 0;
    JsonNode page;
    do {
      page = database.call("Scan", scan);
      for (JsonNode key : page.path("Items")) {
        if (deleted == max) {
          return deleted;
        }
        ObjectNode delete = request(table, attribute);
        delete.set("Key", key);
        delete.put("ConditionExpression", "attribute_not_exists(#e) OR #e < :now");
        database.call("DeleteItem", delete);
        deleted++;
      }
      scan.set("ExclusiveStartKey", page.path("LastEvaluatedKey"));
    } while (page.has("LastEvaluatedKey"));
    return deleted;
  }

  private ObjectNode request(Resource table, String attribute) {
    ObjectNode request = MAPPER.createObjectNode().put("TableName", table.name());
    request.putObject("ExpressionAttributeNames").put("#e", attribute);
    request
        .putObject("ExpressionAttributeValues")
        .putObject(":now")
        .put("N", Long.toString(clock.instant().getEpochSecond()));
    return request;
  }
}

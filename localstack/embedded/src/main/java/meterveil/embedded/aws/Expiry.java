package meterveil.embedded.aws;

import static java.util.stream.Collectors.toMap;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.stream.Gatherers;
import meterveil.embedded.aws.CloudAssembly.Resource;

/// Deletes what has expired by the moved clock, some time after it did: DynamoDB promises "within a
/// few days", so whoever reads has to leave out what has expired.
///
/// It looks at what was written through the door since it last looked, and remembers when that
/// expires: to search whole tables every time, for the little of them that has expired, would take
/// a tenth of a long run. What is written past the door never expires.
///
/// DynamoDB Local's own deletion goes by the machine's clock and stays off.
final class Expiry {

  /// DynamoDB may take longer; less would hide readers that count on it.
  private static final Duration PAUSE = Duration.ofDays(2);

  /// Items that are looked at in one request; DynamoDB's own limit.
  private static final int READ_AT_ONCE = 100;

  /// Deletions in one go; the rest waits for the next.
  private static final int DELETIONS_MAX = 5_000;

  private static final JsonMapper MAPPER = new JsonMapper();

  /// An item's place.
  ///
  /// @param table its name
  /// @param key the attributes of its key, in the order of the template
  private record Place(String table, ObjectNode key) {}

  private final Map<String, Resource> tables;
  private final Database database;
  private final Clock clock;
  private final Set<Place> written = ConcurrentHashMap.newKeySet();

  /// When items expire, in seconds since 1970, by what was last seen of each.
  private final Map<Place, Long> expiring = new HashMap<>();

  private Instant last;

  Expiry(CloudAssembly assembly, Database database, Clock clock) {
    this.tables =
        assembly.ofType("AWS::DynamoDB::Table").stream()
            .filter(table -> timeToLive(table).path("Enabled").asBoolean())
            .collect(toMap(Resource::name, Function.identity()));
    this.database = database;
    this.clock = clock;
    this.last = clock.instant();
  }

  private static JsonNode timeToLive(Resource table) {
    return table.properties().path("TimeToLiveSpecification");
  }

  /// To be told of each item that may have been written, once it has been.
  ///
  /// @param table its name or ARN
  /// @param item its key, with or without what else is in it
  void written(String table, JsonNode item) {
    String name = table.substring(table.lastIndexOf('/') + 1);
    if (tables.containsKey(name)) {
      Place place = place(name, item);
      if (place.key().valueStream().allMatch(JsonNode::isObject)) { // or it was no right request
        written.add(place);
      }
    }
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
    for (List<Place> some :
        List.copyOf(written).stream().gather(Gatherers.windowFixed(READ_AT_ONCE)).toList()) {
      written.removeAll(some); // and then read, so that what is written meanwhile is read next time
      try {
        look(some);
      } catch (IOException failed) {
        written.addAll(some);
        throw failed;
      }
    }
    List<Place> expired =
        expiring.entrySet().stream()
            .filter(item -> item.getValue() < last.getEpochSecond())
            .map(Map.Entry::getKey)
            .limit(DELETIONS_MAX)
            .toList();
    int deleted = 0;
    for (Place place : expired) {
      deleted += delete(place) ? 1 : 0;
      expiring.remove(place);
    }
    return deleted;
  }

  /// Remembers when items expire; nothing of those that are gone or do not.
  private void look(List<Place> places) throws IOException {
    ObjectNode get = MAPPER.createObjectNode();
    ObjectNode asked = get.putObject("RequestItems");
    for (Place place : places) {
      expiring.remove(place);
      asked
          .withObjectProperty(place.table())
          .put("ConsistentRead", true)
          .withArrayProperty("Keys")
          .add(place.key());
    }
    JsonNode got = database.call("BatchGetItem", get);
    for (Map.Entry<String, JsonNode> table : got.path("Responses").properties()) {
      for (JsonNode item : table.getValue()) {
        JsonNode expiresAt = item.path(attribute(table.getKey())).path("N");
        if (expiresAt.isTextual()) {
          expiring.put(place(table.getKey(), item), expiresAt.asLong());
        }
      }
    }
    for (Map.Entry<String, JsonNode> table : got.path("UnprocessedKeys").properties()) {
      table.getValue().path("Keys").forEach(key -> written(table.getKey(), key));
    }
  }

  /// @return false if it is gone, or was written meanwhile and does not expire so soon any more
  private boolean delete(Place place) throws IOException {
    ObjectNode delete = MAPPER.createObjectNode().put("TableName", place.table());
    delete.set("Key", place.key());
    delete.put("ConditionExpression", "#e < :now");
    delete.putObject("ExpressionAttributeNames").put("#e", attribute(place.table()));
    delete
        .putObject("ExpressionAttributeValues")
        .putObject(":now")
        .put("N", Long.toString(last.getEpochSecond()));
    try {
      database.call("DeleteItem", delete);
      return true;
    } catch (IOException refused) {
      if (String.valueOf(refused.getMessage()).contains("ConditionalCheckFailedException")) {
        return false;
      }
      throw refused;
    }
  }

  private String attribute(String table) {
    return timeToLive(resource(table)).path("AttributeName").asText();
  }

  private Place place(String table, JsonNode item) {
    ObjectNode key = MAPPER.createObjectNode();
    for (JsonNode part : resource(table).properties().path("KeySchema")) {
      String name = part.path("AttributeName").asText();
      key.set(name, item.path(name));
    }
    return new Place(table, key);
  }

  private Resource resource(String table) {
    Resource resource = tables.get(table);
    if (resource == null) {
      throw new IllegalArgumentException("no table whose items expire: " + table);
    }
    return resource;
  }
}

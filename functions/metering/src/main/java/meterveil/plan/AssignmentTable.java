package meterveil.plan;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Gatherers;
import java.util.stream.Stream;
import meterveil.block.BlockLength;
import meterveil.block.Epoch;
import meterveil.cohort.CohortId;
import meterveil.cohort.DistrictId;
import meterveil.cohort.TariffClass;
import meterveil.connection.Pauses;
import meterveil.energy.Commodity;
import meterveil.meter.ThingName;
import meterveil.tenant.TenantId;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.WriteRequest;

/// The `Assignments` table: plans of epochs while they are put into force, one item for each meter,
/// and what of it is done.
///
/// A plan of a million meters cannot be written at once, so a planner writes the items of an
/// *attempt*, in shards, and then one item that makes this attempt the plan of its tenant and
/// epoch, unless another has become it. Items of other attempts, and of crashed ones, are never
/// looked at and expire.
///
/// Safe for use by many threads. Every method throws SdkException when DynamoDB did not answer.
public final class AssignmentTable {

  /// The partition key: tenant and epoch, and for a shard its attempt and number too.
  public static final String PARTITION_KEY = "plan";

  /// The sort key: a thing's name, or [#HEAD].
  public static final String SORT_KEY = "thing";

  /// When DynamoDB may delete it.
  public static final String TIME_TO_LIVE = "expiresAt";

  /// How long after the start of its epoch a plan is known.
  public static final Duration KEPT_AFTER_START = Duration.ofDays(3);

  /// How many keys the items of a plan are spread over, as one takes 1,000 writes a second.
  public static final int SHARDS = 16;

  /// Where the sort key is no thing's name.
  private static final String HEAD = "*";

  private static final int BATCH_MAX = 25;
  private static final int BATCHES_AT_ONCE = 8;
  private static final int TRIES_MAX = 8;

  private final DynamoDbClient dynamoDb;
  private final String name;

  /// The attempt that became the plan of a tenant and epoch, and what of it is done.
  ///
  /// @param attempt which
  /// @param cohortsKept whether every cohort of it is in the table of cohorts
  /// @param shardsDone whose meters all have what the plan says
  public record Stored(
      TenantId tenant, Epoch epoch, String attempt, boolean cohortsKept, Set<Integer> shardsDone) {

    public Stored {
      shardsDone = Set.copyOf(shardsDone);
    }

    /// Whether nothing is left to do.
    public boolean isDone() {
      return shardsDone.size() == SHARDS;
    }
  }

  /// @param dynamoDb what it is reached through
  /// @param name the table's physical name
  public AssignmentTable(DynamoDbClient dynamoDb, String name) {
    this.dynamoDb = dynamoDb;
    this.name = name;
  }

  /// The plan of a tenant and epoch, if there is one.
  public Optional<Stored> find(TenantId tenant, Epoch epoch) {
    var item =
        dynamoDb
            .getItem(get -> get.tableName(name).consistentRead(true).key(head(tenant, epoch)))
            .item();
    if (item.isEmpty()) {
      return Optional.empty();
    }
    var done = new HashSet<Integer>();
    Optional.ofNullable(item.get("shardsDone"))
        .ifPresent(shards -> shards.ns().forEach(shard -> done.add(Integer.valueOf(shard))));
    return Optional.of(
        new Stored(
            tenant,
            epoch,
            requireNonNull(item.get("attempt")).s(),
            item.containsKey("kept"),
            done));
  }

  /// Writes an attempt, and makes it the plan if there is none yet.
  ///
  /// @param attempt a name that no other attempt has
  /// @param places every meter's
  /// @return the plan there is now, of this attempt or of another
  public Stored store(TenantId tenant, Epoch epoch, String attempt, List<Assignment> places) {
    var mine = new Stored(tenant, epoch, attempt, false, Set.of());
    places.stream()
        .map(place -> WriteRequest.builder().putRequest(put -> put.item(item(mine, place))).build())
        .gather(Gatherers.windowFixed(BATCH_MAX))
        .gather(Gatherers.mapConcurrent(BATCHES_AT_ONCE, this::write))
        .forEach(done -> {});
    var head = new HashMap<>(head(tenant, epoch));
    head.put("attempt", AttributeValue.fromS(attempt));
    head.put(TIME_TO_LIVE, expiresAt(epoch));
    try {
      dynamoDb.putItem(put ->
          put.tableName(name).item(head).conditionExpression("attribute_not_exists(attempt)"));
      return mine;
    } catch (ConditionalCheckFailedException _) {
      return find(tenant, epoch).orElseThrow();
    }
  }

  private boolean write(List<WriteRequest> batch) {
    var left = Map.of(name, batch);
    for (int tried = 1; !left.isEmpty(); tried++) {
      var writing = left;
      left = dynamoDb.batchWriteItem(write -> write.requestItems(writing)).unprocessedItems();
      if (!left.isEmpty()) {
        if (tried == TRIES_MAX) {
          throw SdkClientException.create("DynamoDB did not take all of a batch");
        }
        Pauses.after(tried);
      }
    }
    return true;
  }

  /// Every place of a plan.
  public Stream<Assignment> all(Stored plan) {
    return Stream.iterate(0, shard -> shard < SHARDS, shard -> shard + 1)
        .flatMap(shard -> of(plan, shard, false));
  }

  /// The places of a shard whose meters do not have yet what the plan says, in the order of their
  /// names.
  public Stream<Assignment> left(Stored plan, int shard) {
    return of(plan, shard, true);
  }

  private Stream<Assignment> of(Stored plan, int shard, boolean unwrittenOnly) {
    return dynamoDb
        .queryPaginator(query ->
            query
                .tableName(name)
                .consistentRead(true)
                .keyConditionExpression("#plan = :plan")
                .expressionAttributeNames(Map.of("#plan", PARTITION_KEY))
                .expressionAttributeValues(Map.of(":plan", AttributeValue.fromS(key(plan, shard)))))
        .items()
        .stream()
        .filter(item -> !unwrittenOnly || !item.containsKey("written"))
        .map(item -> place(plan.tenant(), item));
  }

  /// Writes down that a meter has what the plan says. Calling again changes nothing.
  public void written(Stored plan, Assignment place) {
    dynamoDb.updateItem(update ->
        update
            .tableName(name)
            .key(
                Map.of(
                    PARTITION_KEY, AttributeValue.fromS(key(plan, shard(place.thing()))),
                    SORT_KEY, AttributeValue.fromS(place.thing().value())))
            .updateExpression("SET written = :yes")
            .conditionExpression("attribute_exists(cohort)")
            .expressionAttributeValues(Map.of(":yes", AttributeValue.fromBool(true))));
  }

  /// Writes down that every cohort of a plan is kept. Calling again changes nothing, nor does
  /// calling after the plan has expired.
  public void cohortsKept(Stored plan) {
    update(plan, "SET kept = :done", AttributeValue.fromBool(true));
  }

  /// Writes down that nothing of a shard is left. Calling again changes nothing, nor does calling
  /// after the plan has expired.
  public void done(Stored plan, int shard) {
    update(plan, "ADD shardsDone :done", AttributeValue.fromNs(List.of(Integer.toString(shard))));
  }

  private void update(Stored plan, String expression, AttributeValue done) {
    try {
      dynamoDb.updateItem(update ->
          update
              .tableName(name)
              .key(head(plan.tenant(), plan.epoch()))
              .updateExpression(expression)
              .conditionExpression("attempt = :attempt")
              .expressionAttributeValues(
                  Map.of(":done", done, ":attempt", AttributeValue.fromS(plan.attempt()))));
    } catch (ConditionalCheckFailedException _) {
      // It has expired meanwhile. Written all the same, the item would have no attempt and stay.
    }
  }

  private static Map<String, AttributeValue> item(Stored plan, Assignment place) {
    return Map.of(
        PARTITION_KEY,
        AttributeValue.fromS(key(plan, shard(place.thing()))),
        SORT_KEY,
        AttributeValue.fromS(place.thing().value()),
        "cohort",
        AttributeValue.fromS(place.cohort().value()),
        "blockHours",
        AttributeValue.fromN(Integer.toString(place.membership().blockLength().hours())),
        "district",
        AttributeValue.fromS(place.meter().district().value()),
        "tariffClass",
        AttributeValue.fromS(place.meter().tariffClass().name()),
        "commodity",
        AttributeValue.fromS(place.meter().commodity().name()),
        TIME_TO_LIVE,
        expiresAt(plan.epoch()));
  }

  private static Assignment place(TenantId tenant, Map<String, AttributeValue> item) {
    return Assignment.of(
        tenant,
        new ThingName(text(item, SORT_KEY)),
        new CohortId(text(item, "cohort")),
        BlockLength.ofHours(Integer.parseInt(requireNonNull(item.get("blockHours")).n())),
        new DistrictId(text(item, "district")),
        TariffClass.valueOf(text(item, "tariffClass")),
        Commodity.valueOf(text(item, "commodity")));
  }

  private static String text(Map<String, AttributeValue> item, String attribute) {
    return requireNonNull(item.get(attribute), attribute).s();
  }

  private static AttributeValue expiresAt(Epoch epoch) {
    return AttributeValue.fromN(
        Long.toString(epoch.start().plus(KEPT_AFTER_START).getEpochSecond()));
  }

  private static Map<String, AttributeValue> head(TenantId tenant, Epoch epoch) {
    return Map.of(
        PARTITION_KEY, AttributeValue.fromS(tenant + "#" + epoch.number()),
        SORT_KEY, AttributeValue.fromS(HEAD));
  }

  private static String key(Stored plan, int shard) {
    return "%s#%d#%s-%d".formatted(plan.tenant(), plan.epoch().number(), plan.attempt(), shard);
  }

  /// The same for a name whoever computes it.
  private static int shard(ThingName thing) {
    return Math.floorMod(thing.value().hashCode(), SHARDS);
  }
}

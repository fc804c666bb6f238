package meterveil.cell;

import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import meterveil.block.Block;
import meterveil.block.Times;
import meterveil.cell.OpenBlock.State;
import meterveil.cohort.Cohort;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.ReturnValue;
import software.amazon.awssdk.services.dynamodb.model.UpdateItemRequest;

/// The `OpenBlocks` table: one item for each cohort and block.
///
/// Written with the low-level client, as adding to sums and sets of one item in one conditional
/// write is an expression the mapper has no words for. Capacity is paid by the size of the item, so
/// its names are short:
///
/// | attribute | holds |
/// |---|---|
/// | `c`, `b` | the key: tenant and cohort; start of the block |
/// | `s0`…`s23` | masked sum of an hour's energies and buckets |
/// | `x` | masked energy above the clip |
/// | `d` | masked sum of energies for everyone and buckets of whole blocks |
/// | `t` | tokens |
/// | `l`, `u` | late blocks: masked sum of energies and buckets, tokens |
/// | `z` | state; none while open |
/// | `a` | when the cohort was asked |
/// | `e` | when DynamoDB may delete it |
///
/// Safe for use by many threads. Every method throws SdkException when DynamoDB did not answer or
/// throttled; the write may or may not have been done, and may be repeated.
public final class OpenBlockTable {

  /// The partition key: a tenant's name and a cohort's.
  public static final String PARTITION_KEY = "c";

  /// The sort key: the hour a block starts at.
  public static final String SORT_KEY = "b";

  /// When DynamoDB may delete it.
  public static final String TIME_TO_LIVE = "e";

  /// How long an emptied item stays as a marker, so that nobody takes its absence for an open one.
  public static final Duration MARKER_KEPT = Duration.ofDays(7);

  private static final String OPEN = "attribute_not_exists(z)";
  private static final String NO_TOKEN = "NOT contains(t, :token) AND NOT contains(u, :token)";

  private final DynamoDbClient dynamoDb;
  private final String name;

  /// @param dynamoDb what it is reached through
  /// @param name the table's physical name
  public OpenBlockTable(DynamoDbClient dynamoDb, String name) {
    this.dynamoDb = dynamoDb;
    this.name = name;
  }

  /// Adds a block to an open item, making it if there is none.
  ///
  /// @return false if the item has the token already, or is not open any more
  boolean add(Cohort cohort, Block block, Contribution contribution) {
    var add = new StringBuilder("ADD ");
    var values = new HashMap<String, AttributeValue>();
    for (int i = 0; i < contribution.hours().size(); i++) {
      add.append('s').append(i).append(" :s").append(i).append(", ");
      values.put(":s" + i, number(contribution.hours().get(i)));
    }
    add.append("x :x, d :d, t :t");
    putWhole(values, contribution);
    return update(cohort, block, add.toString(), NO_TOKEN + " AND " + OPEN, values);
  }

  /// Adds a block to a frozen item's late part.
  ///
  /// @return false if the item has the token already, or is not frozen
  boolean addLate(Cohort cohort, Block block, Contribution contribution) {
    var values = new HashMap<String, AttributeValue>();
    values.put(":l", number(contribution.late()));
    values.put(":frozen", state(State.FROZEN));
    putWhole(values, contribution);
    return update(
        cohort, block, "ADD l :l, u :t, x :x, d :d", NO_TOKEN + " AND z = :frozen", values);
  }

  private static void putWhole(Map<String, AttributeValue> values, Contribution contribution) {
    SdkBytes token = SdkBytes.fromByteArray(contribution.token().bytes());
    values.put(":x", number(contribution.clipped()));
    values.put(":d", number(contribution.whole()));
    values.put(":t", AttributeValue.fromBs(List.of(token)));
    values.put(":token", AttributeValue.fromB(token));
  }

  /// Asks for nothing back, not even when the condition fails: a collector may not read.
  private boolean update(
      Cohort cohort,
      Block block,
      String expression,
      String condition,
      Map<String, AttributeValue> values) {
    try {
      dynamoDb.updateItem(
          request(cohort, block, expression, condition, values)
              .returnValues(ReturnValue.NONE)
              .build());
      return true;
    } catch (ConditionalCheckFailedException _) {
      return false;
    }
  }

  /// Freezes an item, making a frozen one where there is none. What is frozen or closed already
  /// stays as it is.
  ///
  /// @return the item as it then lies in the table
  public OpenBlock freeze(Cohort cohort, Block block) {
    return change(
        cohort,
        block,
        "SET z = :to REMOVE " + TIME_TO_LIVE,
        OPEN,
        Map.of(":to", state(State.FROZEN)));
  }

  /// Closes a frozen item. What is closed already stays as it is.
  ///
  /// @return the item as it then lies in the table
  public OpenBlock close(Cohort cohort, Block block) {
    return change(
        cohort,
        block,
        "SET z = :to",
        "z = :from",
        Map.of(":to", state(State.CLOSED), ":from", state(State.FROZEN)));
  }

  private OpenBlock change(
      Cohort cohort,
      Block block,
      String expression,
      String condition,
      Map<String, AttributeValue> values) {
    try {
      var changed =
          dynamoDb.updateItem(
              request(cohort, block, expression, condition, values)
                  .returnValues(ReturnValue.ALL_NEW)
                  .build());
      return item(cohort, block, changed.attributes());
    } catch (ConditionalCheckFailedException _) {
      return find(cohort, block).orElseGet(() -> OpenBlock.absent(cohort, block));
    }
  }

  /// Notes that a cohort was asked for what is missing of an item. An open item that is made for
  /// that alone expires; freezing it takes that away.
  ///
  /// @param item as it was read
  public void markAsked(OpenBlock item, Instant at) {
    var values = new HashMap<String, AttributeValue>();
    values.put(":at", AttributeValue.fromN(Long.toString(at.getEpochSecond())));
    if (item.state() == State.OPEN) {
      values.put(":e", expiry(item.block()));
      update(
          item.cohort(),
          item.block(),
          "SET a = :at, %1$s = if_not_exists(%1$s, :e)".formatted(TIME_TO_LIVE),
          "attribute_not_exists(a) AND " + OPEN,
          values);
    } else {
      values.put(":state", state(item.state()));
      update(
          item.cohort(),
          item.block(),
          "SET a = :at",
          "attribute_not_exists(a) AND z = :state",
          values);
    }
  }

  /// Puts an empty marker in place of a closed item, whatever is in it.
  public void empty(Cohort cohort, Block block) {
    var marker = new HashMap<>(key(cohort, block));
    marker.put("z", state(State.EMPTIED));
    marker.put(TIME_TO_LIVE, expiry(block));
    dynamoDb.putItem(put -> put.tableName(name).item(marker));
  }

  /// The item, read consistently.
  public Optional<OpenBlock> find(Cohort cohort, Block block) {
    var got =
        dynamoDb.getItem(get -> get.tableName(name).key(key(cohort, block)).consistentRead(true));
    return got.hasItem() ? Optional.of(item(cohort, block, got.item())) : Optional.empty();
  }

  private UpdateItemRequest.Builder request(
      Cohort cohort,
      Block block,
      String expression,
      String condition,
      Map<String, AttributeValue> values) {
    return UpdateItemRequest.builder()
        .tableName(name)
        .key(key(cohort, block))
        .updateExpression(expression)
        .conditionExpression(condition)
        .expressionAttributeValues(values);
  }

  private static Map<String, AttributeValue> key(Cohort cohort, Block block) {
    return Map.of(
        PARTITION_KEY, AttributeValue.fromS(cohort.tenant() + "/" + cohort.id()),
        SORT_KEY, AttributeValue.fromS(block.start().toString().substring(0, 13)));
  }

  private static OpenBlock item(
      Cohort cohort, Block block, Map<String, AttributeValue> attributes) {
    return new OpenBlock(
        cohort,
        block,
        state(attributes.get("z")),
        attributes.containsKey("a"),
        IntStream.range(0, block.length().hours())
            .mapToObj(hour -> number(attributes.get("s" + hour)))
            .toList(),
        number(attributes.get("x")),
        number(attributes.get("d")),
        tokens(attributes.get("t")),
        number(attributes.get("l")),
        tokens(attributes.get("u")));
  }

  private static AttributeValue expiry(Block block) {
    var expiry = Times.end(block.day()).plus(Times.CLOSED_AFTER).plus(MARKER_KEPT);
    return AttributeValue.fromN(Long.toString(expiry.getEpochSecond()));
  }

  private static AttributeValue number(BigInteger value) {
    return AttributeValue.fromN(value.toString());
  }

  private static BigInteger number(@Nullable AttributeValue value) {
    return value == null ? BigInteger.ZERO : new BigInteger(value.n());
  }

  private static Set<Token> tokens(@Nullable AttributeValue set) {
    return set == null
        ? Set.of()
        : set.bs().stream()
            .map(bytes -> Token.of(bytes.asByteArrayUnsafe()))
            .collect(Collectors.toUnmodifiableSet());
  }

  private static AttributeValue state(State state) {
    return AttributeValue.fromS(letter(state));
  }

  private static State state(@Nullable AttributeValue letter) {
    if (letter == null) {
      return State.OPEN;
    }
    return Arrays.stream(State.values())
        .filter(state -> letter(state).equals(letter.s()))
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("an item of no known state"));
  }

  private static String letter(State state) {
    return switch (state) {
      case OPEN -> "";
      case FROZEN -> "f";
      case CLOSED -> "c";
      case EMPTIED -> "e";
    };
  }
}

package meterveil.opendata;

import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.random.RandomGenerator;
import meterveil.block.Epoch;
import meterveil.tenant.Tenant;
import meterveil.tenant.TenantId;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.CancellationReason;
import software.amazon.awssdk.services.dynamodb.model.Put;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;
import software.amazon.awssdk.services.dynamodb.model.TransactionCanceledException;
import software.amazon.awssdk.services.dynamodb.model.Update;

/// The table of figures for everyone, and of what of each product's budget is spent.
///
/// A figure and its price are written in one transaction: no figure is told that is not paid for,
/// and none is paid for twice. Who comes second is given the first one's figure.
///
/// Safe for use by many threads. Every method throws SdkException when DynamoDB did not answer;
/// nothing is lost by asking again.
public final class OpenDataTable {

  /// Names that the table is made with, also read by those who make it.
  public static final String PARTITION_KEY = "tenant";

  /// See [#PARTITION_KEY].
  public static final String SORT_KEY = "item";

  /// See [#PARTITION_KEY].
  public static final String TIME_TO_LIVE = "expiresAt";

  private static final String ENERGY = "energyWh";

  /// How long what was spent is known after its epoch: longer than any day of it may be closed.
  private static final Duration SPENT_KEPT_AFTER_EPOCH = Duration.ofDays(30);

  private final DynamoDbClient dynamoDb;
  private final String name;
  private final RandomGenerator random;

  /// @param name the table's physical name
  /// @param random for the noise
  public OpenDataTable(DynamoDbClient dynamoDb, String name, SecureRandom random) {
    this(dynamoDb, name, (RandomGenerator) random);
  }

  /// With noise that comes again, for tests.
  OpenDataTable(DynamoDbClient dynamoDb, String name, RandomGenerator random) {
    this.dynamoDb = dynamoDb;
    this.name = name;
    this.random = random;
  }

  /// What came of asking for a figure.
  public sealed interface Told {

    /// The figure, the same whenever it is asked for.
    ///
    /// @param energyWh with its noise
    record Figure(long energyWh) implements Told {}

    /// There are too few meters for one.
    record TooFew() implements Told {}

    /// The product's budget of the epoch is spent.
    record Spent() implements Told {}
  }

  /// Tells a day's total, as it was told before or else with fresh noise.
  ///
  /// @param tenant says how long the figure is kept
  /// @param product what is told, as [DailyTotal#product]: each has a budget of its own
  public Told tell(Tenant tenant, String product, LocalDate day, DailyTotal total) {
    OptionalLong before = stored(tenant.id(), product, day);
    if (before.isPresent()) {
      return new Told.Figure(before.getAsLong());
    }
    OptionalLong noisy = total.withNoise(random);
    if (noisy.isEmpty()) {
      return new Told.TooFew();
    }
    try {
      put(tenant, product, day, noisy.getAsLong());
      return new Told.Figure(noisy.getAsLong());
    } catch (TransactionCanceledException refused) {
      if (!refused.cancellationReasons().stream().allMatch(OpenDataTable::isJudgement)) {
        throw refused;
      }
      OptionalLong another = stored(tenant.id(), product, day);
      return another.isPresent() ? new Told.Figure(another.getAsLong()) : new Told.Spent();
    }
  }

  private static boolean isJudgement(CancellationReason reason) {
    return List.of("None", "ConditionalCheckFailed").contains(reason.code());
  }

  /// The figure of a day.
  ///
  /// @param tenant as it is now: what it no longer keeps is passed over
  /// @param now what had expired by then is passed over
  /// @return nothing if it was not told
  public OptionalLong find(Tenant tenant, String product, LocalDate day, Instant now) {
    Map<String, AttributeValue> item = item(tenant.id(), product, day);
    return !item.isEmpty()
            && tenant.expiry(start(day)).isAfter(now)
            && number(item, TIME_TO_LIVE) > now.getEpochSecond()
        ? OptionalLong.of(number(item, ENERGY))
        : OptionalLong.empty();
  }

  private OptionalLong stored(TenantId tenant, String product, LocalDate day) {
    Map<String, AttributeValue> item = item(tenant, product, day);
    return item.isEmpty() ? OptionalLong.empty() : OptionalLong.of(number(item, ENERGY));
  }

  /// @return empty if there is none
  private Map<String, AttributeValue> item(TenantId tenant, String product, LocalDate day) {
    return dynamoDb
        .getItem(
            get -> get.tableName(name).key(key(tenant, figure(product, day))).consistentRead(true))
        .item();
  }

  private static Instant start(LocalDate day) {
    return day.atStartOfDay(ZoneOffset.UTC).toInstant();
  }

  private static long number(Map<String, AttributeValue> item, String attribute) {
    return Long.parseLong(Objects.requireNonNull(item.get(attribute), attribute).n());
  }

  private void put(Tenant tenant, String product, LocalDate day, long energyWh) {
    Epoch epoch = Epoch.of(day);
    var item = new HashMap<>(key(tenant.id(), figure(product, day)));
    item.put(ENERGY, number(energyWh));
    item.put(TIME_TO_LIVE, number(tenant.expiry(start(day)).getEpochSecond()));
    var figure =
        Put.builder()
            .tableName(name)
            .item(item)
            .conditionExpression("attribute_not_exists(%s)".formatted(PARTITION_KEY))
            .build();
    var price =
        Update.builder()
            .tableName(name)
            .key(key(tenant.id(), "budget/%s/%05d".formatted(product, epoch.number())))
            .updateExpression("ADD spentMilli :price SET %s = :expiresAt".formatted(TIME_TO_LIVE))
            .conditionExpression("attribute_not_exists(spentMilli) OR spentMilli <= :left")
            .expressionAttributeValues(
                Map.of(
                    ":price", number(DailyTotal.EPSILON_MILLI),
                    ":left", number(DailyTotal.BUDGET_MILLI - DailyTotal.EPSILON_MILLI),
                    ":expiresAt",
                        number(epoch.end().plus(SPENT_KEPT_AFTER_EPOCH).getEpochSecond())))
            .build();
    dynamoDb.transactWriteItems(write ->
        write.transactItems(
            TransactWriteItem.builder().put(figure).build(),
            TransactWriteItem.builder().update(price).build()));
  }

  private static String figure(String product, LocalDate day) {
    return "figure/%s/%s".formatted(product, day);
  }

  private static Map<String, AttributeValue> key(TenantId tenant, String item) {
    return Map.of(
        PARTITION_KEY, AttributeValue.fromS(tenant.value()), SORT_KEY, AttributeValue.fromS(item));
  }

  private static AttributeValue number(long value) {
    return AttributeValue.fromN(Long.toString(value));
  }
}

package meterveil.status;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import meterveil.meter.ThingName;
import meterveil.tenant.Tenant;
import meterveil.tenant.TenantId;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.ReturnValue;
import software.amazon.awssdk.services.dynamodb.model.UpdateItemRequest;

/// The `DeviceStatus` table: one item for each meter.
///
/// Written with the low-level client, as counting and keeping the newest in one conditional write
/// is an expression the mapper has no words for. The package tells why it is right.
///
/// Safe for use by many threads. Every method throws SdkException when DynamoDB did not answer or
/// throttled; the write may or may not have been done, and may be repeated.
public final class DeviceStatusTable {

  /// What came of a status.
  public enum Kept {
    /// It is the newest, and kept.
    NEWEST,
    /// It was there before, or a newer one is; nothing was changed.
    NOT_NEWER,
    /// It was a last will, and the meter is marked as offline.
    OFFLINE,
    /// It was the last will of a meter of which nothing is kept, or of whose connections the broker
    /// tells itself; nothing was changed.
    UNKNOWN_THING
  }

  /// The partition key: a tenant's name.
  public static final String PARTITION_KEY = "tenant";

  /// The sort key: a thing's name.
  public static final String SORT_KEY = "thing";

  /// When DynamoDB may delete it.
  public static final String TIME_TO_LIVE = "expiresAt";

  private static final String KEEP =
      """
      SET #sequence = :sequence, firmware = :firmware, batteryPercent = :batteryPercent,
        signalDbm = :signalDbm, faults = :faults, uptimeSeconds = :uptimeSeconds,
        blocksGivenUp = :blocksGivenUp, lastSeen = :lastSeen,
        %s = :expiresAt, firstSequence = if_not_exists(firstSequence, :sequence)\
      """
          .formatted(TIME_TO_LIVE);
  private static final String AND_COUNT = " ADD messages :one";
  private static final String AND_ONLINE = ", #online = :online";
  private static final String NEWER = "(attribute_not_exists(#sequence) OR #sequence < :sequence)";

  /// It is connected, or the broker has not told of its connections.
  private static final String NOT_ENDED =
      " AND (attribute_not_exists(#session) OR #online = :online)";

  private static final String LOSE = "SET #online = :online";
  private static final String NOT_TOLD =
      "attribute_exists(#sequence) AND attribute_not_exists(#session)";

  private static final String TELL =
      """
      SET #session = :session, sessionVersion = :version, sessionHour = :hour, #online = :online,
        %s = :expiresAt
      """
          .formatted(TIME_TO_LIVE);
  private static final String LATER =
      """
      (attribute_not_exists(#session) OR (#session <> :session AND (
        (sessionVersion < :version AND sessionHour <= :hourAfter) OR sessionHour <= :longBefore)))\
      """;
  private static final String THE_SAME = "#session = :session OR ";

  /// Words that DynamoDB keeps for itself, or may yet.
  private static final Map<String, String> RESERVED =
      Map.of("#sequence", "sequence", "#online", "online", "#session", "session");

  /// How far the hours of two events may be out of order, as the broker's clocks differ.
  private static final Duration CLOCKS_DIFFER = Duration.ofHours(1);

  /// How long after its end the broker remembers a connection's version; then it begins at 0.
  private static final Duration VERSIONS_LAST = Duration.ofHours(1);

  /// How much later than its connection a status may be kept, by the hours of both.
  private static final Duration STATUS_ON_ITS_WAY = Duration.ofHours(1);

  private final DynamoDbClient dynamoDb;
  private final String name;

  /// @param dynamoDb what it is reached through
  /// @param name the table's physical name
  public DeviceStatusTable(DynamoDbClient dynamoDb, String name) {
    this.dynamoDb = dynamoDb;
    this.name = name;
  }

  /// Keeps a status, if it is newer than what is kept. Calling again changes nothing.
  ///
  /// @param tenant says how long
  /// @param thing whose status, by the topic
  /// @param now when it arrived
  public Kept keep(Tenant tenant, ThingName thing, StatusReport report, Instant now) {
    var values = new HashMap<String, AttributeValue>();
    if (report.isLastWill()) {
      values.put(":online", AttributeValue.fromBool(false));
      return update(tenant.id(), thing, LOSE, NOT_TOLD, values) ? Kept.OFFLINE : Kept.UNKNOWN_THING;
    }
    Instant lastSeen = now.truncatedTo(ChronoUnit.HOURS);
    values.put(":sequence", number(report.sequence()));
    values.put(":firmware", AttributeValue.fromS(report.firmware()));
    values.put(":batteryPercent", number(report.batteryPercent()));
    values.put(":signalDbm", number(report.signalDbm()));
    values.put(
        ":faults",
        AttributeValue.fromL(
            report.faults().stream().map(fault -> AttributeValue.fromS(fault.text())).toList()));
    values.put(":uptimeSeconds", number(report.uptimeSeconds()));
    values.put(":blocksGivenUp", number(report.blocksGivenUp()));
    values.put(":lastSeen", AttributeValue.fromS(lastSeen.toString()));
    values.put(":expiresAt", number(tenant.expiry(lastSeen).getEpochSecond()));
    values.put(":one", number(1));
    var withOnline = new HashMap<>(values);
    withOnline.put(":online", AttributeValue.fromBool(true));
    if (update(tenant.id(), thing, KEEP + AND_ONLINE + AND_COUNT, NEWER + NOT_ENDED, withOnline)) {
      return Kept.NEWEST;
    }
    // A second delivery, or one that was overtaken by the end of its connection.
    return update(tenant.id(), thing, KEEP + AND_COUNT, NEWER, values)
        ? Kept.NEWEST
        : Kept.NOT_NEWER;
  }

  /// Keeps that a connection began or ended, if nothing later is known. Calling again changes
  /// nothing.
  ///
  /// @param tenant says how long
  /// @param thing whose connection
  /// @return whether anything was changed
  public boolean keep(Tenant tenant, ThingName thing, Presence presence) {
    Instant hour = presence.at().truncatedTo(ChronoUnit.HOURS);
    var values = new HashMap<String, AttributeValue>();
    values.put(":session", AttributeValue.fromS(presence.session()));
    values.put(":version", number(presence.version()));
    values.put(":hour", AttributeValue.fromS(hour.toString()));
    values.put(":hourAfter", AttributeValue.fromS(hour.plus(CLOCKS_DIFFER).toString()));
    values.put(
        ":longBefore",
        AttributeValue.fromS(
            hour.minus(presence.version() == 0 ? VERSIONS_LAST : VERSIONS_LAST.multipliedBy(2))
                .toString()));
    values.put(":online", AttributeValue.fromBool(presence.connected()));
    values.put(":expiresAt", number(tenant.expiry(hour).getEpochSecond()));
    return update(
        tenant.id(), thing, TELL, presence.connected() ? LATER : THE_SAME + LATER, values);
  }

  /// Asks for nothing back, not even when the condition fails: the function may not read.
  private boolean update(
      TenantId tenant,
      ThingName thing,
      String expression,
      String condition,
      Map<String, AttributeValue> values) {
    try {
      dynamoDb.updateItem(
          UpdateItemRequest.builder()
              .tableName(name)
              .key(key(tenant, thing))
              .updateExpression(expression)
              .conditionExpression(condition)
              .expressionAttributeNames(names(expression + condition))
              .expressionAttributeValues(values)
              .returnValues(ReturnValue.NONE)
              .build());
      return true;
    } catch (ConditionalCheckFailedException _) {
      return false;
    }
  }

  private static Map<String, String> names(String expressions) {
    var names = new HashMap<>(RESERVED);
    names.keySet().removeIf(name -> !expressions.contains(name));
    return names;
  }

  /// When a meter of a tenant was last heard of, for each of which anything is kept, in the order
  /// of their names, read page by page.
  ///
  /// @param now what had expired by then is passed over
  public Stream<Sign> signs(Tenant tenant, Instant now) {
    return dynamoDb
        .queryPaginator(query ->
            query
                .tableName(name)
                .keyConditionExpression("#tenant = :tenant")
                .expressionAttributeNames(
                    Map.of("#tenant", PARTITION_KEY, "#thing", SORT_KEY, "#online", "online"))
                .expressionAttributeValues(
                    Map.of(":tenant", AttributeValue.fromS(tenant.id().value())))
                .projectionExpression(
                    "#thing, #online, lastSeen, sessionHour, blocksGivenUp, " + TIME_TO_LIVE))
        .items()
        .stream()
        .map(Item::new)
        .filter(item -> item.isKept(tenant, now))
        .map(Item::toSign);
  }

  /// When a meter was last heard of.
  ///
  /// @param now what had expired by then is passed over
  public Optional<Sign> sign(Tenant tenant, ThingName thing, Instant now) {
    return Optional.of(
            dynamoDb.getItem(get -> get.tableName(name).key(key(tenant.id(), thing))).item())
        .filter(found -> !found.isEmpty())
        .map(Item::new)
        .filter(item -> item.isKept(tenant, now))
        .map(Item::toSign);
  }

  /// A meter's last sign of life.
  ///
  /// @param thing whose
  /// @param online whether it is connected, as far as is known
  /// @param at a status or an event of its connection, rounded down to the hour
  /// @param blocksGivenUp how many blocks it has ever given up, by its newest status
  public record Sign(ThingName thing, boolean online, Instant at, long blocksGivenUp) {}

  /// What is kept of a meter; for those who may read, which the function may not.
  ///
  /// @param tenant as it is now: what it no longer keeps is passed over, even if it was written
  ///   with a later expiry
  /// @param now what had expired by then is passed over, though DynamoDB may not have deleted it
  public Optional<DeviceStatus> find(Tenant tenant, ThingName thing, Instant now) {
    var item = dynamoDb.getItem(get -> get.tableName(name).key(key(tenant.id(), thing))).item();
    return !item.containsKey("sequence") // of which only the broker has told
        ? Optional.empty()
        : Optional.of(new Item(item).toStatus(tenant.id(), thing))
            .filter(status -> status.expiresAt().isAfter(now))
            .filter(status -> tenant.expiry(status.lastSeen()).isAfter(now));
  }

  private static Map<String, AttributeValue> key(TenantId tenant, ThingName thing) {
    return Map.of(
        PARTITION_KEY,
        AttributeValue.fromS(tenant.value()),
        SORT_KEY,
        AttributeValue.fromS(thing.value()));
  }

  private static AttributeValue number(long number) {
    return AttributeValue.fromN(Long.toString(number));
  }

  private record Item(Map<String, AttributeValue> attributes) {

    DeviceStatus toStatus(TenantId tenant, ThingName thing) {
      return new DeviceStatus(
          tenant,
          thing,
          new StatusReport(
              number("sequence"),
              attribute("firmware").s(),
              (int) number("batteryPercent"),
              (int) number("signalDbm"),
              attribute("faults").l().stream()
                  .map(fault -> Fault.of(fault.s()).orElseThrow())
                  .toList(),
              number("uptimeSeconds"),
              number("blocksGivenUp")),
          isOnline(),
          number("firstSequence"),
          number("messages"),
          Instant.parse(attribute("lastSeen").s()),
          Instant.ofEpochSecond(number(TIME_TO_LIVE)));
    }

    Sign toSign() {
      return new Sign(
          new ThingName(attribute(SORT_KEY).s()),
          isOnline(),
          lastSign(),
          attributes.containsKey("blocksGivenUp") ? number("blocksGivenUp") : 0);
    }

    /// Whether it has not expired, by the item or by what the tenant keeps now.
    boolean isKept(Tenant tenant, Instant now) {
      return Instant.ofEpochSecond(number(TIME_TO_LIVE)).isAfter(now)
          && tenant.expiry(lastSign()).isAfter(now);
    }

    /// A status that came well after the end of a connection shows that another's beginning got
    /// lost; one in the hour after it may have been on its way when the hour was full.
    private boolean isOnline() {
      return attribute("online").bool()
          || time("lastSeen")
              .filter(seen ->
                  time("sessionHour")
                      .filter(hour -> seen.isAfter(hour.plus(STATUS_ON_ITS_WAY)))
                      .isPresent())
              .isPresent();
    }

    private Instant lastSign() {
      return Stream.of("lastSeen", "sessionHour")
          .flatMap(name -> time(name).stream())
          .max(Comparator.naturalOrder())
          .orElseThrow();
    }

    private Optional<Instant> time(String name) {
      return Optional.ofNullable(attributes.get(name)).map(AttributeValue::s).map(Instant::parse);
    }

    private AttributeValue attribute(String name) {
      return Objects.requireNonNull(attributes.get(name), name);
    }

    private long number(String name) {
      return Long.parseLong(attribute(name).n());
    }
  }
}

package meterveil.status;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
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
    /// It was the last will of a meter of which nothing is kept; nothing was changed.
    UNKNOWN_THING
  }

  /// The partition key: a tenant's name.
  public static final String PARTITION_KEY = "tenant";

  /// The sort key: a thing's name.
  public static final String SORT_KEY = "thing";

  private static final String KEEP =
      """
      SET #sequence = :sequence, firmware = :firmware, batteryPercent = :batteryPercent,
        signalDbm = :signalDbm, faults = :faults, uptimeSeconds = :uptimeSeconds,
        blocksGivenUp = :blocksGivenUp, #online = :online, lastSeen = :lastSeen,
        expiresAt = :expiresAt, firstSequence = if_not_exists(firstSequence, :sequence)
      ADD messages :one
      """;
  private static final String NEWER = "attribute_not_exists(#sequence) OR #sequence < :sequence";
  private static final String LOSE = "SET #online = :online";
  private static final String THERE = "attribute_exists(#sequence)";

  /// Words that DynamoDB keeps for itself, or may yet.
  private static final Map<String, String> NAMES =
      Map.of("#sequence", "sequence", "#online", "online");

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
    values.put(":online", AttributeValue.fromBool(!report.isLastWill()));
    if (report.isLastWill()) {
      return update(tenant.id(), thing, LOSE, THERE, values) ? Kept.OFFLINE : Kept.UNKNOWN_THING;
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
    return update(tenant.id(), thing, KEEP, NEWER, values) ? Kept.NEWEST : Kept.NOT_NEWER;
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
              .expressionAttributeNames(NAMES)
              .expressionAttributeValues(values)
              .returnValues(ReturnValue.NONE)
              .build());
      return true;
    } catch (ConditionalCheckFailedException _) {
      return false;
    }
  }

  /// What is kept of a meter; for those who may read, which the function may not.
  ///
  /// @param tenant as it is now: what it no longer keeps is passed over, even if it was written
  ///   with a later expiry
  /// @param now what had expired by then is passed over, though DynamoDB may not have deleted it
  public Optional<DeviceStatus> find(Tenant tenant, ThingName thing, Instant now) {
    var item = dynamoDb.getItem(get -> get.tableName(name).key(key(tenant.id(), thing))).item();
    return item.isEmpty()
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
          attribute("online").bool(),
          number("firstSequence"),
          number("messages"),
          Instant.parse(attribute("lastSeen").s()),
          Instant.ofEpochSecond(number("expiresAt")));
    }

    private AttributeValue attribute(String name) {
      return Objects.requireNonNull(attributes.get(name), name);
    }

    private long number(String name) {
      return Long.parseLong(attribute(name).n());
    }
  }
}

package meterveil.usage;

import static software.amazon.awssdk.enhanced.dynamodb.mapper.StaticAttributeTags.primaryPartitionKey;
import static software.amazon.awssdk.enhanced.dynamodb.mapper.StaticAttributeTags.primarySortKey;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Collectors;
import meterveil.block.Block;
import meterveil.block.Times;
import meterveil.cohort.CohortId;
import meterveil.tenant.TenantId;
import meterveil.usage.Grouping.Group;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.enhanced.dynamodb.DynamoDbEnhancedClient;
import software.amazon.awssdk.enhanced.dynamodb.DynamoDbTable;
import software.amazon.awssdk.enhanced.dynamodb.EnhancedType;
import software.amazon.awssdk.enhanced.dynamodb.Expression;
import software.amazon.awssdk.enhanced.dynamodb.Key;
import software.amazon.awssdk.enhanced.dynamodb.TableSchema;
import software.amazon.awssdk.enhanced.dynamodb.mapper.StaticImmutableTableSchema;
import software.amazon.awssdk.enhanced.dynamodb.model.QueryConditional;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;

/// The `Groupings` table: what was decided for each tenant and block, once and for all.
///
/// A group is written as the places of its cohorts in the order of their names, `3+17`, with `!` in
/// front if it is suppressed; a cohort by itself that is released is not written. What would come
/// near DynamoDB's limit of 400 KB for an item, as a day does on which few of many cohorts have
/// reported, is put as an item for each hour first, under a key of its own; then one item, which
/// names that key, decides.
///
/// Safe for use by many threads. Every method throws SdkException when DynamoDB did not answer.
public final class GroupingTable {

  /// How long a decision is kept after its day is closed.
  public static final Duration KEPT_AFTER_CLOSING = Duration.ofDays(7);

  /// A decision of more characters is put hour by hour. An hour of 20,000 cohorts has 138,890 at
  /// most, all suppressed by themselves.
  private static final int CHARACTERS_MAX = 300_000;

  /// A row of the table.
  ///
  /// @param tenant whose cells
  /// @param key the start of the block; of an hour that is a row by itself, what sorts behind all
  ///   starts
  /// @param cohorts how many cohorts there were when it was decided
  /// @param hours the groups of each hour, in text; none if each is a row by itself
  /// @param parts what the keys of those rows begin with
  /// @param at when it was decided; 1970 in a row of before that was told
  /// @param expiresAt when DynamoDB may delete it
  public record Decision(
      TenantId tenant,
      String key,
      int cohorts,
      List<String> hours,
      Optional<String> parts,
      Instant at,
      Instant expiresAt) {

    public Decision {
      hours = List.copyOf(hours);
    }
  }

  /// Also read by the infrastructure's tests, which hold the deployed keys to it.
  public static final TableSchema<Decision> SCHEMA =
      StaticImmutableTableSchema.builder(Decision.class, Row.class)
          .newItemBuilder(Row::new, Row::toDecision)
          .addAttribute(
              String.class,
              a ->
                  a.name("tenant")
                      .getter(decision -> decision.tenant().value())
                      .setter((row, tenant) -> row.tenant = tenant)
                      .tags(primaryPartitionKey()))
          .addAttribute(
              String.class,
              a ->
                  a.name("block")
                      .getter(Decision::key)
                      .setter((row, key) -> row.key = key)
                      .tags(primarySortKey()))
          .addAttribute(
              Integer.class,
              a ->
                  a.name("cohorts")
                      .getter(Decision::cohorts)
                      .setter((row, cohorts) -> row.cohorts = cohorts))
          .addAttribute(
              EnhancedType.listOf(String.class),
              a ->
                  a.name("hours").getter(Decision::hours).setter((row, hours) -> row.hours = hours))
          .addAttribute(
              String.class,
              a ->
                  a.name("parts")
                      .getter(decision -> decision.parts().orElse(null))
                      .setter((row, parts) -> row.parts = parts))
          .addAttribute(
              Long.class,
              a ->
                  a.name("atMillis")
                      .getter(decision -> decision.at().toEpochMilli())
                      .setter((row, atMillis) -> row.atMillis = atMillis))
          .addAttribute(
              Long.class,
              a ->
                  a.name("expiresAt")
                      .getter(decision -> decision.expiresAt().getEpochSecond())
                      .setter((row, expiresAt) -> row.expiresAt = expiresAt))
          .build();

  /// Behind every start of a block.
  private static final String PART = "part#";

  private static final Expression ABSENT =
      Expression.builder().expression("attribute_not_exists(tenant)").build();

  private final DynamoDbTable<Decision> table;

  /// @param dynamoDb what it is reached through
  /// @param name the table's physical name
  public GroupingTable(DynamoDbClient dynamoDb, String name) {
    table = DynamoDbEnhancedClient.builder().dynamoDbClient(dynamoDb).build().table(name, SCHEMA);
  }

  /// Keeps what was decided for a block, unless something was decided before.
  ///
  /// @param cohorts every cohort of the tenant and epoch, in order
  /// @param hours a grouping of them for each hour
  /// @param now when that is
  /// @return false if something was, which stays in force
  public boolean putFirst(
      TenantId tenant, Block block, List<CohortId> cohorts, List<Grouping> hours, Instant now) {
    var places = new HashMap<CohortId, Integer>();
    cohorts.forEach(cohort -> places.put(cohort, places.size()));
    var decision =
        inParts(
            new Decision(
                tenant,
                block.start().toString(),
                cohorts.size(),
                hours.stream().map(hour -> text(hour, places)).toList(),
                Optional.empty(),
                now,
                Times.end(block.day()).plus(Times.CLOSED_AFTER).plus(KEPT_AFTER_CLOSING)));
    try {
      table.putItem(put -> put.item(decision).conditionExpression(ABSENT));
      return true;
    } catch (ConditionalCheckFailedException _) {
      return false;
    }
  }

  /// Puts each hour of a decision by itself, if all are too long for one item.
  ///
  /// @return what is left to be put
  private Decision inParts(Decision whole) {
    if (whole.hours().stream().mapToInt(String::length).sum() <= CHARACTERS_MAX) {
      return whole;
    }
    String parts = PART + UUID.randomUUID() + "#";
    List<String> hours = whole.hours();
    for (int i = 0; i < hours.size(); i++) {
      table.putItem(
          new Decision(
              whole.tenant(),
              parts + "%02d".formatted(i),
              whole.cohorts(),
              List.of(hours.get(i)),
              Optional.empty(),
              whole.at(),
              whole.expiresAt()));
    }
    return new Decision(
        whole.tenant(),
        whole.key(),
        whole.cohorts(),
        List.of(),
        Optional.of(parts),
        whole.at(),
        whole.expiresAt());
  }

  /// The text of each hour.
  private List<String> hours(Decision decision) {
    return decision
        .parts()
        .map(parts ->
            table
                .query(query ->
                    query
                        .consistentRead(true)
                        .queryConditional(
                            QueryConditional.sortBeginsWith(key(decision.tenant(), parts))))
                .items()
                .stream()
                .flatMap(part -> part.hours().stream())
                .toList())
        .orElse(decision.hours());
  }

  /// What was decided for a block, read consistently.
  ///
  /// @param cohorts every cohort of the tenant and epoch, in order
  /// @throws IllegalStateException if it was decided for another number of cohorts
  public Optional<List<Grouping>> find(TenantId tenant, Block block, List<CohortId> cohorts) {
    Decision decision =
        table.getItem(get ->
            get.consistentRead(true)
                .key(
                    key -> key.partitionValue(tenant.value()).sortValue(block.start().toString())));
    if (decision == null) {
      return Optional.empty();
    }
    if (decision.cohorts() != cohorts.size()) {
      throw new IllegalStateException(
          "block %s of %s was decided for %d cohorts, not %d"
              .formatted(block.start(), tenant, decision.cohorts(), cohorts.size()));
    }
    return Optional.of(hours(decision).stream().map(hour -> grouping(hour, cohorts)).toList());
  }

  /// The starts of the blocks for which something was decided, from one instant up to another, and
  /// when each was.
  public SortedMap<Instant, Instant> decided(TenantId tenant, Instant from, Instant until) {
    return table
        .query(query ->
            query
                .consistentRead(true)
                .attributesToProject("tenant", "block", "cohorts", "atMillis", "expiresAt")
                .queryConditional(
                    QueryConditional.sortBetween(
                        key(tenant, from.toString()),
                        key(tenant, until.minusSeconds(1).toString()))))
        .items()
        .stream()
        .collect(
            Collectors.toMap(
                decision -> Instant.parse(decision.key()),
                Decision::at,
                (first, _) -> first,
                TreeMap::new));
  }

  private static Key key(TenantId tenant, String sort) {
    return Key.builder().partitionValue(tenant.value()).sortValue(sort).build();
  }

  private static String text(Grouping hour, Map<CohortId, Integer> places) {
    return hour.groups().stream()
        .filter(group -> group.formed() != Formed.OWN)
        .map(group ->
            (group.released() ? "" : "!")
                + group.cohorts().stream()
                    .map(cohort -> Objects.requireNonNull(places.get(cohort)).toString())
                    .collect(Collectors.joining("+")))
        .collect(Collectors.joining(" "));
  }

  private static Grouping grouping(String text, List<CohortId> cohorts) {
    var alone = new TreeSet<>(cohorts);
    var groups = new ArrayList<Group>();
    for (String group : text.isEmpty() ? new String[0] : text.split(" ", -1)) {
      boolean released = !group.startsWith("!");
      List<CohortId> members =
          Arrays.stream(group.substring(released ? 0 : 1).split("\\+", -1))
              .map(place -> cohorts.get(Integer.parseInt(place)))
              .toList();
      members.forEach(alone::remove);
      groups.add(new Group(members, released));
    }
    alone.forEach(cohort -> groups.add(new Group(List.of(cohort), true)));
    return new Grouping(groups);
  }

  private static final class Row {
    private @Nullable String tenant;
    private @Nullable String key;
    private int cohorts;
    private List<String> hours = List.of();
    private @Nullable String parts;
    private long atMillis;
    private long expiresAt;

    Decision toDecision() {
      return new Decision(
          new TenantId(Objects.requireNonNull(tenant, "tenant")),
          Objects.requireNonNull(key, "key"),
          cohorts,
          hours,
          Optional.ofNullable(parts),
          Instant.ofEpochMilli(atMillis),
          Instant.ofEpochSecond(expiresAt));
    }
  }
}

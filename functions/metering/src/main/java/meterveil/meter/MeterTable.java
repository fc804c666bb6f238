package meterveil.meter;

import static software.amazon.awssdk.enhanced.dynamodb.mapper.StaticAttributeTags.primaryPartitionKey;
import static software.amazon.awssdk.enhanced.dynamodb.mapper.StaticAttributeTags.secondaryPartitionKey;
import static software.amazon.awssdk.enhanced.dynamodb.mapper.StaticAttributeTags.secondarySortKey;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Gatherers;
import java.util.stream.Stream;
import meterveil.cohort.DistrictId;
import meterveil.cohort.TariffClass;
import meterveil.energy.Commodity;
import meterveil.meter.Admission.Reason;
import meterveil.meter.Admission.Verdict;
import meterveil.meter.Meter.Certificate;
import meterveil.meter.Meter.State;
import meterveil.tenant.TenantId;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.enhanced.dynamodb.DynamoDbEnhancedClient;
import software.amazon.awssdk.enhanced.dynamodb.DynamoDbTable;
import software.amazon.awssdk.enhanced.dynamodb.Expression;
import software.amazon.awssdk.enhanced.dynamodb.Key;
import software.amazon.awssdk.enhanced.dynamodb.TableSchema;
import software.amazon.awssdk.enhanced.dynamodb.mapper.StaticImmutableTableSchema;
import software.amazon.awssdk.enhanced.dynamodb.model.QueryConditional;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.ReturnValue;

/// The `Meters` table: the list of every tenant's meters, one item for each. A meter's name is
/// unique on the platform, as its thing is.
///
/// Safe for use by many threads. Every method throws SdkException when DynamoDB did not answer.
public final class MeterTable {

  /// The index that finds a tenant's meters.
  public static final String BY_TENANT = "byTenant";

  /// Requests under way at once while a list is imported.
  private static final int REQUESTS_AT_ONCE = 16;

  /// Also read by the infrastructure's tests, which hold the deployed keys to it.
  public static final TableSchema<Meter> SCHEMA =
      StaticImmutableTableSchema.builder(Meter.class, Row.class)
          .newItemBuilder(Row::new, Row::toMeter)
          .addAttribute(
              String.class,
              a ->
                  a.name("thing")
                      .getter(meter -> meter.thing().value())
                      .setter((row, thing) -> row.thing = thing)
                      .tags(primaryPartitionKey(), secondarySortKey(BY_TENANT)))
          .addAttribute(
              String.class,
              a ->
                  a.name("tenant")
                      .getter(meter -> meter.tenant().value())
                      .setter((row, tenant) -> row.tenant = tenant)
                      .tags(secondaryPartitionKey(BY_TENANT)))
          .addAttribute(
              String.class,
              a ->
                  a.name("district")
                      .getter(meter -> meter.listed().district().value())
                      .setter((row, district) -> row.district = district))
          .addAttribute(
              String.class,
              a ->
                  a.name("tariffClass")
                      .getter(meter -> meter.listed().tariffClass().name())
                      .setter((row, tariffClass) -> row.tariffClass = tariffClass))
          .addAttribute(
              String.class,
              a ->
                  a.name("commodity")
                      .getter(meter -> meter.listed().commodity().name())
                      .setter((row, commodity) -> row.commodity = commodity))
          .addAttribute(
              String.class,
              a ->
                  a.name("state")
                      .getter(meter -> meter.state().name())
                      .setter((row, state) -> row.state = state))
          .addAttribute(
              String.class,
              a ->
                  a.name("listedAt")
                      .getter(meter -> meter.listedAt().toString())
                      .setter((row, listedAt) -> row.listedAt = listedAt))
          .addAttribute(
              String.class,
              a ->
                  a.name("certificateId")
                      .getter(meter -> meter.certificate().map(Certificate::id).orElse(null))
                      .setter((row, certificateId) -> row.certificateId = certificateId))
          .addAttribute(
              String.class,
              a ->
                  a.name("certificateExpiresAt")
                      .getter(meter ->
                          meter.certificate().map(it -> it.expiresAt().toString()).orElse(null))
                      .setter((row, expiresAt) -> row.certificateExpiresAt = expiresAt))
          .addAttribute(
              Boolean.class,
              a ->
                  a.name("leaving")
                      .getter(Meter::leaving)
                      .setter((row, leaving) -> row.leaving = leaving))
          .build();

  private static final Expression ABSENT =
      Expression.builder().expression("attribute_not_exists(thing)").build();

  private final DynamoDbClient dynamoDb;
  private final DynamoDbTable<Meter> table;
  private final String name;

  /// @param dynamoDb what it is reached through
  /// @param name the table's physical name
  public MeterTable(DynamoDbClient dynamoDb, String name) {
    this.dynamoDb = dynamoDb;
    this.name = name;
    table = DynamoDbEnhancedClient.builder().dynamoDbClient(dynamoDb).build().table(name, SCHEMA);
  }

  /// What is wrong with one meter of an imported list.
  public enum Problem {
    /// Another tenant has a meter of that name.
    OTHER_TENANTS,
    /// It is there with another district, class or commodity.
    LISTED_OTHERWISE,
    /// It was revoked, and stays so.
    REVOKED,
    /// Another import put it there otherwise at the same time.
    LISTED_MEANWHILE
  }

  /// What came of an import.
  ///
  /// @param added how many were not there
  /// @param unchanged how many were there as they are
  /// @param problems by meter; if there are any, nothing was added, but where another import ran at
  ///   the same time
  public record Imported(int added, int unchanged, Map<ThingName, Problem> problems) {

    public Imported {
      problems = Map.copyOf(problems);
    }
  }

  /// Puts a list's meters onto this one: all of them, or none if one cannot be. Doing so again
  /// changes nothing, so an import that was interrupted is made whole by another.
  ///
  /// @param list each meter once
  /// @param now when they come onto the list
  public Imported add(List<ListedMeter> list, Instant now) {
    return add(list, now, Progress.NONE);
  }

  /// Hears how far an import has come, meter by meter, on the importing thread.
  public interface Progress {

    /// Does not listen.
    Progress NONE =
        new Progress() {
          @Override
          public void checked() {}

          @Override
          public void added() {}
        };

    /// One more was compared with what is there.
    void checked();

    /// All were, and none is wrong.
    default void allChecked() {}

    /// One more was put onto the list.
    void added();
  }

  /// As [#add(List, Instant)], and says how far it has come.
  public Imported add(List<ListedMeter> list, Instant now, Progress progress) {
    var problems = new HashMap<ThingName, Problem>();
    var absent = new ArrayList<ListedMeter>();
    list.stream()
        .gather(
            Gatherers.mapConcurrent(
                REQUESTS_AT_ONCE, listed -> Map.entry(listed, find(listed.thing()))))
        .forEach(it -> {
          progress.checked();
          var there = it.getValue();
          if (there.isEmpty()) {
            absent.add(it.getKey());
          } else {
            problem(it.getKey(), there.get())
                .ifPresent(problem -> problems.put(it.getKey().thing(), problem));
          }
        });
    int there = list.size() - absent.size() - problems.size();
    if (!problems.isEmpty()) {
      return new Imported(0, there, problems);
    }
    progress.allChecked();
    absent.stream()
        .gather(
            Gatherers.mapConcurrent(
                REQUESTS_AT_ONCE, listed -> Map.entry(listed, put(listed, now))))
        .forEach(done -> {
          if (done.getValue()) {
            progress.added();
          } else {
            problems.put(done.getKey().thing(), Problem.LISTED_MEANWHILE);
          }
        });
    return new Imported(absent.size() - problems.size(), there, problems);
  }

  private static Optional<Problem> problem(ListedMeter listed, Meter there) {
    if (!there.tenant().equals(listed.tenant())) {
      return Optional.of(Problem.OTHER_TENANTS);
    }
    if (there.state() == State.REVOKED) {
      return Optional.of(Problem.REVOKED);
    }
    return there.listed().equals(listed) ? Optional.empty() : Optional.of(Problem.LISTED_OTHERWISE);
  }

  /// @return false if it is there otherwise
  private boolean put(ListedMeter listed, Instant now) {
    var meter = new Meter(listed, State.LISTED, now, Optional.empty(), false);
    try {
      table.putItem(put -> put.item(meter).conditionExpression(ABSENT));
      return true;
    } catch (ConditionalCheckFailedException _) {
      return find(listed.thing()).filter(there -> problem(listed, there).isEmpty()).isPresent();
    }
  }

  /// The meter of that name.
  public Optional<Meter> find(ThingName thing) {
    return Optional.ofNullable(
        table.getItem(
            get -> get.consistentRead(true).key(key -> key.partitionValue(thing.value()))));
  }

  /// Every meter of a tenant, in the order of their names, read page by page. What was changed in
  /// the last second may be missing.
  public Stream<Meter> of(TenantId tenant) {
    return table
        .index(BY_TENANT)
        .query(query ->
            query.queryConditional(
                QueryConditional.keyEqualTo(Key.builder().partitionValue(tenant.value()).build())))
        .stream()
        .flatMap(page -> page.items().stream());
  }

  /// In which state a meter must be for a certificate to become its own.
  enum Way {
    /// Not provisioned, or with this certificate.
    FIRST_OR_SAME("(#state = :listed OR (#state = :provisioned AND certificateId = :id))"),
    /// Provisioned.
    IN_PLACE_OF_ANOTHER("#state = :provisioned"),
    /// Either.
    ANY("(#state = :listed OR #state = :provisioned)");

    private final String condition;

    Way(String condition) {
      this.condition = condition;
    }

    boolean uses(String value) {
      return condition.contains(value);
    }
  }

  /// Makes a certificate a meter's own, if it is in the right state. Calling again changes nothing.
  Verdict provision(ThingName thing, Certificate certificate, Way way) {
    var values = new HashMap<String, AttributeValue>();
    values.put(":id", AttributeValue.fromS(certificate.id()));
    values.put(":expiresAt", AttributeValue.fromS(certificate.expiresAt().toString()));
    values.put(":provisioned", AttributeValue.fromS(State.PROVISIONED.name()));
    if (way.uses(":listed")) {
      values.put(":listed", AttributeValue.fromS(State.LISTED.name()));
    }
    try {
      var item =
          dynamoDb
              .updateItem(update ->
                  update
                      .tableName(name)
                      .key(key(thing))
                      .updateExpression(
                          "SET #state = :provisioned, certificateId = :id,"
                              + " certificateExpiresAt = :expiresAt")
                      .conditionExpression(way.condition)
                      .expressionAttributeNames(Map.of("#state", "state"))
                      .expressionAttributeValues(values)
                      .returnValues(ReturnValue.ALL_NEW))
              .attributes();
      return new Verdict.Admitted(SCHEMA.mapToItem(item));
    } catch (ConditionalCheckFailedException _) {
      return new Verdict.Refused(find(thing).map(MeterTable::refusal).orElse(Reason.NOT_LISTED));
    }
  }

  private static Reason refusal(Meter meter) {
    return switch (meter.state()) {
      case LISTED -> Reason.NOT_PROVISIONED;
      case PROVISIONED -> Reason.ALREADY_PROVISIONED;
      case REVOKED -> Reason.REVOKED;
    };
  }

  /// Never admits a meter again. Calling again changes nothing.
  ///
  /// @return whether the tenant has such a meter
  public boolean revoke(TenantId tenant, ThingName thing) {
    return update(
        tenant,
        thing,
        "SET #state = :state",
        Map.of("#state", "state"),
        Map.of(":state", AttributeValue.fromS(State.REVOKED.name())));
  }

  /// Leaves a meter out of the epochs that are yet to be planned. Calling again changes nothing.
  ///
  /// @return whether the tenant has such a meter
  public boolean leave(TenantId tenant, ThingName thing) {
    return update(
        tenant,
        thing,
        "SET leaving = :leaving",
        Map.of(),
        Map.of(":leaving", AttributeValue.fromBool(true)));
  }

  /// Takes a meter into the epochs that are yet to be planned again. Calling again changes nothing.
  ///
  /// @return whether the tenant has such a meter
  public boolean stay(TenantId tenant, ThingName thing) {
    return update(tenant, thing, "REMOVE leaving", Map.of(), Map.of());
  }

  private boolean update(
      TenantId tenant,
      ThingName thing,
      String expression,
      Map<String, String> names,
      Map<String, AttributeValue> values) {
    var allNames = new HashMap<>(names);
    allNames.put("#tenant", "tenant");
    var allValues = new HashMap<>(values);
    allValues.put(":tenant", AttributeValue.fromS(tenant.value()));
    try {
      dynamoDb.updateItem(update ->
          update
              .tableName(name)
              .key(key(thing))
              .updateExpression(expression)
              .conditionExpression("#tenant = :tenant")
              .expressionAttributeNames(allNames)
              .expressionAttributeValues(allValues));
      return true;
    } catch (ConditionalCheckFailedException _) {
      return false;
    }
  }

  /// Lets a meter be admitted by a claim once more, after it lost what it was given.
  ///
  /// @param former its certificate until now, which must be revoked first
  /// @return whether the tenant has such a meter, and that was its certificate still
  public boolean listAgain(TenantId tenant, ThingName thing, Certificate former) {
    try {
      dynamoDb.updateItem(update ->
          update
              .tableName(name)
              .key(key(thing))
              .updateExpression("SET #state = :listed REMOVE certificateId, certificateExpiresAt")
              .conditionExpression(
                  "#tenant = :tenant AND #state = :provisioned AND certificateId = :id")
              .expressionAttributeNames(Map.of("#tenant", "tenant", "#state", "state"))
              .expressionAttributeValues(
                  Map.of(
                      ":tenant", AttributeValue.fromS(tenant.value()),
                      ":id", AttributeValue.fromS(former.id()),
                      ":provisioned", AttributeValue.fromS(State.PROVISIONED.name()),
                      ":listed", AttributeValue.fromS(State.LISTED.name()))));
      return true;
    } catch (ConditionalCheckFailedException _) {
      return false;
    }
  }

  private static Map<String, AttributeValue> key(ThingName thing) {
    return Map.of("thing", AttributeValue.fromS(thing.value()));
  }

  private static final class Row {
    private @Nullable String thing;
    private @Nullable String tenant;
    private @Nullable String district;
    private @Nullable String tariffClass;
    private @Nullable String commodity;
    private @Nullable String state;
    private @Nullable String listedAt;
    private @Nullable String certificateId;
    private @Nullable String certificateExpiresAt;
    private @Nullable Boolean leaving;

    Meter toMeter() {
      return new Meter(
          new ListedMeter(
              new ThingName(Objects.requireNonNull(thing, "thing")),
              new TenantId(Objects.requireNonNull(tenant, "tenant")),
              new DistrictId(Objects.requireNonNull(district, "district")),
              TariffClass.valueOf(Objects.requireNonNull(tariffClass, "tariffClass")),
              Commodity.valueOf(Objects.requireNonNull(commodity, "commodity"))),
          State.valueOf(Objects.requireNonNull(state, "state")),
          Instant.parse(Objects.requireNonNull(listedAt, "listedAt")),
          certificateId == null
              ? Optional.empty()
              : Optional.of(
                  new Certificate(
                      certificateId,
                      Instant.parse(
                          Objects.requireNonNull(certificateExpiresAt, "certificateExpiresAt")))),
          leaving != null && leaving);
    }
  }
}

package meterveil.meter;

import static java.util.stream.Collectors.toSet;
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
import java.util.Set;
import java.util.UUID;
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
import software.amazon.awssdk.enhanced.dynamodb.TableSchema;
import software.amazon.awssdk.enhanced.dynamodb.mapper.StaticImmutableTableSchema;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.ReturnValue;
import software.amazon.awssdk.services.dynamodb.model.ReturnValuesOnConditionCheckFailure;

/// The `Meters` table: the list of every tenant's meters, one item for each. A meter's name is
/// unique on the platform, as its thing is.
///
/// What an import puts here is on the list when the import is done, and not before: no method finds
/// it until then.
///
/// Safe for use by many threads. Every method throws SdkException when DynamoDB did not answer.
public final class MeterTable {

  /// The index that finds a tenant's meters.
  public static final String BY_TENANT = "byTenant";

  /// Requests under way at once while a list is imported.
  private static final int REQUESTS_AT_ONCE = 16;

  /// Also read by the infrastructure's tests, which hold the deployed keys to it.
  public static final TableSchema<Meter> SCHEMA =
      StaticImmutableTableSchema.builder(Meter.class, Builder.class)
          .newItemBuilder(Builder::new, Builder::toMeter)
          .addAttribute(
              String.class,
              a ->
                  a.name("thing")
                      .getter(meter -> meter.thing().value())
                      .setter((builder, thing) -> builder.thing = thing)
                      .tags(primaryPartitionKey(), secondarySortKey(BY_TENANT)))
          .addAttribute(
              String.class,
              a ->
                  a.name("tenant")
                      .getter(meter -> meter.tenant().value())
                      .setter((builder, tenant) -> builder.tenant = tenant)
                      .tags(secondaryPartitionKey(BY_TENANT)))
          .addAttribute(
              String.class,
              a ->
                  a.name("district")
                      .getter(meter -> meter.listed().district().value())
                      .setter((builder, district) -> builder.district = district))
          .addAttribute(
              String.class,
              a ->
                  a.name("tariffClass")
                      .getter(meter -> meter.listed().tariffClass().name())
                      .setter((builder, tariffClass) -> builder.tariffClass = tariffClass))
          .addAttribute(
              String.class,
              a ->
                  a.name("commodity")
                      .getter(meter -> meter.listed().commodity().name())
                      .setter((builder, commodity) -> builder.commodity = commodity))
          .addAttribute(
              String.class,
              a ->
                  a.name("state")
                      .getter(meter -> meter.state().name())
                      .setter((builder, state) -> builder.state = state))
          .addAttribute(
              String.class,
              a ->
                  a.name("listedAt")
                      .getter(meter -> meter.listedAt().toString())
                      .setter((builder, listedAt) -> builder.listedAt = listedAt))
          .addAttribute(
              String.class,
              a ->
                  a.name("certificateId")
                      .getter(meter -> meter.certificate().map(Certificate::id).orElse(null))
                      .setter((builder, certificateId) -> builder.certificateId = certificateId))
          .addAttribute(
              String.class,
              a ->
                  a.name("certificateExpiresAt")
                      .getter(meter ->
                          meter.certificate().map(it -> it.expiresAt().toString()).orElse(null))
                      .setter((builder, expiresAt) -> builder.certificateExpiresAt = expiresAt))
          .addAttribute(
              Boolean.class,
              a ->
                  a.name("leaving")
                      .getter(Meter::leaving)
                      .setter((builder, leaving) -> builder.leaving = leaving))
          .build();

  private static final String IMPORT_ID = "importId";

  /// An item as it lies there.
  ///
  /// @param importId of the import that put it there
  private record Row(Meter meter, Optional<String> importId) {

    static Row of(Map<String, AttributeValue> item) {
      return new Row(
          SCHEMA.mapToItem(item), Optional.ofNullable(item.get(IMPORT_ID)).map(AttributeValue::s));
    }
  }

  /// A meter that an import is to put here.
  ///
  /// @param left the import that came to no end and has left it here
  private record Missing(ListedMeter listed, Optional<String> left) {}

  private final DynamoDbClient dynamoDb;
  private final ImportTable imports;
  private final String name;

  /// @param dynamoDb what it is reached through
  /// @param name the table's physical name
  public MeterTable(DynamoDbClient dynamoDb, String name) {
    this.dynamoDb = dynamoDb;
    this.name = name;
    imports = new ImportTable(dynamoDb, name);
  }

  /// What is wrong with one meter of an imported list.
  public enum Problem {
    /// Another tenant has a meter of that name.
    OTHER_TENANTS,
    /// It is there with another district, class or commodity.
    LISTED_OTHERWISE,
    /// It was revoked, and stays so.
    REVOKED,
    /// Another import put it there at the same time, or ended this one.
    LISTED_MEANWHILE
  }

  /// What came of an import.
  ///
  /// @param added how many were not there
  /// @param unchanged how many were there as they are
  /// @param problems by meter; if there are any, nothing was added
  public record Imported(int added, int unchanged, Map<ThingName, Problem> problems) {

    public Imported {
      problems = Map.copyOf(problems);
    }
  }

  /// Puts a list's meters onto this one: all of them at one moment, or none if one cannot be or the
  /// import is interrupted. Doing so again changes nothing.
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

    /// One more was put into the table, and is not on the list yet.
    void added();

    /// All were; the next write puts them onto the list.
    default void allAdded() {}
  }

  /// As [#add(List, Instant)], and says how far it has come.
  public Imported add(List<ListedMeter> list, Instant now, Progress progress) {
    var problems = new HashMap<ThingName, Problem>();
    var missing = new ArrayList<Missing>();
    list.stream()
        .gather(
            Gatherers.mapConcurrent(
                REQUESTS_AT_ONCE, listed -> Map.entry(listed, row(listed.thing()))))
        .forEach(it -> {
          ListedMeter listed = it.getKey();
          Optional<Row> there = it.getValue();
          if (there.isPresent() && counts(there.get())) {
            problem(listed, there.get().meter())
                .ifPresent(problem -> problems.put(listed.thing(), problem));
          } else {
            missing.add(new Missing(listed, there.flatMap(Row::importId)));
          }
          progress.checked();
        });
    int there = list.size() - missing.size() - problems.size();
    if (problems.isEmpty() && !missing.isEmpty()) {
      put(missing, now, progress).forEach(thing -> problems.put(thing, Problem.LISTED_MEANWHILE));
    }
    return new Imported(problems.isEmpty() ? missing.size() : 0, there, problems);
  }

  /// @return which of them came onto the list otherwise meanwhile, if any; then none is put there
  private List<ThingName> put(List<Missing> missing, Instant now, Progress progress) {
    Set<String> left = // they are ended, or they might yet be done
        missing.stream().flatMap(meter -> meter.left().stream()).collect(toSet());
    left.removeIf(
        other -> imports.end(other, ImportTable.End.GIVEN_UP) == ImportTable.End.GIVEN_UP);
    if (!left.isEmpty()) { // it was done meanwhile, and what it put here counts
      return missing.stream()
          .filter(meter -> meter.left().filter(left::contains).isPresent())
          .map(meter -> meter.listed().thing())
          .toList();
    }
    String id = UUID.randomUUID().toString();
    var otherwise = new ArrayList<ThingName>();
    missing.stream()
        .gather(
            Gatherers.mapConcurrent(
                REQUESTS_AT_ONCE, meter -> Map.entry(meter, put(meter, id, now))))
        .forEach(done -> {
          progress.added();
          if (!done.getValue()) {
            otherwise.add(done.getKey().listed().thing());
          }
        });
    if (!otherwise.isEmpty()) {
      imports.end(id, ImportTable.End.GIVEN_UP);
      return otherwise;
    }
    progress.allAdded();
    return imports.end(id, ImportTable.End.DONE) == ImportTable.End.DONE
        ? List.of()
        : missing.stream().map(meter -> meter.listed().thing()).toList();
  }

  /// Whether it is on the list.
  private boolean counts(Row row) {
    return row.importId().map(imports::isDone).orElse(true);
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
  private boolean put(Missing missing, String importId, Instant now) {
    ListedMeter listed = missing.listed();
    var item =
        new HashMap<>(
            SCHEMA.itemToMap(new Meter(listed, State.LISTED, now, Optional.empty(), false), true));
    item.put(IMPORT_ID, AttributeValue.fromS(importId));
    try {
      dynamoDb.putItem(put -> {
        put.tableName(name).item(item).conditionExpression("attribute_not_exists(thing)");
        missing
            .left()
            .ifPresent(left ->
                put.conditionExpression("attribute_not_exists(thing) OR importId = :left")
                    .expressionAttributeValues(Map.of(":left", AttributeValue.fromS(left))));
      });
      return true;
    } catch (ConditionalCheckFailedException _) {
      return row(listed.thing())
          .filter(there ->
              there.importId().equals(Optional.of(importId)) // the answer before was lost
                  || (counts(there) && problem(listed, there.meter()).isEmpty()))
          .isPresent();
    }
  }

  private Optional<Row> row(ThingName thing) {
    var item =
        dynamoDb.getItem(get -> get.tableName(name).key(key(thing)).consistentRead(true)).item();
    return item.isEmpty() ? Optional.empty() : Optional.of(Row.of(item));
  }

  /// The meter of that name.
  public Optional<Meter> find(ThingName thing) {
    return row(thing).filter(this::counts).map(Row::meter);
  }

  /// Every meter of a tenant, in the order of their names, read page by page. What was changed in
  /// the last second may be missing.
  public Stream<Meter> of(TenantId tenant) {
    var done = new HashMap<String, Boolean>();
    return dynamoDb
        .queryPaginator(query ->
            query
                .tableName(name)
                .indexName(BY_TENANT)
                .keyConditionExpression("#tenant = :tenant")
                .expressionAttributeNames(Map.of("#tenant", "tenant"))
                .expressionAttributeValues(Map.of(":tenant", AttributeValue.fromS(tenant.value()))))
        .items()
        .stream()
        .map(Row::of)
        .filter(
            row -> row.importId().map(id -> done.computeIfAbsent(id, imports::isDone)).orElse(true))
        .map(Row::meter);
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
    if (find(thing).isEmpty()) {
      return new Verdict.Refused(Reason.NOT_LISTED);
    }
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
                      .returnValues(ReturnValue.ALL_NEW)
                      .returnValuesOnConditionCheckFailure(
                          ReturnValuesOnConditionCheckFailure.ALL_OLD))
              .attributes();
      return new Verdict.Admitted(SCHEMA.mapToItem(item));
    } catch (ConditionalCheckFailedException e) {
      return new Verdict.Refused(
          e.hasItem() ? refusal(SCHEMA.mapToItem(e.item())) : Reason.NOT_LISTED);
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

  private static final class Builder {
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

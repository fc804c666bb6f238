package meterveil.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import meterveil.block.BlockLength;
import meterveil.block.Epoch;
import meterveil.cohort.CohortId;
import meterveil.cohort.DistrictId;
import meterveil.cohort.TariffClass;
import meterveil.emulator.Place;
import meterveil.energy.Commodity;
import meterveil.meter.ThingName;
import meterveil.tenant.TenantId;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

@Tag("place")
class AssignmentTableTest {

  private static final DynamoDbClient DYNAMO_DB = Place.ofThisRun().dynamoDb();
  private static final String NAME =
      Place.ofThisRun()
          .table("assignments", AssignmentTable.PARTITION_KEY, AssignmentTable.SORT_KEY);
  private static final Epoch EPOCH = new Epoch(524);

  private final AssignmentTable table = new AssignmentTable(DYNAMO_DB, NAME);

  @Test
  void writesDownWhatIsDone() {
    var tenant = new TenantId("grid");
    var plan = table.store(tenant, EPOCH, "first", List.of(place(tenant)));

    table.cohortsKept(plan);
    table.done(plan, 3);
    table.done(plan, 3);
    table.done(plan, 15);

    var found = table.find(tenant, EPOCH).orElseThrow();
    assertThat(found.attempt()).isEqualTo("first");
    assertThat(found.cohortsKept()).isTrue();
    assertThat(found.shardsDone()).containsExactlyInAnyOrder(3, 15);
  }

  /// DynamoDB deletes it between a planner's look at it and what the planner writes down.
  @Test
  void doesNotBringBackAPlanThatHasExpired() {
    var tenant = new TenantId("late");
    var plan = table.store(tenant, EPOCH, "first", List.of(place(tenant)));
    DYNAMO_DB.deleteItem(delete ->
        delete
            .tableName(NAME)
            .key(
                Map.of(
                    AssignmentTable.PARTITION_KEY, AttributeValue.fromS("late#524"),
                    AssignmentTable.SORT_KEY, AttributeValue.fromS("*"))));

    table.cohortsKept(plan);
    table.done(plan, 3);

    assertThat(table.find(tenant, EPOCH)).isEmpty();
  }

  private static Assignment place(TenantId tenant) {
    return Assignment.of(
        tenant,
        new ThingName("m0"),
        CohortId.of(EPOCH, "north-re-1"),
        BlockLength.DAY,
        new DistrictId("north"),
        TariffClass.RESIDENTIAL,
        Commodity.ELECTRICITY);
  }
}

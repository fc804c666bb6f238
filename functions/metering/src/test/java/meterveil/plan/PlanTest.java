package meterveil.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.stream.IntStream;
import meterveil.block.BlockLength;
import meterveil.block.Epoch;
import meterveil.cohort.Cohort;
import meterveil.cohort.DistrictId;
import meterveil.cohort.TariffClass;
import meterveil.energy.Commodity;
import meterveil.meter.ListedMeter;
import meterveil.meter.ThingName;
import meterveil.plan.MeterListCsv.BadListException;
import meterveil.tenant.TenantId;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PlanTest {

  private static final Epoch EPOCH = new Epoch(523);

  private static List<ListedMeter> meters(int count, String district) {
    return IntStream.range(0, count)
        .mapToObj(i ->
            new ListedMeter(
                new ThingName(district + "-" + i),
                new TenantId("grid"),
                new DistrictId(district),
                TariffClass.RESIDENTIAL,
                Commodity.ELECTRICITY))
        .toList();
  }

  private static Plan plan(List<ListedMeter> meters) {
    return Plan.make(EPOCH, meters, Plan.COHORT_SIZE, BlockLength.DAY, new Random(1));
  }

  @Property(tries = 200)
  void dealsEveryMeterToOneCohortOfItsOwnKind(@ForAll @IntRange(min = 1, max = 2000) int count) {
    Plan plan = plan(meters(count, "north"));

    assertThat(plan.memberships()).hasSize(count);
    assertThat(plan.cohorts().stream().mapToInt(Cohort::members).sum()).isEqualTo(count);
    assertThat(plan.cohorts())
        .allSatisfy(cohort -> assertThat(cohort.members()).isLessThanOrEqualTo(75));
    int smallest = plan.cohorts().stream().mapToInt(Cohort::members).min().orElseThrow();
    int largest = plan.cohorts().stream().mapToInt(Cohort::members).max().orElseThrow();
    assertThat(largest - smallest).isLessThanOrEqualTo(1);
    if (count >= 100) {
      assertThat(smallest).isGreaterThanOrEqualTo(38);
    }
  }

  @Test
  void dealsHundredsOfThousandsOfMetersOfOneDistrict() {
    Plan plan = plan(meters(400_000, "north"));
    assertThat(plan.memberships()).hasSize(400_000);
    assertThat(plan.cohorts()).hasSize(8_000).allMatch(cohort -> cohort.members() == 50);
  }

  @Test
  void keepsDistrictsApart() {
    var both = new ArrayList<>(meters(100, "north"));
    both.addAll(meters(100, "south"));
    Plan plan = plan(both);

    assertThat(plan.cohorts())
        .extracting(cohort -> cohort.id().value())
        .containsExactly(
            "00523-north-re-1", "00523-north-re-2", "00523-south-re-1", "00523-south-re-2");
    plan.memberships()
        .forEach((thing, membership) ->
            assertThat(membership.cohort().value()).contains(thing.value().substring(0, 5)));
  }

  @Test
  void dealsAnewForEachEpoch() {
    var random = new Random(1);
    Plan one = Plan.make(EPOCH, meters(100, "north"), 50, BlockLength.DAY, random);
    Plan two = Plan.make(EPOCH.next(), meters(100, "north"), 50, BlockLength.DAY, random);
    long stayed =
        one.memberships().keySet().stream()
            .filter(thing -> number(one, thing).equals(number(two, thing)))
            .count();
    assertThat(stayed).isBetween(30L, 70L);
    assertThat(Plan.attribute(new Epoch(524))).isEqualTo("cohortA");
    assertThat(Plan.attribute(new Epoch(523))).isEqualTo("cohortB");
  }

  private static String number(Plan plan, ThingName thing) {
    return Objects.requireNonNull(plan.memberships().get(thing)).cohort().value().substring(5);
  }

  @Test
  void refusesAMeterListedTwice() {
    var twice = List.of(meters(1, "north").getFirst(), meters(1, "north").getFirst());
    assertThatIllegalArgumentException().isThrownBy(() -> plan(twice));
  }

  @Test
  void readsAListOfMeters(@TempDir Path folder) throws IOException, BadListException {
    Path file = folder.resolve("meters.csv");
    Files.writeString(
        file,
        """
        thing,tenant,district,tariffClass,commodity
        m-1,grid,north,residential,electricity
        m-2,grid,south,small-business,gas
        """);
    assertThat(MeterListCsv.read(file))
        .containsExactly(
            new ListedMeter(
                new ThingName("m-1"),
                new TenantId("grid"),
                new DistrictId("north"),
                TariffClass.RESIDENTIAL,
                Commodity.ELECTRICITY),
            new ListedMeter(
                new ThingName("m-2"),
                new TenantId("grid"),
                new DistrictId("south"),
                TariffClass.SMALL_BUSINESS,
                Commodity.GAS));
  }

  @Test
  void saysWhatIsWrongWithAListLineByLine(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("meters.csv");
    Files.writeString(
        file,
        """
        thing,tenant,district,tariffClass,commodity
        m-1,grid,north,residential,water
        m/2,grid,north,residential,electricity
        m-3,grid,north,residential,electricity
        m-3,grid,north,residential,electricity
        m-4,grid,north,residential
        m-5,grid,north,residential,electricity,
        """);
    assertThatThrownBy(() -> MeterListCsv.read(file))
        .isInstanceOfSatisfying(
            BadListException.class,
            bad ->
                assertThat(bad.problems())
                    .containsExactly(
                        "line 2: there is no commodity \"water\"",
                        "line 3: a thing's name has 1 to 64 letters, digits, hyphens or"
                            + " underscores",
                        "line 5: m-3 is listed twice",
                        "line 6: 4 fields in place of 5",
                        "line 7: 6 fields in place of 5"));

    Files.writeString(file, "thing;tenant\nm;g\n");
    assertThatThrownBy(() -> MeterListCsv.read(file)).hasMessageContaining("line 1: the header");
    Files.writeString(file, "");
    assertThatThrownBy(() -> MeterListCsv.read(file)).hasMessageContaining("no meter");
  }
}

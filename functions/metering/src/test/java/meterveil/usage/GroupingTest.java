package meterveil.usage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SequencedMap;
import meterveil.block.BlockLength;
import meterveil.cell.CellTotal;
import meterveil.cohort.Cohort;
import meterveil.cohort.CohortId;
import meterveil.cohort.DistrictId;
import meterveil.cohort.TariffClass;
import meterveil.energy.Commodity;
import meterveil.energy.WattHours;
import meterveil.tenant.TenantId;
import meterveil.usage.Grouping.Group;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class GroupingTest {

  private static Cohort cohort(String district, int number, Commodity commodity, int members) {
    return new Cohort(
        new TenantId("grid"),
        new CohortId("00523-%s-%03d".formatted(district, number)),
        new DistrictId(district),
        TariffClass.RESIDENTIAL,
        commodity,
        members,
        BlockLength.DAY);
  }

  private static Cohort cohort(String district, int number) {
    return cohort(district, number, Commodity.ELECTRICITY, 50);
  }

  private static CellTotal cell(int count, long energyWh, long largestWh) {
    return new CellTotal(count, new WattHours(energyWh), new WattHours(largestWh));
  }

  private static final CellTotal GOOD = cell(50, 20_000, 2_000);
  private static final CellTotal DOMINATED = cell(50, 10_000, 2_000);
  private static final CellTotal FEW = cell(14, 10_000, 1_000);

  private static SequencedMap<Cohort, CellTotal> cells(Object... cohortsAndCells) {
    var cells = new LinkedHashMap<Cohort, CellTotal>();
    for (int i = 0; i < cohortsAndCells.length; i += 2) {
      cells.put((Cohort) cohortsAndCells[i], (CellTotal) cohortsAndCells[i + 1]);
    }
    return cells;
  }

  private static Group group(boolean released, Cohort... cohorts) {
    return new Group(List.of(cohorts).stream().map(Cohort::id).toList(), released);
  }

  private final Cohort north1 = cohort("north", 1);
  private final Cohort north2 = cohort("north", 2);
  private final Cohort north3 = cohort("north", 3);
  private final Cohort south1 = cohort("south", 1);
  private final Cohort south2 = cohort("south", 2);

  @Test
  @DisplayName("T5 at 15 meters and 15 % exactly a cell is released, below and above it is not")
  void holdsAtTheLimits() {
    assertThat(ReleaseRule.holds(cell(15, 10_000, 1_500))).isTrue();
    assertThat(ReleaseRule.holds(cell(14, 10_000, 1_500))).isFalse();
    assertThat(ReleaseRule.holds(cell(15, 10_000, 1_501))).isFalse();
    assertThat(ReleaseRule.holds(cell(15, 0, 0))).isTrue();
  }

  @Test
  void leavesCellsThatHoldAsTheyAre() {
    assertThat(Grouping.decide(cells(north1, GOOD, north2, GOOD)).groups())
        .containsExactly(group(true, north1), group(true, north2));
  }

  @Test
  void mergesFailingCellsOfADistrictBeforeTouchingOthers() {
    assertThat(Grouping.decide(cells(north1, DOMINATED, north2, GOOD, north3, DOMINATED)).groups())
        .containsExactly(group(true, north1, north3), group(true, north2));
  }

  @Test
  void takesInASiblingThatHoldsWhereNoOtherIsLeft() {
    assertThat(
            Grouping.decide(cells(north1, GOOD, north2, FEW, north3, GOOD, south1, GOOD)).groups())
        .containsExactly(group(true, north1, north2), group(true, north3), group(true, south1));
  }

  @Test
  void goesToTheTenantWhereTheDistrictCannotMend() {
    assertThat(Grouping.decide(cells(north1, FEW, south1, GOOD, south2, GOOD)).groups())
        .containsExactly(group(true, north1, south1), group(true, south2));
  }

  @Test
  void suppressesWhatNeverHolds() {
    assertThat(
            Grouping.decide(cells(north1, cell(7, 10_000, 2_500), south1, cell(7, 10, 5))).groups())
        .containsExactly(group(false, north1, south1));
  }

  /// A night of district heat in which one home of thousands is at home.
  @Test
  void takesInNoMoreThanAnItemCanName() {
    var cells = new LinkedHashMap<Cohort, CellTotal>();
    cells.put(north1, DOMINATED);
    for (int i = 2; i <= Grouping.COHORTS_MAX + 7; i++) {
      cells.put(cohort("north", i), cell(50, 0, 0));
    }
    cells.put(south1, GOOD);
    List<Group> groups = Grouping.decide(cells).groups();
    assertThat(groups)
        .filteredOn(group -> !group.released())
        .singleElement()
        .satisfies(group -> assertThat(group.cohorts()).hasSize(Grouping.COHORTS_MAX));
    assertThat(groups).filteredOn(Group::released).hasSize(7 + 1).contains(group(true, south1));
  }

  @Test
  void mergesNothingIntoACellWithoutMeters() {
    assertThat(Grouping.decide(cells(north1, CellTotal.EMPTY, north2, GOOD)).groups())
        .containsExactly(group(false, north1), group(true, north2));
  }

  @Test
  void neverAddsUpDifferentCommodities() {
    var gas = cohort("north", 4, Commodity.GAS, 50);
    assertThat(Grouping.decide(cells(north1, GOOD, gas, FEW)).groups())
        .containsExactly(group(true, north1), group(false, gas));
  }

  @Property(tries = 300)
  void partitionsTheCohortsAndReleasesNothingAgainstTheRule(@ForAll long seed) {
    var random = new Random(seed);
    var cells = new LinkedHashMap<Cohort, CellTotal>();
    for (int district = 0; district < 1 + random.nextInt(4); district++) {
      for (int i = 0; i < 1 + random.nextInt(6); i++) {
        int count = random.nextInt(5) == 0 ? 0 : random.nextInt(75);
        long largest = count == 0 ? 0 : random.nextInt(2_500);
        long energy =
            count == 0 ? 0 : largest + (long) (random.nextDouble() * (count - 1) * largest);
        cells.put(cohort("d" + district, i), cell(count, energy, largest));
      }
    }

    Grouping grouping = Grouping.decide(cells);

    var all = new ArrayList<CohortId>();
    grouping.groups().forEach(group -> all.addAll(group.cohorts()));
    assertThat(all).hasSameSizeAs(cells.keySet()).doesNotHaveDuplicates();
    var suppressed = CellTotal.EMPTY;
    int failingGroups = 0;
    for (Group group : grouping.groups()) {
      CellTotal total =
          cells.entrySet().stream()
              .filter(entry -> group.cohorts().contains(entry.getKey().id()))
              .map(Map.Entry::getValue)
              .reduce(CellTotal.EMPTY, CellTotal::plus);
      assertThat(ReleaseRule.holds(total) && total.count() > 0).isEqualTo(group.released());
      if (!group.released()) {
        suppressed = suppressed.plus(total);
        failingGroups += total.count() > 0 ? 1 : 0;
      }
    }
    if (failingGroups > 0) {
      assertThat(grouping.groups().stream().noneMatch(Group::released))
          .as("something is suppressed only if the whole tenant's cell fails")
          .isTrue();
    }
    assertThat(Grouping.decide(cells)).isEqualTo(grouping);
  }

  @Test
  @DisplayName("T5 suppressed cells of 1 to 14 meters are found, by commodity")
  void knowsWhetherItSuppressesTooFew() {
    var gas = cohort("north", 4, Commodity.GAS, 50);
    assertThat(suppressesTooFew(north1, GOOD, north2, CellTotal.EMPTY)).isFalse();
    assertThat(suppressesTooFew(north1, GOOD, gas, cell(1, 100, 100))).isTrue();
    assertThat(suppressesTooFew(north1, GOOD, gas, FEW)).isTrue();
    assertThat(suppressesTooFew(north1, GOOD, gas, cell(15, 10_000, 2_000))).isFalse();
    assertThat(suppressesTooFew(north1, cell(8, 10, 5), south1, cell(7, 10, 5))).isFalse();
    assertThat(suppressesTooFew(north1, cell(8, 10, 5), gas, cell(7, 10, 5))).isTrue();
  }

  private static boolean suppressesTooFew(Object... cohortsAndCells) {
    var cells = cells(cohortsAndCells);
    return Grouping.decide(cells).suppressesTooFew(cells);
  }

  @Test
  @DisplayName("T5 no cohort's energy is in two cells of an hour")
  void refusesACohortInTwoGroups() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Grouping(List.of(group(true, north1), group(true, north1, north2))));
  }

  @Test
  @DisplayName("T5 released cells that differ by 1 to 14 meters are refused")
  void refusesCellsThatDifferByFewMeters() {
    var small = cohort("north", 8, Commodity.ELECTRICITY, 7);
    var smaller = cohort("north", 9, Commodity.ELECTRICITY, 7);
    var grouping = new Grouping(List.of(group(true, small), group(true, smaller)));

    assertThatIllegalStateException()
        .isThrownBy(() -> grouping.refuseDifferences(List.of(small, smaller)));
    new Grouping(List.of(group(true, north1), group(true, small)))
        .refuseDifferences(List.of(north1, small));
  }
}

package meterveil.usage;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.toList;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import meterveil.cell.CellTotal;
import meterveil.cohort.Cohort;
import meterveil.cohort.CohortId;

/// Which cells of one hour are released as they are, which as one with others, and which not at
/// all.
///
/// Every cohort is in exactly one group: were a failing cell merged with a sibling that is released
/// by itself too, subtraction would give it away.
///
/// @param groups a partition of the cohorts, in the order of their first ones
public record Grouping(List<Group> groups) {

  /// The most cohorts of a group: a cell names all of them in an item, which DynamoDB takes up to
  /// 400 KB of.
  public static final int COHORTS_MAX = 5_000;

  /// Cohorts whose cells are released, or suppressed, together.
  ///
  /// @param cohorts at least one, in the order of their names
  /// @param released false if the group is suppressed
  public record Group(List<CohortId> cohorts, boolean released) {

    public Group {
      cohorts = cohorts.stream().sorted().toList();
      if (cohorts.isEmpty()) {
        throw new IllegalArgumentException("a group without a cohort");
      }
    }

    /// How its cell is formed.
    public Formed formed() {
      if (!released) {
        return Formed.SUPPRESSED;
      }
      return cohorts.size() == 1 ? Formed.OWN : Formed.MERGED;
    }
  }

  /// @throws IllegalArgumentException if a cohort is in two groups
  public Grouping {
    groups =
        groups.stream().sorted(Comparator.comparing(group -> group.cohorts().getFirst())).toList();
    var seen = new HashSet<CohortId>();
    for (Group group : groups) {
      for (CohortId cohort : group.cohorts()) {
        if (!seen.add(cohort)) {
          throw new IllegalArgumentException("cohort %s is in two groups".formatted(cohort));
        }
      }
    }
  }

  /// Decides for one hour. The answer depends on nothing but the arguments.
  ///
  /// A cell that may not be released takes in siblings of its district, one after the other, until
  /// the rule holds: those that fail too before those that need not be touched, each kind in the
  /// order of their names. What a whole district cannot mend takes in groups of the tenant's other
  /// districts in the same way. A cell without any meter has nothing to be merged. What
  /// [#COHORTS_MAX] cohorts cannot mend is suppressed with them.
  ///
  /// @param cells one cell for each cohort of the tenant and epoch, in the order of their names
  public static Grouping decide(SequencedMap<Cohort, CellTotal> cells) {
    var groups = new ArrayList<Group>();
    cells.forEach((cohort, cell) -> {
      if (cell.count() == 0) {
        groups.add(new Group(List.of(cohort.id()), false));
      }
    });
    cells.entrySet().stream()
        .filter(entry -> entry.getValue().count() > 0)
        .collect(
            groupingBy(
                entry -> entry.getKey().commodity(),
                TreeMap::new,
                groupingBy(entry -> entry.getKey().district(), TreeMap::new, toList())))
        .values()
        .forEach(districts -> {
          var parts = new ArrayList<Part>();
          for (var district : districts.values()) {
            var merged =
                merge(
                    district.stream()
                        .map(e -> new Part(List.of(e.getKey().id()), e.getValue()))
                        .toList());
            parts.addAll(merged.holding());
            parts.addAll(merged.left());
          }
          var merged = merge(parts);
          merged.holding().forEach(part -> groups.add(new Group(part.cohorts(), true)));
          merged.left().forEach(part -> groups.add(new Group(part.cohorts(), false)));
        });
    return new Grouping(groups);
  }

  /// Cohorts on their way into a group.
  private record Part(List<CohortId> cohorts, CellTotal total) {

    boolean holds() {
      return ReleaseRule.holds(total);
    }

    boolean hasRoomFor(Part other) {
      return cohorts.size() + other.cohorts.size() <= COHORTS_MAX;
    }

    Part plus(Part other) {
      return new Part(
          Stream.concat(cohorts.stream(), other.cohorts.stream()).toList(),
          total.plus(other.total));
    }
  }

  private record Merged(List<Part> holding, List<Part> left) {}

  private static Merged merge(List<Part> parts) {
    var holding = new ArrayDeque<Part>();
    var failing = new ArrayDeque<Part>();
    var left = new ArrayList<Part>();
    parts.forEach(part -> (part.holds() ? holding : failing).add(part));
    while (!failing.isEmpty()) {
      Part group = failing.removeFirst();
      for (var others = failing.isEmpty() ? holding : failing;
          !group.holds() && !others.isEmpty() && group.hasRoomFor(others.getFirst());
          others = failing.isEmpty() ? holding : failing) {
        group = group.plus(others.removeFirst());
      }
      (group.holds() ? holding : left).add(group);
    }
    return new Merged(List.copyOf(holding), left);
  }

  /// Whether it suppresses a cell of some meters, but too few.
  ///
  /// @param cells one cell for each cohort of the groups
  public boolean suppressesTooFew(Map<Cohort, CellTotal> cells) {
    var counts = new HashMap<CohortId, Integer>();
    cells.forEach((cohort, cell) -> counts.put(cohort.id(), cell.count()));
    return groups.stream()
        .filter(group -> !group.released())
        .mapToInt(group -> group.cohorts().stream().mapToInt(counts::get).sum())
        .anyMatch(ReleaseRule::isTooFew);
  }

  /// Refuses released cells whose members differ by so few meters that subtracting one from the
  /// other would tell of them. Cells of a partition differ by all members of both.
  ///
  /// @param cohorts every cohort of the groups, with its members
  /// @throws IllegalStateException if two differ by 1 to 14 meters
  public void refuseDifferences(List<Cohort> cohorts) {
    var members = new TreeMap<CohortId, Integer>();
    cohorts.forEach(cohort -> members.put(cohort.id(), cohort.members()));
    List<Integer> smallest =
        groups.stream()
            .filter(Group::released)
            .map(group -> group.cohorts().stream().mapToInt(members::get).sum())
            .sorted()
            .limit(2)
            .toList();
    if (smallest.size() == 2 && smallest.get(0) + smallest.get(1) < ReleaseRule.METERS_MIN) {
      throw new IllegalStateException("two released cells differ by too few meters");
    }
  }
}

package meterveil.plan;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.toCollection;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntUnaryOperator;
import java.util.random.RandomGenerator;
import meterveil.block.BlockLength;
import meterveil.block.Epoch;
import meterveil.cohort.Cohort;
import meterveil.cohort.CohortId;
import meterveil.cohort.DistrictId;
import meterveil.cohort.TariffClass;
import meterveil.energy.Commodity;
import meterveil.meter.ListedMeter;
import meterveil.meter.MeterSettings.Membership;
import meterveil.meter.ThingName;
import meterveil.tenant.TenantId;

/// The cohorts of one epoch and who is in them.
///
/// @param epoch for which it holds
/// @param cohorts in the order of tenant and name
/// @param memberships one for each meter
public record Plan(Epoch epoch, List<Cohort> cohorts, Map<ThingName, Membership> memberships) {

  /// The size cohorts are made for, where the number of meters allows: at 50 homes one has more
  /// than 15 % of the energy in 9 hours of 100.
  public static final int COHORT_SIZE = 50;

  public Plan {
    cohorts = List.copyOf(cohorts);
    memberships = Map.copyOf(memberships);
  }

  private record Kind(
      TenantId tenant, DistrictId district, TariffClass tariffClass, Commodity commodity) {

    private static final Comparator<Kind> ORDER =
        Comparator.comparing(Kind::tenant)
            .thenComparing(Kind::district)
            .thenComparing(Kind::tariffClass)
            .thenComparing(Kind::commodity);

    /// District, two letters for class and commodity, and a number.
    String name(int number) {
      return "%s-%s%s-%d"
          .formatted(district, letter(tariffClass.name()), letter(commodity.name()), number);
    }

    private static String letter(String name) {
      return name.substring(0, 1).toLowerCase(Locale.ROOT);
    }
  }

  /// Deals meters out to cohorts of the same tenant, district, class and commodity, as even in size
  /// as can be.
  ///
  /// @param meters each meter once
  /// @param cohortSize the size to come close to, 1 to [Cohort#MEMBERS_MAX]
  /// @param blockLength what the meters report at once in this epoch
  /// @param random who comes to whom; secure where it matters, seeded where a run must be repeated
  /// @throws IllegalArgumentException if a meter is listed twice, or `cohortSize` is outside its
  ///   limits
  public static Plan make(
      Epoch epoch,
      List<ListedMeter> meters,
      int cohortSize,
      BlockLength blockLength,
      RandomGenerator random) {
    if (cohortSize < 1 || cohortSize > Cohort.MEMBERS_MAX) {
      throw new IllegalArgumentException(
          "cohorts have 1 to %d meters, not %d".formatted(Cohort.MEMBERS_MAX, cohortSize));
    }
    return make(epoch, meters, of -> cohortCount(of, cohortSize), blockLength, random);
  }

  /// Deals meters out as above, to as many cohorts as are asked for.
  ///
  /// @param cohortsOf how many, of how many meters of the same tenant, district, class and
  ///   commodity: 1 or more, and so many that none has more than [Cohort#MEMBERS_MAX]
  /// @throws IllegalArgumentException if a meter is listed twice, or a cohort has none or too many
  public static Plan make(
      Epoch epoch,
      List<ListedMeter> meters,
      IntUnaryOperator cohortsOf,
      BlockLength blockLength,
      RandomGenerator random) {
    var cohorts = new ArrayList<Cohort>();
    var memberships = new HashMap<ThingName, Membership>();
    Map<Kind, List<ListedMeter>> kinds =
        meters.stream()
            .sorted(Comparator.comparing(ListedMeter::thing))
            .collect(
                groupingBy(
                    m -> new Kind(m.tenant(), m.district(), m.tariffClass(), m.commodity()),
                    () -> new TreeMap<>(Kind.ORDER),
                    toCollection(ArrayList::new)));
    kinds.forEach((kind, members) -> {
      Collections.shuffle(members, random);
      int count = cohortsOf.applyAsInt(members.size());
      for (int i = 0; i < count; i++) {
        List<ListedMeter> dealt =
            members.subList(share(members.size(), i, count), share(members.size(), i + 1, count));
        var cohort =
            new Cohort(
                kind.tenant(),
                CohortId.of(epoch, kind.name(i + 1)),
                kind.district(),
                kind.tariffClass(),
                kind.commodity(),
                dealt.size(),
                blockLength);
        cohorts.add(cohort);
        for (ListedMeter meter : dealt) {
          if (memberships.put(meter.thing(), new Membership(cohort.id(), blockLength)) != null) {
            throw new IllegalArgumentException("meter %s is listed twice".formatted(meter.thing()));
          }
        }
      }
    });
    return new Plan(epoch, cohorts, memberships);
  }

  /// The first of so many parts of as even a size as can be: their members together.
  private static int share(int members, int parts, int count) {
    return Math.toIntExact((long) members * parts / count);
  }

  private static int cohortCount(int meters, int cohortSize) {
    int nearest = Math.max(1, Math.toIntExact(Math.round((double) meters / cohortSize)));
    int fewest = Math.ceilDiv(meters, Cohort.MEMBERS_MAX);
    return Math.max(nearest, fewest);
  }

  /// The name of the thing attribute that holds the cohort of an epoch. The two alternate, so that
  /// the next epoch's can be filled in while this one's is in use.
  public static String attribute(Epoch epoch) {
    return epoch.number() % 2 == 0 ? "cohortA" : "cohortB";
  }
}

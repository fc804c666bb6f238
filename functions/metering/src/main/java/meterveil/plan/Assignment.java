package meterveil.plan;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.toList;

import java.util.Collection;
import java.util.List;
import java.util.TreeMap;
import meterveil.block.BlockLength;
import meterveil.cohort.Cohort;
import meterveil.cohort.CohortId;
import meterveil.cohort.DistrictId;
import meterveil.cohort.TariffClass;
import meterveil.energy.Commodity;
import meterveil.meter.ListedMeter;
import meterveil.meter.MeterSettings.Membership;
import meterveil.meter.ThingName;
import meterveil.tenant.TenantId;

/// One meter's place in a stored plan.
///
/// @param meter as it was listed when the plan was made
/// @param membership its cohort, and what it reports at once
public record Assignment(ListedMeter meter, Membership membership) {

  /// Every place of a plan.
  ///
  /// @param meters that the plan was made of
  public static List<Assignment> of(Plan plan, Collection<ListedMeter> meters) {
    return meters.stream()
        .map(meter -> {
          var membership = plan.memberships().get(meter.thing());
          if (membership == null) {
            throw new IllegalArgumentException("a meter that the plan was not made of");
          }
          return new Assignment(meter, membership);
        })
        .toList();
  }

  /// The cohorts that all places of a plan make.
  ///
  /// @param all every place of one plan
  public static List<Cohort> cohorts(Collection<Assignment> all) {
    return all.stream()
        .collect(groupingBy(Assignment::cohort, TreeMap::new, toList()))
        .values()
        .stream()
        .map(members -> {
          var first = members.getFirst();
          return new Cohort(
              first.tenant(),
              first.cohort(),
              first.meter.district(),
              first.meter.tariffClass(),
              first.meter.commodity(),
              members.size(),
              first.membership.blockLength());
        })
        .toList();
  }

  /// The meter's name.
  public ThingName thing() {
    return meter.thing();
  }

  /// Whose it is.
  public TenantId tenant() {
    return meter.tenant();
  }

  /// Its cohort.
  public CohortId cohort() {
    return membership.cohort();
  }

  /// The same from what is stored of it.
  static Assignment of(
      TenantId tenant,
      ThingName thing,
      CohortId cohort,
      BlockLength blockLength,
      DistrictId district,
      TariffClass tariffClass,
      Commodity commodity) {
    return new Assignment(
        new ListedMeter(thing, tenant, district, tariffClass, commodity),
        new Membership(cohort, blockLength));
  }
}

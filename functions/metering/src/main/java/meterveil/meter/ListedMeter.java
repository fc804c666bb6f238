package meterveil.meter;

import meterveil.cohort.DistrictId;
import meterveil.cohort.TariffClass;
import meterveil.energy.Commodity;
import meterveil.tenant.TenantId;

/// One line of a utility's list of meters.
///
/// @param thing the meter
/// @param tenant the utility
/// @param district where it is
/// @param tariffClass whom it serves
/// @param commodity what it measures
public record ListedMeter(
    ThingName thing,
    TenantId tenant,
    DistrictId district,
    TariffClass tariffClass,
    Commodity commodity) {}

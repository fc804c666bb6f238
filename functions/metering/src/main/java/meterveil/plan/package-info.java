/// Who is in which cohort: planned anew for each epoch from a utility's list of meters.
///
/// 1. {@link meterveil.plan.MeterListCsv} reads the list;
/// 2. {@link meterveil.plan.Plan#make} deals the meters out;
/// 3. {@link meterveil.plan.Rollout} keeps the cohorts, without their members, and tells each meter
///    where it belongs. Who is in which cohort is stored nowhere but with the meter: in its thing's
///    attributes and its retained settings.
@NullMarked
package meterveil.plan;

import org.jspecify.annotations.NullMarked;

/// Who is in which cohort: planned anew for each epoch from a utility's list of meters.
///
/// 1. {@link meterveil.plan.MeterListCsv} reads the list;
/// 2. {@link meterveil.plan.Plan#make} deals the meters out;
/// 3. {@link meterveil.plan.AssignmentTable} keeps who comes to which cohort while a plan is put
///    into force, and for three days of its epoch; after that it is known with the meter alone: in
///    its thing's attributes and its retained settings;
/// 4. {@link meterveil.plan.Rollout}, on one machine, puts plans into force at once: it keeps the
///    cohorts, without their members, and tells each meter where it belongs.
@NullMarked
package meterveil.plan;

import org.jspecify.annotations.NullMarked;

/// What is released: cells of cohorts that are large and even enough to tell nothing of one home.
///
/// 1. {@link meterveil.usage.ReleaseRule} says when a cell may be released: the 15/15 rule.
/// 2. {@link meterveil.usage.Grouping} merges the cells of an hour that may not with siblings until
///    they may, and suppresses the rest. It is decided once and stored by {@link
///    meterveil.usage.GroupingTable}.
/// 3. {@link meterveil.usage.UsageTable} keeps the released cells, and passes over what has
///    expired.
/// 4. {@link meterveil.usage.ReconciliationTable} keeps, per day, where the energy went.
@NullMarked
package meterveil.usage;

import org.jspecify.annotations.NullMarked;

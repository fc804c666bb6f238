/// Cohorts: the fixed sets of meters whose running totals are kept in place of readings.
@NullMarked
package meterveil.cohort;

import org.jspecify.annotations.NullMarked;

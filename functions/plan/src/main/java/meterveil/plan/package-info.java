/// The plan function: puts the cohorts of the next epoch into force during the day before it.
@NullMarked
package meterveil.plan;

import org.jspecify.annotations.NullMarked;

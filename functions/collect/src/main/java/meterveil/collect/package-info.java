/// The collect function: a meter's message in, its cohort's totals changed, nothing kept of it.
@NullMarked
package meterveil.collect;

import org.jspecify.annotations.NullMarked;

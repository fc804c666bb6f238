/// What it costs, from counts of a run and AWS's list prices.
@NullMarked
package meterveil.benchmarks.price;

import org.jspecify.annotations.NullMarked;

@NullMarked
package meterveil.benchmarks.price;

import org.jspecify.annotations.NullMarked;

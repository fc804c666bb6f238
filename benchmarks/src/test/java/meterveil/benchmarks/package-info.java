@NullMarked
package meterveil.benchmarks;

import org.jspecify.annotations.NullMarked;

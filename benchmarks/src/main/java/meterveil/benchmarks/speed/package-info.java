/// How fast it is, and beside what.
@NullMarked
package meterveil.benchmarks.speed;

import org.jspecify.annotations.NullMarked;

@NullMarked
package meterveil.benchmarks.privacy;

import org.jspecify.annotations.NullMarked;

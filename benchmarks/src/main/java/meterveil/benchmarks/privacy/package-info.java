/// What somebody who holds the stores can find out about a home.
@NullMarked
package meterveil.benchmarks.privacy;

import org.jspecify.annotations.NullMarked;

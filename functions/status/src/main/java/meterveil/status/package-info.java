/// The status function: keeps what a meter says of itself, in the package that knows how.
@NullMarked
package meterveil.status;

import org.jspecify.annotations.NullMarked;

/// Quantities of energy, and how large one may be.
@NullMarked
package meterveil.energy;

import org.jspecify.annotations.NullMarked;

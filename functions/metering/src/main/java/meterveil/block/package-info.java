/// Time as the platform counts it: whole UTC hours in aligned blocks, blocks in days, days in
/// epochs.
@NullMarked
package meterveil.block;

import org.jspecify.annotations.NullMarked;

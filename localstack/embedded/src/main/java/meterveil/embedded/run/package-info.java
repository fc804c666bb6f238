/// The run: what a newcomer starts with `scripts/run`.
@NullMarked
package meterveil.embedded.run;

import org.jspecify.annotations.NullMarked;

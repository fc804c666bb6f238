/// The presence function: keeps whether a meter is connected, as the broker tells it.
@NullMarked
package meterveil.presence;

import org.jspecify.annotations.NullMarked;

/// Meters: their names, the topics they speak on, and what the platform tells them.
@NullMarked
package meterveil.meter;

import org.jspecify.annotations.NullMarked;

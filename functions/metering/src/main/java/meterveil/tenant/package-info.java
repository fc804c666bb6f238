/// Tenants: the utilities whose meters report, and what each has chosen.
@NullMarked
package meterveil.tenant;

import org.jspecify.annotations.NullMarked;

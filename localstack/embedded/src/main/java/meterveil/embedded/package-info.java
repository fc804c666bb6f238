/// The platform on one machine, as the synthesised template describes it.
///
/// [meterveil.embedded.EmbeddedPlatform] reads the template and starts what stands in for AWS:
/// broker and rules (`iot`), functions, databases, keys and schedules (`aws`), and the policies
/// that judge every call (`policy`). Time is a [meterveil.embedded.MovableClock], which the
/// functions share without knowing.
@NullMarked
package meterveil.embedded;

import org.jspecify.annotations.NullMarked;

/// The templates are synthesised once per JVM and judged many times: by what they promise, by what
/// each stack must hold, and by cdk-nag.
@NullMarked
package meterveil.infrastructure;

import org.jspecify.annotations.NullMarked;

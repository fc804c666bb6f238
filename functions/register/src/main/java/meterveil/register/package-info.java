/// The register function: takes in a meter that comes with a certificate of its utility's own
/// authority.
@NullMarked
package meterveil.register;

import org.jspecify.annotations.NullMarked;

/// The survey function: counts the meters that were not heard of, and the certificates that end
/// soon.
@NullMarked
package meterveil.survey;

import org.jspecify.annotations.NullMarked;

/// The admit function: says whether a thing that claims to be a meter may become one, before IoT
/// Core makes it one.
@NullMarked
package meterveil.admit;

import org.jspecify.annotations.NullMarked;

/// A function for the tests of what runs functions.
@NullMarked
package meterveil.embedded.probe;

import org.jspecify.annotations.NullMarked;

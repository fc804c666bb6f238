/// The contract in `schemas/`, as a JSON Schema validator understands it.
@NullMarked
package meterveil.schema;

import org.jspecify.annotations.NullMarked;

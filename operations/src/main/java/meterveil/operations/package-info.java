/// What an operator does to meters from a command line: {@link meterveil.operations.Meters}. It
/// knows the domain and AWS's interfaces, and not where it runs: what it reaches stands in the
/// environment, or in the stacks of a deployed stage.
@NullMarked
package meterveil.operations;

import org.jspecify.annotations.NullMarked;

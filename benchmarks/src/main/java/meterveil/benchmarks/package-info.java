/// What the platform's claims come to when they are measured: how fast it is, what it costs, and
/// what somebody who holds its stores can find out about a home.
///
/// Each of [meterveil.benchmarks.speed], [meterveil.benchmarks.price] and
/// [meterveil.benchmarks.privacy] measures in a run of its own, prints a table, and leaves JSON and
/// charts; goals are judged by the figures of that run alone.
@NullMarked
package meterveil.benchmarks;

import org.jspecify.annotations.NullMarked;

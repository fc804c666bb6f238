/// Meters without hardware: what homes use, and the meters that report it.
///
/// The stages, in the order a reading passes them:
/// 1. {@link meterveil.simulator.ReadingsCsv} reads what real homes used, {@link
///    meterveil.simulator.SyntheticLoad} makes it up; both give {@link
///    meterveil.simulator.Measurements}.
@NullMarked
package meterveil.simulator;

import org.jspecify.annotations.NullMarked;

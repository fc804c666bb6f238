/// What a meter measured, on its way from the wire into a cohort's cells.
///
/// The stages, in the order a message passes them:
/// 1. {@link meterveil.reading.ReadingsJson#decode} turns bytes into {@link
///    meterveil.reading.Readings}, or refuses them;
/// 2. {@link meterveil.reading.Readings#judge} holds them against the cohort and the clock and cuts
///    them into blocks, or refuses them.
///
/// A refusal is an answer and not an exception: the sender is at fault, and trying again cannot
/// help. It quotes nothing of the message.
@NullMarked
package meterveil.reading;

import org.jspecify.annotations.NullMarked;

/// Figures for everyone: daily totals of many meters with noise, so that whoever knows all meters
/// but one learns next to nothing of that one (differential privacy).
///
/// 1. {@link meterveil.opendata.DiscreteLaplace} draws the noise, exactly, from secure randomness.
/// 2. {@link meterveil.opendata.DailyTotal} says how much noise a total takes, and below how many
///    meters there is none at all.
/// 3. {@link meterveil.opendata.OpenDataTable} keeps each figure once and what of a product's
///    budget is spent, in one write: asking again gives the same figure, as an average of many
///    would take the noise away.
@NullMarked
package meterveil.opendata;

import org.jspecify.annotations.NullMarked;

/// The release function: what is old enough leaves the running totals as released cells, and days
/// that are over are closed.
///
/// Hourly, for each tenant ({@link meterveil.release.TenantHour}):
/// 1. {@link meterveil.release.Releasing} freezes, decides and writes cells;
/// 2. {@link meterveil.release.Asking} asks cohorts that miss something of younger blocks;
/// 3. {@link meterveil.release.Closing} closes days, reconciles them and destroys their keys.
///
/// Each may stop at any point and be run again, and two may run at once: everything they write is
/// written once, or is the same whoever writes it.
@NullMarked
package meterveil.release;

import org.jspecify.annotations.NullMarked;

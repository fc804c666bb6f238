/// Device status: how a meter is, never what it measures.
///
/// The stages, in the order a message passes them:
/// 1. {@link meterveil.status.StatusJson#decode} turns bytes into a {@link
///    meterveil.status.StatusReport}, or refuses them;
/// 2. {@link meterveil.status.DeviceStatusTable#keep} keeps it under tenant and thing, if it is the
///    newest.
///
/// A status is delivered once or more, and in any order. The function that keeps it may not read,
/// so what is right must follow from the item and the one message in one conditional write:
///
/// - A meter numbers its statuses, one more each time, and never starts again. Only a status with a
///   higher number than the item's changes anything; a second delivery, or one that was overtaken,
///   changes nothing.
/// - How many are missing needs no reading either: the number of the newest, less that of the first
///   that was ever kept, plus one, less how many were kept. A status that was overtaken stays among
///   the missing, as telling it from a second delivery would take a list of every number.
/// - The broker tells of connections ({@link meterveil.status.Presence}), twice and out of order
///   too. The beginning and the end of a connection carry the same session and version: after its
///   end, its beginning changes nothing; after a later connection, nothing of an earlier one does.
///   Versions begin at 0 again after an hour without a connection, so a lower one counts as later
///   if its hour is. A status that arrives after the end of its connection does not bring it back,
///   unless it is so late, two hours by the hours that are kept, that the beginning of another must
///   have been lost.
/// - The last will, which the broker publishes when it loses a meter, has no number of its own. It
///   marks the meter as offline until the next status, as long as the broker has never told of its
///   connections; when it has, the will says nothing new, and might be an earlier connection's.
///
/// When a meter was last seen is kept to the hour, so that the table does not tell when somebody
/// switched something. Nothing here has a place for energy.
@NullMarked
package meterveil.status;

import org.jspecify.annotations.NullMarked;

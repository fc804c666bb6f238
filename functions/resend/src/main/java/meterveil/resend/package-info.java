/// The resend function: what the collector could not take is asked for again at the meter.
///
/// AWS copies what fails. A rule's error action hands over the message it could not deliver, and
/// the failure destination of an asynchronous invocation hands over the event that was tried in
/// vain; kept anywhere, either would be a store of raw readings. So both lead here, and nowhere
/// else. {@link meterveil.resend.FailureJson} takes from the record, in memory, whose message it
/// was and of which blocks; {@link meterveil.resend.ResendFunction} asks that meter for those
/// blocks and counts. The meter is the buffer: it keeps its blocks, and stops answering when one
/// was asked for too often, so that a message which can never be collected ends there.
///
/// What the collector would refuse is not asked for, as it would be refused again. No record, thing
/// or payload is logged, kept or quoted in an exception.
@NullMarked
package meterveil.resend;

import org.jspecify.annotations.NullMarked;

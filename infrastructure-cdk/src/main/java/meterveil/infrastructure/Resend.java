package meterveil.infrastructure;

import java.util.List;
import java.util.Map;
import software.amazon.awscdk.Duration;
import software.constructs.Construct;

/// What could not be collected: the meter is asked to send it again, and nothing is kept.
///
/// AWS copies the original message into a rule's error record and into a failed event's record. A
/// queue, bucket or log for these would be a store of raw readings, so both lead here, to a
/// function that can publish and do nothing else.
final class Resend extends Construct {

  private static final Duration TIMEOUT = Duration.seconds(30);

  final PlatformFunction function;

  Resend(Construct scope, PlatformFunction.Surroundings surroundings) {
    super(scope, "Resend");
    var topic = Topics.resend("*", "*");
    function =
        new PlatformFunction(
            this,
            "resend",
            surroundings,
            PlatformFunction.role(this, "Role"),
            TIMEOUT,
            surroundings.load().resendAtOnce(),
            Map.of(),
            List.of(Topics.mayPublish(this, topic, "iot:Publish")));
    function.wildcardIsNeeded(topic, "Any meter's message may fail, so any meter may be asked.");
  }
}

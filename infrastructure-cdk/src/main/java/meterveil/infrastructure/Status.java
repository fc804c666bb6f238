package meterveil.infrastructure;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import software.amazon.awscdk.Duration;
import software.constructs.Construct;

/// Beside the line, what keeps meters working: rule → status → DeviceStatus.
///
/// A status that gets lost is replaced by the next, so no error action asks for it.
final class Status extends Construct {

  private static final Duration TIMEOUT = Duration.seconds(30);

  private static final String SQL =
      "SELECT encode(*, 'base64') AS payload, topic(3) AS tenant, topic(4) AS thing";

  final PlatformFunction function;

  Status(Construct scope, Data data, PlatformFunction.Surroundings surroundings) {
    super(scope, "Status");
    function =
        new PlatformFunction(
            this,
            "status",
            surroundings,
            PlatformFunction.role(this, "Role"),
            TIMEOUT,
            surroundings.load().statusAtOnce(),
            Map.of(
                "DEVICE_STATUS_TABLE", data.deviceStatus.name(),
                "TENANTS_TABLE", data.tenants.name()),
            Stream.of(data.deviceStatus.allow("UpdateItem"), data.tenants.allow("GetItem"))
                .flatMap(List::stream)
                .toList());
    new TopicRule(this, Topics.STATUS_RULE, SQL, function, null);
  }
}

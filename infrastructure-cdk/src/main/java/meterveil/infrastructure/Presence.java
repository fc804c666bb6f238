package meterveil.infrastructure;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import software.amazon.awscdk.Duration;
import software.constructs.Construct;

/// Who is connected: the broker's own events → rules → presence → DeviceStatus.
///
/// The rules take from an event what tells its order, and leave the address and the principal where
/// they are. An event that gets lost is made good by the meter's next status or connection.
final class Presence extends Construct {

  private static final Duration TIMEOUT = Duration.seconds(30);

  private static final String SELECT =
      "SELECT clientId, eventType, timestamp, versionNumber, sessionIdentifier";

  final PlatformFunction function;

  Presence(Construct scope, Data data, PlatformFunction.Surroundings surroundings) {
    super(scope, "Presence");
    function =
        new PlatformFunction(
            this,
            "presence",
            surroundings,
            PlatformFunction.role(this, "Role"),
            TIMEOUT,
            surroundings.load().presenceAtOnce(),
            Map.of(
                "METERS_TABLE", data.meters.name(),
                "DEVICE_STATUS_TABLE", data.deviceStatus.name(),
                "TENANTS_TABLE", data.tenants.name()),
            Stream.of(
                    data.meters.allow("GetItem"),
                    data.deviceStatus.allow("UpdateItem"),
                    data.tenants.allow("GetItem"))
                .flatMap(List::stream)
                .toList());
    rule("Connected", "meter_connected", "connected");
    rule("Disconnected", "meter_disconnected", "disconnected");
  }

  private void rule(String id, String name, String event) {
    var sql = SELECT + " FROM '$aws/events/presence/" + event + "/+'";
    new TopicRule(new Construct(this, id), name, sql, function, null);
  }
}

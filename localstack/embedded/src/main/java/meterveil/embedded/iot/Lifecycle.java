package meterveil.embedded.iot;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.hivemq.extension.sdk.api.client.parameter.ConnectionInformation;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;

/// What IoT Core tells of its own accord: who connected and disconnected, and which certificate of
/// an owner's authority came for the first time; in its format, for rules alone.
///
/// A connection and its end carry the same version. Versions of a client id count up, and begin
/// anew when it was away for an hour; nothing may rely on more than that, nor on the order in which
/// events come.
final class Lifecycle implements AutoCloseable {

  private static final String MARK = "meterveil-session";
  private static final Duration VERSION_KEPT = Duration.ofHours(1);
  private static final JsonMapper JSON = new JsonMapper();

  /// @param goneAt null while it is connected
  private record Seen(long version, @Nullable Instant goneAt) {}

  private final RuleEngine rules;
  private final ThingRegistry registry;
  private final Clock clock;
  private final ConcurrentMap<String, Seen> clients = new ConcurrentHashMap<>();
  private final Set<String> cut = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  Lifecycle(RuleEngine rules, ThingRegistry registry, Clock clock) {
    this.rules = rules;
    this.registry = registry;
    this.clock = clock;
  }

  void connected(
      ConnectionInformation connection, String clientId, String certificateId, String sourceIp) {
    Seen seen = clients.compute(clientId, (_, before) -> new Seen(nextVersion(before), null));
    String session = UUID.randomUUID().toString();
    connection.getConnectionAttributeStore().putAsString(MARK, session + "/" + seen.version);
    event(
        "connected",
        clientId,
        certificateId,
        session,
        seen.version,
        about -> about.put("ipAddress", sourceIp));
  }

  private long nextVersion(@Nullable Seen before) {
    return before == null
            || (before.goneAt != null
                && !clock.instant().isBefore(before.goneAt.plus(VERSION_KEPT)))
        ? 0
        : before.version + 1;
  }

  /// A client is about to be disconnected by the API; HiveMQ will say that the connection was lost.
  void cutting(String clientId) {
    cut.add(clientId);
  }

  /// It was not connected.
  void notCut(String clientId) {
    cut.remove(clientId);
  }

  /// Says nothing of a connection that never got as far as [#connected].
  ///
  /// @param why one of IoT Core's reasons
  void disconnected(
      ConnectionInformation connection, String clientId, String certificateId, String why) {
    String reason = cut.remove(clientId) ? "API_INITIATED_DISCONNECT" : why;
    connection
        .getConnectionAttributeStore()
        .getAsString(MARK)
        .ifPresent(mark -> {
          connection.getConnectionAttributeStore().remove(MARK);
          int slash = mark.indexOf('/');
          long version = Long.parseLong(mark.substring(slash + 1));
          clients.computeIfPresent(
              clientId,
              (_, seen) -> seen.version == version ? new Seen(version, clock.instant()) : seen);
          event(
              "disconnected",
              clientId,
              certificateId,
              mark.substring(0, slash),
              version,
              about ->
                  about
                      .put("clientInitiatedDisconnect", reason.equals(CLIENT_INITIATED))
                      .put("disconnectReason", reason));
        });
  }

  /// The reason of a client that said goodbye.
  static final String CLIENT_INITIATED = "CLIENT_INITIATED_DISCONNECT";

  private interface More {
    void to(ObjectNode event);
  }

  private void event(
      String type, String clientId, String certificateId, String session, long version, More more) {
    if (clientId.contains("+") || clientId.contains("#")) {
      return;
    }
    ObjectNode event =
        JSON.createObjectNode()
            .put("clientId", clientId)
            .put("timestamp", clock.millis())
            .put("eventType", type)
            .put("sessionIdentifier", session)
            .put("principalIdentifier", certificateId)
            .put("versionNumber", version);
    more.to(event);
    publish("$aws/events/presence/" + type + "/" + clientId, event);
  }

  /// A certificate was taken in because its authority is registered.
  void registered(String certificateId, String authorityId) {
    publish(
        "$aws/events/certificates/registered/" + authorityId,
        JSON.createObjectNode()
            .put("certificateId", certificateId)
            .put("caCertificateId", authorityId)
            .put("timestamp", clock.millis())
            .put("certificateStatus", "PENDING_ACTIVATION")
            .put("awsAccountId", registry.account())
            .put("certificateRegistrationTimestamp", Long.toString(clock.millis())));
  }

  private void publish(String topic, ObjectNode event) {
    if (!closed) {
      rules.take(
          new Message(
              topic,
              event.toString().getBytes(StandardCharsets.UTF_8),
              Message.NOT_MQTT,
              Message.NOT_MQTT));
    }
  }

  /// Nothing is told from now on.
  @Override
  public void close() {
    closed = true;
  }
}

package meterveil.embedded.iot;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import meterveil.embedded.policy.Decision;
import meterveil.embedded.policy.Request;
import org.jspecify.annotations.Nullable;

/// What one client may do, by its certificate's policies and its thing's attributes as they are
/// when it is asked.
final class Rights {

  private static final String CONNECT_ATTRIBUTES = "iot:ConnectAttributes";

  /// What a request's context was made from: it stays good while these are the same.
  private record Known(
      ThingRegistry.Certificate certificate,
      @Nullable Thing thing,
      Map<String, List<String>> context) {}

  private final ThingRegistry registry;
  private final String clientId;
  private final String certificateId;
  private volatile @Nullable Known known;

  Rights(ThingRegistry registry, String clientId, String certificateId) {
    this.registry = registry;
    this.clientId = clientId;
    this.certificateId = certificateId;
  }

  /// @param attributes `PersistentConnect` and `LastWill`, as far as they are asked for: these must
  ///   be allowed by a statement that names them
  boolean mayConnect(Set<String> attributes) {
    Optional<Known> now = now();
    if (now.isEmpty()) {
      return false;
    }
    var context = new HashMap<>(now.get().context);
    context.put(CONNECT_ATTRIBUTES, List.copyOf(attributes));
    var request = new Request("iot:Connect", registry.arn("client/" + clientId), context);
    return decide(now.get(), request)
        && (attributes.isEmpty()
            || registry.policies(now.get().certificate).stream()
                .flatMap(policy -> policy.statements().stream())
                .filter(statement -> statement.keys().contains(CONNECT_ATTRIBUTES))
                .anyMatch(statement -> statement.allows() && statement.matches(request)));
  }

  /// @param action for instance `iot:Publish`
  /// @param resource what follows the account in the ARN, for instance `topic/a/b`
  boolean may(String action, String resource) {
    Optional<Known> now = now();
    return now.isPresent()
        && decide(now.get(), new Request(action, registry.arn(resource), now.get().context));
  }

  private boolean decide(Known now, Request request) {
    return Decision.of(
            registry.policies(now.certificate).stream()
                .map(policy -> policy.evaluate(request))
                .toList())
        .allowed();
  }

  /// Nothing if the certificate is unknown or switched off.
  private Optional<Known> now() {
    ThingRegistry.Certificate certificate = registry.certificate(certificateId);
    if (certificate == null || !certificate.active()) {
      return Optional.empty();
    }
    Thing thing = registry.thing(clientId).orElse(null);
    Known before = known;
    if (before != null
        && before.certificate.equals(certificate)
        && Objects.equals(before.thing, thing)) {
      return Optional.of(before);
    }
    var now = new Known(certificate, thing, ThingRegistry.context(clientId, certificate, thing));
    known = now;
    return Optional.of(now);
  }
}

package meterveil.embedded.iot;

import com.hivemq.extension.sdk.api.ExtensionMain;
import com.hivemq.extension.sdk.api.auth.SimpleAuthenticator;
import com.hivemq.extension.sdk.api.auth.parameter.SimpleAuthInput;
import com.hivemq.extension.sdk.api.auth.parameter.SimpleAuthOutput;
import com.hivemq.extension.sdk.api.client.parameter.ClientTlsInformation;
import com.hivemq.extension.sdk.api.events.client.ClientLifecycleEventListener;
import com.hivemq.extension.sdk.api.events.client.parameters.AuthenticationFailedInput;
import com.hivemq.extension.sdk.api.events.client.parameters.AuthenticationSuccessfulInput;
import com.hivemq.extension.sdk.api.events.client.parameters.ClientInitiatedDisconnectInput;
import com.hivemq.extension.sdk.api.events.client.parameters.ConnectionLostInput;
import com.hivemq.extension.sdk.api.events.client.parameters.ConnectionStartInput;
import com.hivemq.extension.sdk.api.events.client.parameters.DisconnectEventInput;
import com.hivemq.extension.sdk.api.interceptor.connect.parameter.ConnectInboundInput;
import com.hivemq.extension.sdk.api.interceptor.connect.parameter.ConnectInboundOutput;
import com.hivemq.extension.sdk.api.packets.connect.ConnackReasonCode;
import com.hivemq.extension.sdk.api.packets.connect.ConnectPacket;
import com.hivemq.extension.sdk.api.packets.connect.WillPublishPacket;
import com.hivemq.extension.sdk.api.packets.general.DisconnectedReasonCode;
import com.hivemq.extension.sdk.api.packets.general.Qos;
import com.hivemq.extension.sdk.api.packets.publish.PublishPacket;
import com.hivemq.extension.sdk.api.parameter.ClientBasedInput;
import com.hivemq.extension.sdk.api.parameter.ExtensionStartInput;
import com.hivemq.extension.sdk.api.parameter.ExtensionStartOutput;
import com.hivemq.extension.sdk.api.parameter.ExtensionStopInput;
import com.hivemq.extension.sdk.api.parameter.ExtensionStopOutput;
import com.hivemq.extension.sdk.api.services.Services;
import com.hivemq.extension.sdk.api.services.admin.AdminService;
import com.hivemq.extension.sdk.api.services.builder.Builders;
import com.hivemq.extension.sdk.api.services.publish.PublishService;
import com.hivemq.extension.sdk.api.services.publish.RetainedMessageStore;
import com.hivemq.extension.sdk.api.services.session.ClientService;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.LongAdder;
import meterveil.embedded.iot.Refusal.Reason;

/// What makes HiveMQ behave as IoT Core: lets clients in, gives each its [Gate], sends last wills.
///
/// One of these belongs to one start of HiveMQ.
final class Hooks implements ExtensionMain, SimpleAuthenticator, ClientLifecycleEventListener {

  /// What HiveMQ offers, taken when it starts: its static entry points belong to whichever was
  /// started last in the process.
  record Offered(
      PublishService publishing,
      RetainedMessageStore retained,
      AdminService admin,
      ClientService clients) {}

  private final ThingRegistry registry;
  private final RuleEngine rules;
  private final FleetProvisioning provisioning;
  private final Refusals refusals;
  private final Wills wills;
  private final Lifecycle lifecycle;
  private final Clock clock;
  private final CompletableFuture<Offered> offered = new CompletableFuture<>();
  private final LongAdder clientsGone = new LongAdder();

  Hooks(
      ThingRegistry registry,
      RuleEngine rules,
      FleetProvisioning provisioning,
      Refusals refusals,
      Wills wills,
      Lifecycle lifecycle,
      Clock clock) {
    this.registry = registry;
    this.rules = rules;
    this.provisioning = provisioning;
    this.refusals = refusals;
    this.wills = wills;
    this.lifecycle = lifecycle;
    this.clock = clock;
  }

  Offered offered() {
    return offered.join();
  }

  /// Connections that spoke MQTT and have ended.
  long clientsGone() {
    return clientsGone.sum();
  }

  @Override
  public void extensionStart(ExtensionStartInput input, ExtensionStartOutput output) {
    Services.interceptorRegistry()
        .setConnectInboundInterceptorProvider(provider -> this::takeOutWill);
    Services.securityRegistry().setAuthenticatorProvider(provider -> this);
    Services.securityRegistry().setAuthorizerProvider(this::gate);
    Services.initializerRegistry()
        .setClientInitializer((client, context) -> {
          Gate gate = gate(client);
          context.addPublishInboundInterceptor(gate);
          context.addPublishOutboundInterceptor(gate);
        });
    Services.eventRegistry().setClientLifecycleEventListener(provider -> this);
    offered.complete(
        new Offered(
            Services.publishService(),
            Services.retainedMessageStore(),
            Services.adminService(),
            Services.clientService()));
  }

  @Override
  public void extensionStop(ExtensionStopInput input, ExtensionStopOutput output) {
    // Nothing ends with the extension.
  }

  private Gate gate(ClientBasedInput client) {
    String certificateId = certificateId(client);
    return new Gate(
        clientId(client),
        sourceIp(client),
        rights(client),
        rules,
        message -> provisioning.take(message, certificateId, this::answer),
        refusals);
  }

  /// Sends a message to one client alone, if it subscribes to the topic.
  private void answer(String clientId, String topic, byte[] payload) throws IOException {
    Broker.await(
        offered()
            .publishing()
            .publishToClient(
                Builders.publish()
                    .topic(topic)
                    .payload(ByteBuffer.wrap(payload))
                    .qos(Qos.AT_LEAST_ONCE)
                    .build(),
                clientId));
  }

  @Override
  public void onConnect(SimpleAuthInput input, SimpleAuthOutput output) {
    Optional<Reason> refused = refuse(input);
    if (refused.isEmpty()) {
      output.authenticateSuccessfully();
    } else {
      refusals.add(refused.get(), clientId(input), certificateId(input));
      output.failAuthentication(ConnackReasonCode.NOT_AUTHORIZED);
    }
  }

  private Optional<Reason> refuse(SimpleAuthInput input) {
    ThingRegistry.Certificate certificate = registry.certificate(certificateId(input));
    if (certificate == null) {
      return Optional.of(x509(input).flatMap(this::takeIn).orElse(Reason.CERTIFICATE_UNKNOWN));
    }
    switch (certificate.status()) {
      case ACTIVE -> {}
      case INACTIVE -> {
        return Optional.of(Reason.CERTIFICATE_INACTIVE);
      }
      case REVOKED -> {
        return Optional.of(Reason.CERTIFICATE_REVOKED);
      }
      case PENDING_ACTIVATION -> {
        return Optional.of(Reason.CERTIFICATE_PENDING);
      }
    }
    Instant now = clock.instant();
    if (now.isBefore(certificate.validFrom()) || now.isAfter(certificate.validUntil())) {
      return Optional.of(Reason.CERTIFICATE_EXPIRED);
    }
    ConnectPacket packet = input.getConnectPacket();
    var attributes = new HashSet<String>();
    if (!packet.getCleanStart() || packet.getSessionExpiryInterval() > 0) {
      attributes.add("PersistentConnect");
    }
    if (Wills.has(input.getConnectionInformation())) {
      attributes.add("LastWill");
    }
    return rights(input).mayConnect(attributes) ? Optional.empty() : Optional.of(Reason.CONNECT);
  }

  /// Just-in-time registration: an unknown certificate of an authority whose certificates are taken
  /// in is registered and told of; whoever hears of it may activate it for the next attempt.
  private Optional<Reason> takeIn(X509Certificate certificate) {
    return registry
        .authorityOf(certificate)
        .filter(ThingRegistry.Authority::autoRegistration)
        .map(authority -> {
          String id =
              registry
                  .registerCertificate(certificate, ThingRegistry.Status.PENDING_ACTIVATION)
                  .id();
          lifecycle.registered(id, authority.id());
          return Reason.CERTIFICATE_PENDING;
        });
  }

  /// HiveMQ asks this before it asks who the client is.
  private void takeOutWill(ConnectInboundInput input, ConnectInboundOutput output) {
    Optional<WillPublishPacket> will = input.getConnectPacket().getWillPublish();
    if (will.isPresent()) {
      long delaySeconds =
          Math.min(will.get().getWillDelay(), input.getConnectPacket().getSessionExpiryInterval());
      wills.keep(
          input.getConnectionInformation(),
          new Wills.Will(
              message(will.get(), clientId(input), sourceIp(input)),
              will.get().getQos().getQosNumber(),
              will.get().getRetain(),
              rights(input),
              Duration.ofSeconds(delaySeconds)));
      output.getConnectPacket().setWillPublish(null);
    }
  }

  @Override
  public void onMqttConnectionStart(ConnectionStartInput input) {
    // Not a client yet.
  }

  @Override
  public void onAuthenticationSuccessful(AuthenticationSuccessfulInput input) {
    wills.back(clientId(input));
    lifecycle.connected(
        input.getConnectionInformation(), clientId(input), certificateId(input), sourceIp(input));
  }

  @Override
  public void onAuthenticationFailedDisconnect(AuthenticationFailedInput input) {
    clientsGone.increment();
    wills.discard(input.getConnectionInformation());
  }

  @Override
  public void onClientInitiatedDisconnect(ClientInitiatedDisconnectInput input) {
    clientsGone.increment();
    if (input.getReasonCode().orElse(DisconnectedReasonCode.NORMAL_DISCONNECTION)
        == DisconnectedReasonCode.NORMAL_DISCONNECTION) {
      wills.discard(input.getConnectionInformation());
    } else {
      wills.send(input.getConnectionInformation());
    }
    gone(input, Lifecycle.CLIENT_INITIATED);
  }

  @Override
  public void onConnectionLost(ConnectionLostInput input) {
    onDisconnect(input);
  }

  /// Every other end.
  @Override
  public void onDisconnect(DisconnectEventInput input) {
    clientsGone.increment();
    wills.send(input.getConnectionInformation());
    gone(input, reason(input));
  }

  private void gone(DisconnectEventInput input, String reason) {
    lifecycle.disconnected(
        input.getConnectionInformation(), clientId(input), certificateId(input), reason);
  }

  /// Why a connection ended, in IoT Core's words.
  private static String reason(DisconnectEventInput input) {
    if (input instanceof ConnectionLostInput || input.getReasonCode().isEmpty()) {
      return "CONNECTION_LOST";
    }
    return switch (input.getReasonCode().get()) {
      case NOT_AUTHORIZED -> "AUTH_ERROR";
      case SESSION_TAKEN_OVER -> "DUPLICATE_CLIENTID";
      case KEEP_ALIVE_TIMEOUT -> "MQTT_KEEP_ALIVE_TIMEOUT";
      case SERVER_SHUTTING_DOWN, SERVER_BUSY -> "SERVER_INITIATED_DISCONNECT";
      default -> "CLIENT_ERROR";
    };
  }

  static Message message(PublishPacket packet, String clientId, String sourceIp) {
    ByteBuffer payload = packet.getPayload().orElse(ByteBuffer.allocate(0)).asReadOnlyBuffer();
    byte[] bytes = new byte[payload.remaining()];
    payload.get(bytes);
    return new Message(packet.getTopic(), bytes, clientId, sourceIp);
  }

  private Rights rights(ClientBasedInput client) {
    return new Rights(registry, clientId(client), certificateId(client));
  }

  private static String clientId(ClientBasedInput client) {
    return client.getClientInformation().getClientId();
  }

  private static Optional<X509Certificate> x509(ClientBasedInput client) {
    return client
        .getConnectionInformation()
        .getClientTlsInformation()
        .flatMap(ClientTlsInformation::getClientCertificate);
  }

  private static String certificateId(ClientBasedInput client) {
    return x509(client).map(ThingRegistry::certificateId).orElse("");
  }

  private static String sourceIp(ClientBasedInput client) {
    return client
        .getConnectionInformation()
        .getInetAddress()
        .map(InetAddress::getHostAddress)
        .orElse(Message.NOT_MQTT);
  }
}

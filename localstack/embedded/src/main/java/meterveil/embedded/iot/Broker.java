package meterveil.embedded.iot;

import com.codahale.metrics.Counter;
import com.hivemq.configuration.service.InternalConfigurations;
import com.hivemq.embedded.EmbeddedExtension;
import com.hivemq.embedded.EmbeddedHiveMQ;
import com.hivemq.extension.sdk.api.packets.disconnect.DisconnectReasonCode;
import com.hivemq.extension.sdk.api.packets.general.Qos;
import com.hivemq.extension.sdk.api.services.builder.Builders;
import com.hivemq.extension.sdk.api.services.session.ClientService;
import com.hivemq.migration.meta.PersistenceType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import meterveil.embedded.iot.Refusal.Reason;
import meterveil.simulator.FreePort;

/// The message broker: HiveMQ Community Edition in this process, behaving as IoT Core.
///
/// Listens on 127.0.0.1 alone, on a port that was free, with TLS 1.2 or 1.3 and a client
/// certificate demanded. Speaks MQTT 5 and 3.1.1. Sessions last up to 72 hours *by the wall's
/// clock*, whatever the platform's says; they, what waits in them, and retained messages outlive
/// [#restart()].
public final class Broker implements AutoCloseable {

  private static final int PACKET_BYTES_MAX = 128 * 1024;
  private static final Duration SESSION_MAX = Duration.ofHours(72);
  private static final int CLIENT_ID_BYTES_MAX = 128;
  private static final int RECEIVE_MAX = 100;
  private static final int KEEP_ALIVE_SECONDS_MAX = 1_200;
  private static final int TOPIC_ALIASES_MAX = 8;

  /// For any one step of HiveMQ: far more than it takes.
  private static final Duration STEP_MAX = Duration.ofMinutes(1);

  private static final String CLOSED = "com.hivemq.networking.connections-closed.total.count";

  private record Running(EmbeddedHiveMQ hiveMq, Hooks hooks) {

    /// Connections that ended before they spoke MQTT.
    long handshakesFailed() {
      Counter closed = hiveMq.getMetricRegistry().counter(CLOSED);
      return Math.max(0, closed.getCount() - hooks.clientsGone());
    }
  }

  private final Path folder;
  private final ThingRegistry registry;
  private final RuleEngine rules;
  private final FleetProvisioning provisioning;
  private final Clock clock;
  private final int port;
  private final CertificateAuthority authority;
  private final Path trusted;
  private final String password = UUID.randomUUID().toString();
  private final Refusals refusals;
  private final Wills wills;
  private final Lifecycle lifecycle;
  private final ReadWriteLock restarting = new ReentrantReadWriteLock();
  private Running running;
  private long handshakesFailedBefore;

  private Broker(
      Path folder,
      CertificateAuthority authority,
      ThingRegistry registry,
      RuleEngine rules,
      FleetProvisioning provisioning,
      Clock clock)
      throws IOException {
    this.folder = folder;
    this.authority = authority;
    this.registry = registry;
    this.rules = rules;
    this.provisioning = provisioning;
    this.clock = clock;
    port = FreePort.any();
    for (String part : List.of("configuration", "data", "extensions")) {
      Files.createDirectories(folder.resolve(part));
    }
    Path keys = folder.resolve("server.jks");
    trusted = folder.resolve("trusted.jks");
    authority.writeKeyStore(keys, password.toCharArray());
    Files.writeString(folder.resolve("configuration/config.xml"), configuration(keys));
    refusals = new Refusals(folder.resolve("iot.log"), clock);
    wills = new Wills(this::publishWill);
    lifecycle = new Lifecycle(rules, registry, clock);
    running = run();
  }

  /// Starts a broker.
  ///
  /// @param folder for everything it writes; made if absent
  /// @param authority whose certificates it demands, or those of the registry's authorities
  /// @param registry who is who, and may do what
  /// @param rules what becomes of messages
  /// @param provisioning how devices get certificates of their own
  /// @param clock by which certificates are judged, once TLS has judged them by the wall's
  /// @throws IOException if it cannot start
  public static Broker start(
      Path folder,
      CertificateAuthority authority,
      ThingRegistry registry,
      RuleEngine rules,
      FleetProvisioning provisioning,
      Clock clock)
      throws IOException {
    return new Broker(
        Files.createDirectories(folder), authority, registry, rules, provisioning, clock);
  }

  /// The port it listens on, the same after a restart; its certificate is for `localhost`.
  public int port() {
    return port;
  }

  /// Publishes for the platform: permissions are the caller's to check. Returns when every session
  /// that subscribes to the topic has the message, sleeping ones included.
  ///
  /// @param topic where
  /// @param payload its bytes
  /// @param qos 0 or 1
  /// @param retain whether to keep it for later subscribers; an empty one removes what is kept
  /// @throws IOException if the broker does not take it
  public void publish(String topic, byte[] payload, int qos, boolean retain) throws IOException {
    publish(new Message(topic, payload.clone(), Message.NOT_MQTT, Message.NOT_MQTT), qos, retain);
  }

  private void publish(Message message, int qos, boolean retain) throws IOException {
    if (rules.take(message)) {
      return;
    }
    restarting.readLock().lock();
    try {
      await(
          running
              .hooks
              .offered()
              .publishing()
              .publish(
                  Builders.publish()
                      .topic(message.topic())
                      .payload(ByteBuffer.wrap(message.payload()))
                      .qos(Qos.valueOf(qos))
                      .retain(retain)
                      .build()));
    } finally {
      restarting.readLock().unlock();
    }
  }

  /// Every retained message.
  ///
  /// @throws IOException if the broker does not answer
  public List<RetainedMessage> retained() throws IOException {
    var retained = Collections.synchronizedList(new ArrayList<RetainedMessage>());
    restarting.readLock().lock();
    try {
      await(
          running
              .hooks
              .offered()
              .retained()
              .iterateAllRetainedMessages((context, message) ->
                  retained.add(
                      new RetainedMessage(
                          message.getTopic(),
                          message
                              .getPayload()
                              .map(bytes -> StandardCharsets.UTF_8.decode(bytes).toString())
                              .orElse("")))));
    } finally {
      restarting.readLock().unlock();
    }
    return List.copyOf(retained);
  }

  /// How often each thing was refused, by [Refusal.Reason#key()]. Handshakes are what is left of
  /// the connections that ended when those of clients are taken away: while a client is just going,
  /// it may be counted there for a moment.
  public Map<String, Long> refusals() {
    var counts = new TreeMap<String, Long>();
    refusals.counts().forEach((reason, count) -> counts.put(reason.key(), count));
    restarting.readLock().lock();
    try {
      long handshakes = handshakesFailedBefore + running.handshakesFailed();
      if (handshakes > 0) {
        counts.put(Reason.HANDSHAKE.key(), handshakes);
      }
    } finally {
      restarting.readLock().unlock();
    }
    return counts;
  }

  /// The last thousand refusals, oldest first; those of TLS are only counted.
  public List<Refusal> lastRefusals() {
    return refusals.last();
  }

  /// Every line of the broker's log, which names clients and topics.
  public List<String> logLines() throws IOException {
    return refusals.logLines();
  }

  /// Cuts a client's connection, as DeleteConnection does.
  ///
  /// @param cleanSession whether its session ends too
  /// @param preventWill whether its last will is not published
  /// @return whether it was connected
  /// @throws IOException if the broker does not answer
  public boolean disconnect(String clientId, boolean cleanSession, boolean preventWill)
      throws IOException {
    restarting.readLock().lock();
    try {
      if (preventWill) {
        wills.discard(clientId);
      }
      lifecycle.cutting(clientId);
      ClientService clients = running.hooks.offered().clients();
      boolean cut =
          await(
              clients.disconnectClient(
                  clientId, preventWill, DisconnectReasonCode.ADMINISTRATIVE_ACTION, null));
      if (!cut) {
        lifecycle.notCut(clientId);
      }
      if (cleanSession
          && await(clients.getSession(clientId))
              .filter(session -> session.getSessionExpiryInterval() > 0)
              .isPresent()) {
        await(clients.invalidateSession(clientId));
      }
      return cut;
    } finally {
      restarting.readLock().unlock();
    }
  }

  /// Stops and starts again, on the same port and the same data. Meanwhile nobody can connect, and
  /// what the platform publishes waits. Authorities registered since are trusted from then on.
  ///
  /// @throws IOException if it does not start again
  public void restart() throws IOException {
    restarting.writeLock().lock();
    try {
      handshakesFailedBefore += running.handshakesFailed();
      stop();
      running = run();
    } finally {
      restarting.writeLock().unlock();
    }
  }

  /// Stops; disconnects everyone, without their last wills.
  @Override
  public void close() throws IOException {
    wills.close();
    lifecycle.close();
    restarting.writeLock().lock();
    try {
      stop();
    } finally {
      restarting.writeLock().unlock();
      refusals.close();
    }
  }

  private Running run() throws IOException {
    settle();
    var authorities = new ArrayList<X509Certificate>();
    authorities.add(authority.certificate());
    registry.authorities().forEach(owner -> authorities.add(owner.x509()));
    CertificateAuthority.writeTrustStore(trusted, password.toCharArray(), authorities);
    var hooks = new Hooks(registry, rules, provisioning, refusals, wills, lifecycle, clock);
    EmbeddedHiveMQ hiveMq =
        EmbeddedHiveMQ.builder()
            .withConfigurationFolder(folder.resolve("configuration"))
            .withDataFolder(folder.resolve("data"))
            .withExtensionsFolder(folder.resolve("extensions"))
            .withEmbeddedExtension(
                EmbeddedExtension.builder()
                    .withId("iot-core")
                    .withName("IoT Core")
                    .withVersion("1")
                    .withExtensionMain(hooks)
                    .build())
            .withoutLoggingBootstrap()
            .build();
    await(hiveMq.start());
    return new Running(hiveMq, hooks);
  }

  private void stop() throws IOException {
    await(running.hiveMq.stop());
  }

  /// HiveMQ's settings outside its configuration file, which are the process's: for a laptop, where
  /// its own are for a server with many processors. Without RocksDB it needs no native library.
  private static void settle() {
    InternalConfigurations.PERSISTENCE_BUCKET_COUNT.set(4);
    InternalConfigurations.PAYLOAD_PERSISTENCE_BUCKET_COUNT.set(4);
    InternalConfigurations.PERSISTENCE_SHUTDOWN_GRACE_PERIOD_MSEC.set(100);
    InternalConfigurations.RETAINED_MESSAGE_PERSISTENCE_TYPE.set(PersistenceType.FILE);
    InternalConfigurations.PAYLOAD_PERSISTENCE_TYPE.set(PersistenceType.FILE);
    InternalConfigurations.JMX_REPORTER_ENABLED.set(false);
    InternalConfigurations.MQTT_ALLOW_DOLLAR_TOPICS.set(true);
  }

  private void publishWill(Wills.Will will) {
    Message message = will.message();
    if (Gate.refuse(will.rights(), message.topic(), will.retain()).isPresent()) {
      refusals.add(Reason.WILL, message.clientId(), message.topic());
      return;
    }
    try {
      publish(message, will.qos(), will.retain());
    } catch (IOException brokerFailed) {
      refusals.add(Reason.WILL, message.clientId(), message.topic());
    }
  }

  static <T> T await(CompletableFuture<T> step) throws IOException {
    try {
      return step.get(STEP_MAX.toSeconds(), TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw new IOException("the broker failed", e.getCause());
    } catch (TimeoutException e) {
      throw new IOException("the broker does not answer", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while waiting for the broker", e);
    }
  }

  private String configuration(Path keys) {
    return """
    <?xml version="1.0"?>
    <hivemq>
      <listeners>
        <tls-tcp-listener>
          <port>%d</port>
          <bind-address>127.0.0.1</bind-address>
          <tls>
            <protocols>
              <protocol>TLSv1.2</protocol>
              <protocol>TLSv1.3</protocol>
            </protocols>
            <client-authentication-mode>REQUIRED</client-authentication-mode>
            <keystore>
              <path>%s</path>
              <password>%3$s</password>
              <private-key-password>%3$s</private-key-password>
            </keystore>
            <truststore>
              <path>%4$s</path>
              <password>%3$s</password>
            </truststore>
          </tls>
        </tls-tcp-listener>
      </listeners>
      <mqtt>
        <packets><max-packet-size>%5$d</max-packet-size></packets>
        <session-expiry><max-interval>%6$d</max-interval></session-expiry>
        <quality-of-service><max-qos>1</max-qos></quality-of-service>
        <receive-maximum><server-receive-maximum>%7$d</server-receive-maximum></receive-maximum>
        <keep-alive>
          <max-keep-alive>%8$d</max-keep-alive>
          <allow-unlimited>false</allow-unlimited>
        </keep-alive>
        <topic-alias><max-per-client>%9$d</max-per-client></topic-alias>
      </mqtt>
      <restrictions>
        <max-client-id-length>%10$d</max-client-id-length>
      </restrictions>
      <security>
        <allow-empty-client-id><enabled>false</enabled></allow-empty-client-id>
      </security>
      <anonymous-usage-statistics><enabled>false</enabled></anonymous-usage-statistics>
      <persistence><mode>file</mode></persistence>
    </hivemq>
    """
        .formatted(
            port,
            keys.toAbsolutePath(),
            password,
            trusted.toAbsolutePath(),
            PACKET_BYTES_MAX,
            SESSION_MAX.toSeconds(),
            RECEIVE_MAX,
            KEEP_ALIVE_SECONDS_MAX,
            TOPIC_ALIASES_MAX,
            CLIENT_ID_BYTES_MAX);
  }
}

package meterveil.simulator;

import com.hivemq.configuration.service.InternalConfigurations;
import com.hivemq.embedded.EmbeddedExtension;
import com.hivemq.embedded.EmbeddedHiveMQ;
import com.hivemq.extension.sdk.api.ExtensionMain;
import com.hivemq.extension.sdk.api.auth.Authenticator;
import com.hivemq.extension.sdk.api.auth.PublishAuthorizer;
import com.hivemq.extension.sdk.api.auth.SimpleAuthenticator;
import com.hivemq.extension.sdk.api.auth.parameter.PublishAuthorizerInput;
import com.hivemq.extension.sdk.api.auth.parameter.PublishAuthorizerOutput;
import com.hivemq.extension.sdk.api.packets.disconnect.DisconnectReasonCode;
import com.hivemq.extension.sdk.api.packets.general.Qos;
import com.hivemq.extension.sdk.api.packets.publish.PublishPacket;
import com.hivemq.extension.sdk.api.parameter.ExtensionStartInput;
import com.hivemq.extension.sdk.api.parameter.ExtensionStartOutput;
import com.hivemq.extension.sdk.api.parameter.ExtensionStopInput;
import com.hivemq.extension.sdk.api.parameter.ExtensionStopOutput;
import com.hivemq.extension.sdk.api.services.Services;
import com.hivemq.extension.sdk.api.services.builder.Builders;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import meterveil.meter.ThingName;

/// HiveMQ with mutual TLS on a free port of this machine: a client id must be the certificate's
/// name, a topic must hold it, and all that comes in is kept. Who publishes elsewhere is
/// disconnected.
final class TestBroker implements AutoCloseable {

  /// A message as the broker received it.
  record Received(String topic, String payload) {}

  /// How a client connected.
  record Connect(
      String client, boolean cleanStart, long sessionSeconds, String willTopic, String will) {}

  /// What answers clients on AWS's own topics.
  interface Answers {

    /// The messages that go to a client for one of its own.
    List<Received> to(String client, String topic, String payload);
  }

  private final Queue<Received> received = new ConcurrentLinkedQueue<>();
  private final Queue<Connect> connects = new ConcurrentLinkedQueue<>();

  private final Path folder;
  private final Certificates certificates;
  private final int port;
  private EmbeddedHiveMQ broker;
  private volatile Answers answers = (_, _, _) -> List.of();

  TestBroker(Path folder) throws IOException {
    this.folder = folder;
    this.certificates = new Certificates(folder.resolve("certificates"));
    this.port = FreePort.any();
    Path configuration = Files.createDirectories(folder.resolve("conf"));
    certificates.stores(configuration.resolve("broker.jks"), configuration.resolve("trust.jks"));
    Files.writeString(
        configuration.resolve("config.xml"),
        """
        <hivemq>
          <listeners>
            <tls-tcp-listener>
              <port>%d</port>
              <bind-address>127.0.0.1</bind-address>
              <tls>
                <keystore>
                  <path>%s</path>
                  <password>%s</password>
                  <private-key-password>%s</private-key-password>
                </keystore>
                <truststore><path>%s</path><password>%s</password></truststore>
                <client-authentication-mode>REQUIRED</client-authentication-mode>
              </tls>
            </tls-tcp-listener>
          </listeners>
          <persistence><mode>in-memory</mode></persistence>
          <anonymous-usage-statistics><enabled>false</enabled></anonymous-usage-statistics>
        </hivemq>
        """
            .formatted(
                port,
                configuration.resolve("broker.jks"),
                Certificates.PASSWORD,
                Certificates.PASSWORD,
                configuration.resolve("trust.jks"),
                Certificates.PASSWORD));
    this.broker = run();
  }

  Endpoint endpoint() {
    return new Endpoint("localhost", port, certificates.authority());
  }

  MeterCertificate certificate(ThingName thing) {
    return certificates.meter(thing);
  }

  Path certificates() {
    return folder.resolve("certificates");
  }

  Certificates authority() {
    return certificates;
  }

  void answering(Answers newAnswers) {
    answers = newAnswers;
  }

  /// What came in on a topic, allowed or not, in order.
  List<String> received(String topic) {
    return received.stream().filter(r -> r.topic().equals(topic)).map(Received::payload).toList();
  }

  /// How many messages came in.
  int count() {
    return received.size();
  }

  /// How a client connected, each time.
  List<Connect> connects(ThingName thing) {
    return connects.stream().filter(c -> c.client().equals(thing.value())).toList();
  }

  /// How often clients connected, all together.
  int connectsInAll() {
    return connects.size();
  }

  /// Publishes as the platform does, with QoS 1.
  void publish(String topic, byte[] payload, boolean retain) {
    var publish =
        Builders.publish()
            .topic(topic)
            .qos(Qos.AT_LEAST_ONCE)
            .retain(retain)
            .payload(ByteBuffer.wrap(payload))
            .build();
    Services.publishService().publish(publish).join();
  }

  /// Stops; sessions and retained messages are lost.
  void stop() {
    broker.stop().join();
    try {
      broker.close();
    } catch (ExecutionException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /// Starts again on the same port.
  void start() {
    broker = run();
  }

  @Override
  public void close() {
    stop();
  }

  private EmbeddedHiveMQ run() {
    InternalConfigurations.MQTT_ALLOW_DOLLAR_TOPICS.set(true);
    InternalConfigurations.PERSISTENCE_BUCKET_COUNT.set(4);
    InternalConfigurations.PAYLOAD_PERSISTENCE_BUCKET_COUNT.set(4);
    InternalConfigurations.PERSISTENCE_SHUTDOWN_GRACE_PERIOD_MSEC.set(100);
    InternalConfigurations.JMX_REPORTER_ENABLED.set(false);
    var hiveMq =
        EmbeddedHiveMQ.builder()
            .withConfigurationFolder(folder.resolve("conf"))
            .withDataFolder(folder.resolve("data"))
            .withEmbeddedExtension(
                EmbeddedExtension.builder()
                    .withId("test")
                    .withName("test")
                    .withVersion("1")
                    .withExtensionMain(new Rules())
                    .build())
            .withoutLoggingBootstrap()
            .build();
    hiveMq.start().join();
    return hiveMq;
  }

  private static String text(ByteBuffer bytes) {
    return StandardCharsets.UTF_8.decode(bytes).toString();
  }

  private final class Rules implements ExtensionMain {

    @Override
    public void extensionStart(ExtensionStartInput input, ExtensionStartOutput output) {
      Services.securityRegistry().setAuthenticatorProvider(_ -> authenticator());
      Services.securityRegistry().setAuthorizerProvider(_ -> (PublishAuthorizer) this::authorize);
      Services.interceptorRegistry()
          .setConnectInboundInterceptorProvider(_ ->
              (in, _) -> {
                var packet = in.getConnectPacket();
                var will = packet.getWillPublish();
                connects.add(
                    new Connect(
                        packet.getClientId(),
                        packet.getCleanStart(),
                        packet.getSessionExpiryInterval(),
                        will.map(PublishPacket::getTopic).orElse(""),
                        will.flatMap(PublishPacket::getPayload).map(TestBroker::text).orElse("")));
              });
      Services.initializerRegistry()
          .setClientInitializer((_, context) ->
              context.addPublishInboundInterceptor((in, _) -> {
                var packet = in.getPublishPacket();
                String payload = text(packet.getPayload().orElseThrow());
                received.add(new Received(packet.getTopic(), payload));
                answer(in.getClientInformation().getClientId(), packet.getTopic(), payload);
              }));
    }

    @Override
    public void extensionStop(ExtensionStopInput input, ExtensionStopOutput output) {}

    private Authenticator authenticator() {
      return (SimpleAuthenticator)
          (in, out) -> {
            X509Certificate certificate =
                in.getConnectionInformation()
                    .getClientTlsInformation()
                    .orElseThrow()
                    .getClientCertificate()
                    .orElseThrow();
            String subject = certificate.getSubjectX500Principal().getName();
            String client = in.getConnectPacket().getClientId();
            if (subject.equals("CN=" + (client.startsWith("claim-") ? "claim" : client))) {
              out.authenticateSuccessfully();
            } else {
              out.failAuthentication();
            }
          };
    }

    private void answer(String client, String topic, String payload) {
      if (isAws(topic)) {
        for (Received answer : answers.to(client, topic, payload)) {
          var publish =
              Builders.publish()
                  .topic(answer.topic())
                  .qos(Qos.AT_LEAST_ONCE)
                  .payload(ByteBuffer.wrap(answer.payload().getBytes(StandardCharsets.UTF_8)))
                  .build();
          var _ = Services.publishService().publishToClient(publish, client);
        }
      }
    }

    private static boolean isAws(String topic) {
      return topic.startsWith("$aws/certificates/")
          || topic.startsWith("$aws/provisioning-templates/");
    }

    private void authorize(PublishAuthorizerInput in, PublishAuthorizerOutput out) {
      String topic = in.getPublishPacket().getTopic();
      if (topic.contains(in.getClientInformation().getClientId()) || isAws(topic)) {
        out.authorizeSuccessfully();
      } else {
        out.disconnectClient(DisconnectReasonCode.NOT_AUTHORIZED);
      }
    }
  }
}

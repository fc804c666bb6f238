package meterveil.embedded.iot;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.crt.mqtt5.Mqtt5Client;
import software.amazon.awssdk.crt.mqtt5.Mqtt5ClientOptions;
import software.amazon.awssdk.crt.mqtt5.Mqtt5ClientOptions.ClientSessionBehavior;
import software.amazon.awssdk.crt.mqtt5.OnAttemptingConnectReturn;
import software.amazon.awssdk.crt.mqtt5.OnConnectionFailureReturn;
import software.amazon.awssdk.crt.mqtt5.OnConnectionSuccessReturn;
import software.amazon.awssdk.crt.mqtt5.OnDisconnectionReturn;
import software.amazon.awssdk.crt.mqtt5.OnStoppedReturn;
import software.amazon.awssdk.crt.mqtt5.QOS;
import software.amazon.awssdk.crt.mqtt5.packets.ConnectPacket.ConnectPacketBuilder;
import software.amazon.awssdk.crt.mqtt5.packets.DisconnectPacket;
import software.amazon.awssdk.crt.mqtt5.packets.DisconnectPacket.DisconnectPacketBuilder;
import software.amazon.awssdk.crt.mqtt5.packets.DisconnectPacket.DisconnectReasonCode;
import software.amazon.awssdk.crt.mqtt5.packets.PubAckPacket.PubAckReasonCode;
import software.amazon.awssdk.crt.mqtt5.packets.PublishPacket;
import software.amazon.awssdk.crt.mqtt5.packets.SubAckPacket.SubAckReasonCode;
import software.amazon.awssdk.crt.mqtt5.packets.SubscribePacket.SubscribePacketBuilder;
import software.amazon.awssdk.iot.AwsIotMqtt5ClientBuilder;

/// A meter's end of a connection: the AWS IoT Device SDK's MQTT 5 client.
public final class TestMeter implements AutoCloseable {

  private static final long WAIT_SECONDS = 20;
  private static final long SESSION_SECONDS = 72 * 3_600;

  final BlockingQueue<PublishPacket> received = new LinkedBlockingQueue<>();
  private final BlockingQueue<Boolean> connected = new LinkedBlockingQueue<>();
  private final BlockingQueue<String> disconnected = new LinkedBlockingQueue<>();
  private final CompletableFuture<Boolean> stopped = new CompletableFuture<>();
  private final AwsIotMqtt5ClientBuilder builder;
  private final ConnectPacketBuilder connect;
  private @Nullable Mqtt5Client client;

  public TestMeter(String clientId, DeviceCertificate certificate, Path authority, int port) {
    this(
        AwsIotMqtt5ClientBuilder.newDirectMqttBuilderWithMtlsFromPath(
            "localhost",
            certificate.certificatePem().toString(),
            certificate.privateKeyPem().toString()),
        clientId,
        authority,
        port);
  }

  static TestMeter withoutCertificate(String clientId, Path authority, int port) {
    return new TestMeter(
        AwsIotMqtt5ClientBuilder.newMqttBuilder("localhost"), clientId, authority, port);
  }

  private TestMeter(AwsIotMqtt5ClientBuilder to, String clientId, Path authority, int port) {
    connect = new ConnectPacketBuilder().withClientId(clientId).withKeepAliveIntervalSeconds(60L);
    builder =
        to.withCertificateAuthorityFromPath(null, authority.toString())
            .withPort((long) port)
            .withMinReconnectDelayMs(100L)
            .withMaxReconnectDelayMs(200L)
            .withPublishEvents((from, publish) -> received.add(publish.getPublishPacket()))
            .withLifeCycleEvents(new Events());
  }

  /// Whose session is kept while it is away.
  TestMeter withSession() {
    connect.withSessionExpiryIntervalSeconds(SESSION_SECONDS);
    builder.withSessionBehavior(ClientSessionBehavior.REJOIN_ALWAYS);
    return this;
  }

  public TestMeter withWill(String topic, String payload, long delaySeconds) {
    connect
        .withWill(
            PublishPacket.of(topic, QOS.AT_LEAST_ONCE, payload.getBytes(StandardCharsets.UTF_8)))
        .withWillDelayIntervalSeconds(delaySeconds);
    return this;
  }

  /// Whether it is let in.
  public boolean connects() throws InterruptedException {
    client = builder.withConnectProperties(connect).build();
    client.start();
    return isLetIn();
  }

  /// Whether its next attempt, of its own, succeeds.
  public boolean isLetIn() throws InterruptedException {
    Boolean answer = connected.poll(WAIT_SECONDS, TimeUnit.SECONDS);
    if (answer == null) {
      throw new AssertionError("neither connected nor refused");
    }
    return answer;
  }

  public TestMeter connected() throws InterruptedException {
    if (!connects()) {
      throw new AssertionError("refused");
    }
    return this;
  }

  /// Publishes at QoS 1; what the acknowledgement says.
  public PubAckReasonCode publish(String topic, String payload)
      throws InterruptedException, ExecutionException, TimeoutException {
    return publishing(topic, payload, false).get(WAIT_SECONDS, TimeUnit.SECONDS);
  }

  public CompletableFuture<PubAckReasonCode> publishing(
      String topic, String payload, boolean retain) {
    return client()
        .publish(
            new PublishPacket.PublishPacketBuilder(
                    topic, QOS.AT_LEAST_ONCE, payload.getBytes(StandardCharsets.UTF_8))
                .withRetain(retain)
                .build())
        .thenApply(result -> result.getResultPubAck().getReasonCode());
  }

  SubAckReasonCode subscribe(String filter)
      throws InterruptedException, ExecutionException, TimeoutException {
    return client()
        .subscribe(new SubscribePacketBuilder().withSubscription(filter, QOS.AT_LEAST_ONCE).build())
        .get(WAIT_SECONDS, TimeUnit.SECONDS)
        .getReasonCodes()
        .getFirst();
  }

  /// The next message it gets, as `topic payload`.
  String next() throws InterruptedException {
    PublishPacket packet = received.poll(WAIT_SECONDS, TimeUnit.SECONDS);
    if (packet == null) {
      throw new AssertionError("nothing received");
    }
    return packet.getTopic() + " " + new String(packet.getPayload(), StandardCharsets.UTF_8);
  }

  /// Why the broker disconnected it.
  public String disconnection() throws InterruptedException {
    String reason = disconnected.poll(WAIT_SECONDS, TimeUnit.SECONDS);
    if (reason == null) {
      throw new AssertionError("still connected");
    }
    return reason;
  }

  private Mqtt5Client client() {
    if (client == null) {
      throw new AssertionError("never connected");
    }
    return client;
  }

  /// Ends so that its last will is due, as when its radio fails.
  public void vanish() {
    stop(DisconnectReasonCode.DISCONNECT_WITH_WILL_MESSAGE);
  }

  private void stop(DisconnectReasonCode reason) {
    Mqtt5Client stopping = client();
    stopping.stop(new DisconnectPacketBuilder().withReasonCode(reason).build());
    stopped.orTimeout(WAIT_SECONDS, TimeUnit.SECONDS).join();
    stopping.close();
    client = null;
  }

  @Override
  public void close() {
    if (client != null) {
      stop(DisconnectReasonCode.NORMAL_DISCONNECTION);
    }
  }

  private final class Events implements Mqtt5ClientOptions.LifecycleEvents {

    @Override
    public void onAttemptingConnect(Mqtt5Client from, OnAttemptingConnectReturn attempt) {}

    @Override
    public void onConnectionSuccess(Mqtt5Client from, OnConnectionSuccessReturn success) {
      connected.add(true);
    }

    @Override
    public void onConnectionFailure(Mqtt5Client from, OnConnectionFailureReturn failure) {
      connected.add(false);
    }

    @Override
    public void onDisconnection(Mqtt5Client from, OnDisconnectionReturn end) {
      DisconnectPacket packet = end.getDisconnectPacket();
      disconnected.add(packet == null ? "" : packet.getReasonCode().name());
    }

    @Override
    public void onStopped(Mqtt5Client from, OnStoppedReturn end) {
      stopped.complete(true);
    }
  }
}

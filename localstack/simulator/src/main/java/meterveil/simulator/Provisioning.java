package meterveil.simulator;

import static java.util.concurrent.TimeUnit.SECONDS;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.random.RandomGenerator;
import meterveil.meter.ThingName;
import software.amazon.awssdk.crt.CRT;
import software.amazon.awssdk.crt.CrtRuntimeException;
import software.amazon.awssdk.crt.mqtt5.Mqtt5Client;
import software.amazon.awssdk.crt.mqtt5.Mqtt5ClientOptions.ClientSessionBehavior;
import software.amazon.awssdk.crt.mqtt5.Mqtt5ClientOptions.LifecycleEvents;
import software.amazon.awssdk.crt.mqtt5.OnAttemptingConnectReturn;
import software.amazon.awssdk.crt.mqtt5.OnConnectionFailureReturn;
import software.amazon.awssdk.crt.mqtt5.OnConnectionSuccessReturn;
import software.amazon.awssdk.crt.mqtt5.OnDisconnectionReturn;
import software.amazon.awssdk.crt.mqtt5.OnStoppedReturn;
import software.amazon.awssdk.crt.mqtt5.packets.ConnAckPacket;
import software.amazon.awssdk.crt.mqtt5.packets.DisconnectPacket;
import software.amazon.awssdk.crt.mqtt5.packets.PublishPacket;

/// Gets meters their first certificates by a claim: a certificate that many share and that is good
/// for nothing else.
///
/// Each meter connects as `claim-THING`, as a connection under its own name would end one it has.
/// What it gets is the new pair of its folder until it has connected with it.
///
/// A new pair that is there already comes of a claim that was cut off. Nobody can tell from here
/// whether it was let in, and if it was, a second claim is refused. So it is tried first.
public final class Provisioning implements AutoCloseable {

  /// The template that makes meters of claims.
  public static final String BY_CLAIM = "meter";

  /// The template by which a meter gets its next certificate with the one it has.
  public static final String BY_OWN_CERTIFICATE = "rotation";

  /// How many meters of an account IoT Core provisions in a second, by default.
  public static final int PER_SECOND_MAX = 10;

  /// Before each new attempt at what was throttled, failed or was not answered.
  public static final Pauses PAUSES =
      new Pauses(
          List.of(
              Duration.ofSeconds(1),
              Duration.ofSeconds(2),
              Duration.ofSeconds(5),
              Duration.ofSeconds(10),
              Duration.ofSeconds(30),
              Duration.ofSeconds(60)));

  private final Endpoint endpoint;
  private final MeterCertificate claim;
  private final CertificateFolder folder;
  private final Pauses pauses;
  private final Pace pace;
  private final RandomGenerator random = new SplittableRandom();
  private final ExecutorService thread =
      new ThreadPoolExecutor(
          1,
          1,
          0,
          SECONDS,
          new LinkedBlockingQueue<>(),
          Thread.ofPlatform().daemon().name("provisioning").factory(),
          new ThreadPoolExecutor.DiscardPolicy()); // what the SDK still reports after the end

  /// @param folder to keep certificates in
  /// @param perSecond how many meters start in a second, at most, such as [#PER_SECOND_MAX]
  /// @param pauses before each new attempt at what may pass, such as [#PAUSES]
  public Provisioning(
      Endpoint endpoint,
      MeterCertificate claim,
      CertificateFolder folder,
      int perSecond,
      Pauses pauses) {
    this.endpoint = endpoint;
    this.claim = claim;
    this.folder = folder;
    this.pauses = pauses;
    this.pace = new Pace(perSecond, thread);
  }

  /// Gets a meter a certificate. It must not be connected.
  ///
  /// @return its new pair; fails with a [ProvisioningException] or [ConnectionException], or an
  ///   [IOException] of the folder's
  public CompletableFuture<MeterCertificate> provision(ThingName thing) {
    var provisioned = new CompletableFuture<MeterCertificate>();
    thread.execute(() -> pace.run(() -> start(thing, provisioned)));
    return provisioned;
  }

  private void start(ThingName thing, CompletableFuture<MeterCertificate> provisioned) {
    CompletableFuture<MeterCertificate> certificate;
    try {
      Optional<MeterCertificate> there = folder.renewed(thing);
      certificate = there.isPresent() ? goOn(thing, there.get()) : claim(thing);
    } catch (IOException | RuntimeException e) { // which this thread would keep to itself
      provisioned.completeExceptionally(e);
      return;
    }
    CompletableFuture<MeterCertificate> _ =
        certificate.whenComplete((its, e) -> {
          if (its != null) {
            provisioned.complete(its);
          } else {
            provisioned.completeExceptionally(e);
          }
        });
  }

  /// Takes a pair that lets the meter in, and claims another if it does not.
  private CompletableFuture<MeterCertificate> goOn(ThingName thing, MeterCertificate there) {
    Client client;
    try {
      client = new Client(thing, thing.value(), there, Patience.DOUBTFUL_ATTEMPTS_MAX);
    } catch (CrtRuntimeException _) { // it is no pair at all
      return claim(thing);
    }
    return client
        .connect()
        .whenCompleteAsync((_, _) -> client.leave(), thread)
        .thenApply(_ -> there)
        .exceptionallyComposeAsync(_ -> claim(thing), thread);
  }

  private CompletableFuture<MeterCertificate> claim(ThingName thing) {
    Client client;
    try {
      client = new Client(thing, "claim-" + thing, claim, Integer.MAX_VALUE);
    } catch (CrtRuntimeException e) {
      return CompletableFuture.failedFuture(
          new ProvisioningException(
              what(thing),
              "the claim's certificate or key, or the server's CA, cannot be used: "
                  + e.getMessage(),
              false));
    }
    return client.enrol().whenCompleteAsync((_, _) -> client.leave(), thread);
  }

  private String what(ThingName thing) {
    return thing + " gets no certificate from " + endpoint;
  }

  /// Ends. What is under way is left.
  @Override
  public void close() {
    thread.shutdownNow();
  }

  /// One meter's connection, with the claim or with its new pair.
  private final class Client implements LifecycleEvents {

    private final ThingName thing;
    private final Mqtt5Client client;
    private final Conversation conversation;
    private final int attemptsMax;
    private final CompletableFuture<Void> connected = new CompletableFuture<>();
    private int failures;

    /// @param attemptsMax how often it tries to connect, if what goes wrong suggests no less
    Client(ThingName thing, String clientId, MeterCertificate certificate, int attemptsMax) {
      this.thing = thing;
      this.attemptsMax = attemptsMax;
      try (var builder = endpoint.client(certificate)) {
        this.client =
            builder
                .withClientId(clientId)
                .withSessionBehavior(ClientSessionBehavior.CLEAN)
                .withLifeCycleEvents(this)
                .withPublishEvents((_, received) -> hear(received.getPublishPacket()))
                .build();
      }
      this.conversation = new Conversation(what(thing), client);
    }

    CompletableFuture<Void> connect() {
      client.start();
      return connected;
    }

    CompletableFuture<MeterCertificate> enrol() {
      return connect()
          .thenComposeAsync(
              _ -> new Enrolment(conversation, folder, thing, pauses, random, thread).by(BY_CLAIM),
              thread);
    }

    void leave() {
      client.stop();
    }

    private void hear(PublishPacket message) {
      conversation.hear(message.getTopic(), message.getPayload());
    }

    private void end(String reason) {
      connected.completeExceptionally(new ProvisioningException(what(thing), reason, false));
      conversation.end(reason, false);
    }

    @Override
    public void onAttemptingConnect(Mqtt5Client ignored, OnAttemptingConnectReturn attempt) {}

    @Override
    public void onConnectionSuccess(Mqtt5Client ignored, OnConnectionSuccessReturn success) {
      connected.complete(null);
    }

    @Override
    public void onConnectionFailure(Mqtt5Client ignored, OnConnectionFailureReturn failure) {
      failures++;
      ConnAckPacket answer = failure.getConnAckPacket();
      int suggested =
          answer != null
              ? Patience.attemptsMax(answer.getReasonCode())
              : Patience.attemptsMax(CRT.awsErrorName(failure.getErrorCode()));
      if (failures >= Math.min(suggested, attemptsMax)) {
        end(
            answer != null
                ? answer.getReasonCode().name()
                : CRT.awsErrorString(failure.getErrorCode()));
      }
    }

    /// The SDK connects again by itself; what was asked is asked again then.
    @Override
    public void onDisconnection(Mqtt5Client ignored, OnDisconnectionReturn disconnection) {
      DisconnectPacket packet = disconnection.getDisconnectPacket();
      if (packet == null) {
        conversation.end(CRT.awsErrorString(disconnection.getErrorCode()), true);
      } else {
        end(packet.getReasonCode().name());
      }
    }

    @Override
    public void onStopped(Mqtt5Client ignored, OnStoppedReturn stop) {
      client.close();
    }
  }
}

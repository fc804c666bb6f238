package meterveil.simulator;

import static java.util.concurrent.TimeUnit.SECONDS;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
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
public final class Provisioning implements AutoCloseable {

  /// The template that makes meters of claims.
  public static final String BY_CLAIM = "meter";

  /// The template by which a meter gets its next certificate with the one it has.
  public static final String BY_OWN_CERTIFICATE = "rotation";

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
  /// @param perSecond how many meters start in a second, at most; IoT Core takes 10 by default
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

  /// Gets a meter a certificate.
  ///
  /// @return its new pair; fails with a [ProvisioningException], or an [java.io.IOException] of the
  ///   folder's
  public CompletableFuture<MeterCertificate> provision(ThingName thing) {
    var provisioned = new CompletableFuture<MeterCertificate>();
    thread.execute(() -> pace.run(() -> start(thing, provisioned)));
    return provisioned;
  }

  private void start(ThingName thing, CompletableFuture<MeterCertificate> provisioned) {
    CompletableFuture<MeterCertificate> certificate;
    try {
      certificate = claim(thing);
    } catch (IOException e) { // which this thread would keep to itself
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

  private CompletableFuture<MeterCertificate> claim(ThingName thing) throws IOException {
    Claimant claimant;
    try {
      claimant = new Claimant(thing);
    } catch (CrtRuntimeException e) {
      throw new ProvisioningException(
          what(thing),
          "the claim's certificate or key, or the server's CA, cannot be used: " + e.getMessage(),
          false);
    }
    return claimant.enrol().whenCompleteAsync((_, _) -> claimant.leave(), thread);
  }

  private String what(ThingName thing) {
    return thing + " gets no certificate from " + endpoint;
  }

  /// Ends. What is under way is left.
  @Override
  public void close() {
    thread.shutdownNow();
  }

  /// One meter's connection with the claim.
  private final class Claimant implements LifecycleEvents {

    private final ThingName thing;
    private final Mqtt5Client client;
    private final Conversation conversation;
    private final CompletableFuture<Void> connected = new CompletableFuture<>();
    private int failures;

    Claimant(ThingName thing) {
      this.thing = thing;
      try (var builder = endpoint.client(claim)) {
        this.client =
            builder
                .withClientId("claim-" + thing)
                .withSessionBehavior(ClientSessionBehavior.CLEAN)
                .withLifeCycleEvents(this)
                .withPublishEvents((_, received) -> hear(received.getPublishPacket()))
                .build();
      }
      this.conversation = new Conversation(what(thing), client);
    }

    CompletableFuture<MeterCertificate> enrol() {
      client.start();
      return connected.thenComposeAsync(
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
      if (answer != null && failures >= Patience.attemptsMax(answer.getReasonCode())) {
        end(answer.getReasonCode().name());
      } else if (answer == null
          && failures >= Patience.attemptsMax(CRT.awsErrorName(failure.getErrorCode()))) {
        end(CRT.awsErrorString(failure.getErrorCode()));
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

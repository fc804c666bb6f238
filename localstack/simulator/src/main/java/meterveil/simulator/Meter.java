package meterveil.simulator;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import java.io.IOException;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import meterveil.block.Epoch;
import meterveil.block.Times;
import meterveil.energy.WattHours;
import meterveil.meter.DownlinkJson;
import meterveil.meter.MeterSettings;
import meterveil.meter.ThingName;
import meterveil.meter.Topics;
import meterveil.simulator.Outbox.Message;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.crt.CRT;
import software.amazon.awssdk.crt.CrtRuntimeException;
import software.amazon.awssdk.crt.io.ExponentialBackoffRetryOptions.JitterMode;
import software.amazon.awssdk.crt.mqtt5.Mqtt5Client;
import software.amazon.awssdk.crt.mqtt5.Mqtt5ClientOptions.ClientOfflineQueueBehavior;
import software.amazon.awssdk.crt.mqtt5.Mqtt5ClientOptions.ClientSessionBehavior;
import software.amazon.awssdk.crt.mqtt5.Mqtt5ClientOptions.ExtendedValidationAndFlowControlOptions;
import software.amazon.awssdk.crt.mqtt5.Mqtt5ClientOptions.LifecycleEvents;
import software.amazon.awssdk.crt.mqtt5.OnAttemptingConnectReturn;
import software.amazon.awssdk.crt.mqtt5.OnConnectionFailureReturn;
import software.amazon.awssdk.crt.mqtt5.OnConnectionSuccessReturn;
import software.amazon.awssdk.crt.mqtt5.OnDisconnectionReturn;
import software.amazon.awssdk.crt.mqtt5.OnStoppedReturn;
import software.amazon.awssdk.crt.mqtt5.PublishResult;
import software.amazon.awssdk.crt.mqtt5.QOS;
import software.amazon.awssdk.crt.mqtt5.packets.ConnAckPacket;
import software.amazon.awssdk.crt.mqtt5.packets.DisconnectPacket;
import software.amazon.awssdk.crt.mqtt5.packets.DisconnectPacket.DisconnectReasonCode;
import software.amazon.awssdk.crt.mqtt5.packets.PubAckPacket.PubAckReasonCode;
import software.amazon.awssdk.crt.mqtt5.packets.PublishPacket;
import software.amazon.awssdk.crt.mqtt5.packets.SubAckPacket;
import software.amazon.awssdk.crt.mqtt5.packets.SubscribePacket;
import software.amazon.awssdk.crt.mqtt5.packets.UnsubAckPacket;
import software.amazon.awssdk.crt.mqtt5.packets.UnsubscribePacket;

/// One meter: a connection of its own, and the blocks it has still to answer for.
///
/// It connects with its certificate, its thing name as client id and a session that outlives a
/// sleep of 72 hours, and comes back by itself, later each time, when the connection breaks. What
/// it has published and the broker has not acknowledged goes out again then. It learns its cohorts
/// and the length of its blocks from its retained settings and from nothing else; it remembers them
/// when the broker does not.
///
/// The SDK's client would connect again by itself, but all clients of a fleet at once. So it is
/// stopped whenever it has lost its connection or got none, and started again when the fleet lets
/// it; stopping gives back all that it still held.
///
/// Everything in here happens on the fleet's one thread, so nothing is locked; what is called from
/// outside is handed over to it.
///
/// The methods under "What can go wrong" are for tests of the platform: a well-behaved meter never
/// does these things by itself.
public final class Meter {

  /// How long the broker keeps the session of a meter that is away: as long as blocks are accepted.
  public static final long SESSION_SECONDS = Times.ACCEPTED_FOR.toSeconds();

  private static final long KEEP_ALIVE_SECONDS = 60;
  private static final String STOPPED = "AWS_ERROR_MQTT5_USER_REQUESTED_STOP";
  private static final int REFUSED_FROM = 0x80; // of all reason codes of MQTT 5
  private static final String FIRMWARE = "1.0.0";

  /// With these a broker ends a connection for what the meter did on it.
  private static final Set<DisconnectReasonCode> BLAMING =
      EnumSet.of(
          DisconnectReasonCode.NOT_AUTHORIZED,
          DisconnectReasonCode.TOPIC_NAME_INVALID,
          DisconnectReasonCode.TOPIC_FILTER_INVALID,
          DisconnectReasonCode.PAYLOAD_FORMAT_INVALID,
          DisconnectReasonCode.PACKET_TOO_LARGE,
          DisconnectReasonCode.RETAIN_NOT_SUPPORTED,
          DisconnectReasonCode.WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED,
          DisconnectReasonCode.MALFORMED_PACKET,
          DisconnectReasonCode.PROTOCOL_ERROR);

  private final Fleet fleet;
  private final ThingName thing;
  private final Outbox outbox;
  private final SplittableRandom random;
  private final Instant switchedOn;
  private final String settingsTopic;
  private final String resendTopic;
  private final Set<String> cohortTopics = new LinkedHashSet<>();
  private final List<Message> underWay = new ArrayList<>();
  private final List<CompletableFuture<String>> rawUnderWay = new ArrayList<>();
  private final List<Awaited> awaited = new ArrayList<>();
  private final List<Letter> givenBack = new ArrayList<>();
  private final List<Runnable> rawGivenBack = new ArrayList<>();

  private Mqtt5Client client;
  private Conversation conversation;
  private CompletableFuture<Void> entered = new CompletableFuture<>();
  private CompletableFuture<Void> ready = new CompletableFuture<>();
  private CompletableFuture<Void> stopped = CompletableFuture.completedFuture(null);
  private Exchange exchange = Exchange.NONE;
  private boolean started;
  private boolean awake;
  private boolean restarting;
  private boolean blamed;
  private boolean told;
  private boolean downlinkUnreadable;
  private int subscribing;
  private int failures;
  private int acknowledgementsToLose;
  private long sequence;
  private Instant nextStatus = Instant.MIN;

  /// What a first connect is part of, and how often it is tried.
  private enum Exchange {
    /// None: as often as its failure suggests.
    NONE(0),
    /// With a new certificate. One that is not taken mostly looks like a connection that breaks.
    TRYING(Patience.DOUBTFUL_ATTEMPTS_MAX),
    /// Back with one that was taken before.
    GOING_BACK(Integer.MAX_VALUE);

    private final int attemptsMax;

    Exchange(int attemptsMax) {
      this.attemptsMax = attemptsMax;
    }
  }

  private record Awaited(Epoch epoch, CompletableFuture<Void> known) {}

  /// A message on its way, and whom to tell that the broker has answered.
  private record Letter(Message message, PublishPacket packet, CompletableFuture<Void> answered) {}

  Meter(Fleet fleet, ThingName thing, MeterCertificate certificate, LoadProfile profile) {
    this.fleet = fleet;
    this.thing = thing;
    this.random = new SplittableRandom(fleet.options.seed() * 31 + thing.value().hashCode());
    this.outbox =
        new Outbox(profile, fleet.options.pauses(), random.split(), fleet.options.twoBlocks());
    this.switchedOn = fleet.clock.instant();
    this.sequence = switchedOn.getEpochSecond();
    this.settingsTopic = Topics.settings(fleet.tenant, thing);
    this.resendTopic = Topics.resend(fleet.tenant, thing);
    this.client = client(certificate);
    this.conversation = conversation(client);
  }

  private Conversation conversation(Mqtt5Client on) {
    return new Conversation(thing + " gets no new certificate from " + fleet.endpoint, on);
  }

  private Mqtt5Client client(MeterCertificate certificate) {
    byte[] lastWill = UplinkJson.status(status(0, List.of(MeterStatus.CONNECTION_LOST)));
    try (var builder = fleet.endpoint.client(certificate)) {
      return builder
          .withClientId(thing.value())
          .withKeepAliveIntervalSeconds(KEEP_ALIVE_SECONDS)
          .withSessionBehavior(ClientSessionBehavior.REJOIN_ALWAYS)
          .withSessionExpiryIntervalSeconds(SESSION_SECONDS)
          .withOfflineQueueBehavior(ClientOfflineQueueBehavior.FAIL_QOS0_PUBLISH_ON_DISCONNECT)
          .withExtendedValidationAndFlowControlOptions(
              ExtendedValidationAndFlowControlOptions.AWS_IOT_CORE_DEFAULTS)
          .withRetryJitterMode(JitterMode.None)
          .withMinReconnectDelayMs(Patience.PAUSE_MILLIS_MAX)
          .withMaxReconnectDelayMs(Patience.PAUSE_MILLIS_MAX)
          .withWill(packet(Topics.status(fleet.tenant, thing), lastWill, false))
          .withLifeCycleEvents(new Connection())
          .withPublishEvents((_, received) -> {
            PublishPacket packet = received.getPublishPacket();
            fleet.thread.execute(() -> hear(packet.getTopic(), packet.getPayload()));
          })
          .build();
    }
  }

  /// Its name.
  public ThingName thing() {
    return thing;
  }

  /// What it has sent by its own count.
  public Books books() {
    return fleet.on(() -> outbox.books(fleet.clock.instant()));
  }

  /// How many blocks it has given up.
  public int blocksGivenUp() {
    return fleet.on(outbox::blocksGivenUp);
  }

  /// Connects, within the fleet's limit, and waits for the settings.
  ///
  /// @return completes when the meter is connected, knows its cohorts and can be asked; fails with
  ///   a [ConnectionException] if the broker does not let it in or cannot be reached
  public CompletableFuture<Void> connect() {
    return fleet.compose(this::start);
  }

  /// Gets a new certificate with the one it has, and connects with it from then on. It must be
  /// connected.
  ///
  /// @param folder its current pair is left in there until the meter has connected with the new one
  /// @param pauses before each new attempt at what may pass, such as [Provisioning#PAUSES]
  /// @return fails with a [ProvisioningException] or [ConnectionException], or an [IOException] of
  ///   the folder's; the meter goes on with the certificate it has, then. If it fails as the meter
  ///   leaves, the new one stays in the folder, to be gone on with by [#adopt]
  public CompletableFuture<Void> renew(CertificateFolder folder, Pauses pauses) {
    return fleet.compose(() -> {
      var asked = new CompletableFuture<Void>();
      fleet.connects.run(() -> asked.complete(null));
      return asked
          .thenCompose(_ ->
              new Enrolment(conversation, folder, thing, pauses, random, fleet.thread)
                  .by(Provisioning.BY_OWN_CERTIFICATE))
          .thenComposeAsync(renewed -> exchange(folder, renewed), fleet.thread);
    });
  }

  /// Connects with the new pair that is in the folder, as [#renew] does in the end.
  ///
  /// @return completes at once if there is none
  public CompletableFuture<Void> adopt(CertificateFolder folder) {
    return fleet.compose(() -> {
      try {
        Optional<MeterCertificate> renewed = folder.renewed(thing);
        return renewed.isPresent()
            ? exchange(folder, renewed.get())
            : CompletableFuture.completedFuture(null);
      } catch (IOException e) {
        return CompletableFuture.failedFuture(e);
      }
    });
  }

  /// Whether it is connected, or about to be again.
  public boolean isConnected() {
    return fleet.on(() -> awake && entered.isDone());
  }

  /// The same, and it has had its settings.
  public boolean isReady() {
    return fleet.on(() -> awake && ready.isDone());
  }

  /// Waits until it knows its cohort in an epoch and can be asked through it.
  public CompletableFuture<Void> knows(Epoch epoch) {
    var known = new CompletableFuture<Void>();
    fleet.run(() -> {
      awaited.add(new Awaited(epoch, known));
      settle();
    });
    return known;
  }

  // What can go wrong

  /// Leaves, politely; the session stays. What was not acknowledged waits until it is back.
  public CompletableFuture<Void> sleep() {
    return fleet.compose(this::stop);
  }

  /// Comes back from a sleep.
  public CompletableFuture<Void> wake() {
    return connect();
  }

  /// Does not send the block with that start until [#send] names it.
  public void hold(Instant start) {
    fleet.run(() -> outbox.hold(start));
  }

  /// Loses the block with that start: it counts as undelivered, unless [#send] names it after all.
  public void drop(Instant start) {
    fleet.run(() -> outbox.drop(start));
  }

  /// Sends blocks now, whatever has become of them: held back, sent before, too late or not over.
  ///
  /// @param starts of one block, or of two that follow each other and share a message
  /// @return completes when the broker has answered
  public CompletableFuture<Void> send(Instant... starts) {
    return fleet.compose(() -> {
      Message message = outbox.message(List.of(starts), fleet.clock.instant());
      return send(message, outbox.payload(message));
    });
  }

  /// Sends the block with that start with other values than it has; in the books it keeps its own.
  ///
  /// @param energyWh the hours of the block, or [LoadProfile#NOT_MEASURED]
  /// @return completes when the broker has answered
  public CompletableFuture<Void> sendOtherwise(Instant start, int... energyWh) {
    return fleet.compose(() -> {
      Message message = outbox.message(List.of(start), fleet.clock.instant());
      return send(message, UplinkJson.readings(start, energyWh));
    });
  }

  /// Sends something in place of a block that the platform has to refuse. The block counts as
  /// refused from then on.
  ///
  /// @return completes when the broker has answered
  public CompletableFuture<Void> spoil(Instant start, byte[] payload) {
    return fleet.compose(() -> {
      Instant now = fleet.clock.instant();
      Message message = outbox.message(List.of(start), now);
      outbox.spoiled(start, now);
      return send(message, payload);
    });
  }

  /// Loses the broker's next acknowledgements of readings, as a bad radio does: the meter cannot
  /// know that its messages were taken, and sends them again.
  ///
  /// @param count how many of them
  public void loseAcknowledgements(int count) {
    fleet.run(() -> acknowledgementsToLose = count);
  }

  /// Publishes anything anywhere, with QoS 1. Nothing of it is in the books.
  ///
  /// @return the broker's reason code, such as `SUCCESS` or `NOT_AUTHORIZED`, be it of an answer or
  ///   of a disconnect; fails if the message cannot be sent at all
  public CompletableFuture<String> publish(String topic, byte[] payload, boolean retain) {
    var answered = new CompletableFuture<String>();
    PublishPacket packet = packet(topic, payload, retain);
    fleet.run(() -> publish(packet, answered));
    return answered;
  }

  private void publish(PublishPacket packet, CompletableFuture<String> answered) {
    rawUnderWay.add(answered);
    fleet.then(
        client.publish(packet),
        (result, e) -> {
          if (result != null) {
            answered.complete(result.getResultPubAck().getReasonCode().name());
          } else if (!answered.isDone() && isStop(e)) { // for what came before it: once more
            rawGivenBack.add(() -> publish(packet, answered));
          } else {
            answered.completeExceptionally(failure("publish", e));
          }
          rawUnderWay.removeIf(CompletableFuture::isDone);
        });
  }

  /// Subscribes to anything.
  ///
  /// @return the broker's reason code, such as `GRANTED_QOS_1` or `NOT_AUTHORIZED`, be it of an
  ///   answer or of a disconnect
  public CompletableFuture<String> subscribe(String filter) {
    var answered = new CompletableFuture<String>();
    fleet.run(() -> {
      rawUnderWay.add(answered);
      fleet.then(
          subscribeTo(filter),
          (ack, e) -> {
            if (ack != null) {
              answered.complete(ack.getReasonCodes().getFirst().name());
            } else {
              answered.completeExceptionally(failure("subscribe", e));
            }
            rawUnderWay.removeIf(CompletableFuture::isDone);
          });
    });
    return answered;
  }

  // What the fleet asks for, on its thread

  /// Sends what is due, and a status if it is time for one. Nothing while asleep.
  List<CompletableFuture<Void>> sendDue(Instant now) {
    var sent = new ArrayList<CompletableFuture<Void>>();
    if (awake) {
      for (Message message : outbox.due(now)) {
        sent.add(send(message, outbox.payload(message)));
      }
      if (!now.isBefore(nextStatus)) {
        sent.add(sendStatus());
      }
    }
    return sent;
  }

  /// Sends the answers whose pauses are over. They wait while it is asleep.
  List<CompletableFuture<Void>> answerDue(Instant now) {
    return awake
        ? outbox.answersDue(now).stream().map(m -> send(m, outbox.payload(m))).toList()
        : List.of();
  }

  boolean isDone(Instant now) {
    return outbox.isDone(now);
  }

  Optional<Instant> nextAnswer() {
    return outbox.nextAnswer();
  }

  Books booksOnThread(Instant now) {
    return outbox.books(now);
  }

  WattHours deliveredOnThread(LocalDate day, Instant now) {
    return outbox.delivered(day, now);
  }

  /// Leaves for good.
  CompletableFuture<Void> close() {
    return stop().whenComplete((_, _) -> client.close());
  }

  // Connecting

  /// Leaves and comes back with another certificate, or, if that is not taken, with the one it had.
  private CompletableFuture<Void> exchange(CertificateFolder folder, MeterCertificate renewed) {
    if (!awake) {
      return CompletableFuture.failedFuture(new ConnectionException(thing.value(), "is asleep"));
    }
    Mqtt5Client former = client;
    Mqtt5Client next = client(renewed);
    var exchanged = new CompletableFuture<Void>();
    fleet.then(
        comeBackWith(next, Exchange.TRYING),
        (_, refused) -> {
          if (refused == null) {
            exchange = Exchange.NONE;
            former.close();
            keep(folder, exchanged);
          } else if (exchange == Exchange.NONE) { // it left by itself
            fleet.then(stopped, (_, _) -> former.close());
            exchanged.completeExceptionally(refused);
          } else {
            discard(folder);
            fleet.then(
                comeBackWith(former, Exchange.GOING_BACK),
                (_, _) -> {
                  exchange = Exchange.NONE;
                  next.close();
                  exchanged.completeExceptionally(refused);
                });
          }
        });
    return exchanged;
  }

  /// @return completes as soon as it is connected
  private CompletableFuture<Void> comeBackWith(Mqtt5Client other, Exchange how) {
    CompletableFuture<Void> _ = disconnect();
    client = other;
    conversation = conversation(other);
    CompletableFuture<Void> _ = start(); // as soon as the other client has stopped
    exchange = how;
    return entered;
  }

  private void keep(CertificateFolder folder, CompletableFuture<Void> kept) {
    try {
      MeterCertificate _ = folder.keep(thing);
      kept.complete(null);
    } catch (IOException e) {
      kept.completeExceptionally(e);
    }
  }

  private void discard(CertificateFolder folder) {
    try {
      folder.discard(thing);
    } catch (IOException _) {
      // It lies there until it is tried again, and refused again.
    }
  }

  private CompletableFuture<Void> start() {
    if (!awake) {
      awake = true;
      told = false;
      failures = 0;
      exchange = Exchange.NONE;
      entered = new CompletableFuture<>();
      if (ready.isDone()) { // else there are those who wait through an exchange
        ready = new CompletableFuture<>();
      }
      fleet.then(stopped, (_, _) -> fleet.connects.run(this::startClient));
    }
    return ready;
  }

  private void startClient() {
    if (awake && !started) {
      started = true;
      client.start();
    }
  }

  /// Leaves by itself.
  private CompletableFuture<Void> stop() {
    var left = new ConnectionException(thing.value(), "left");
    exchange = Exchange.NONE;
    entered.completeExceptionally(left);
    ready.completeExceptionally(left);
    return disconnect();
  }

  private CompletableFuture<Void> disconnect() {
    awake = false;
    conversation.end("left", false);
    givenBack.forEach(this::unanswered);
    givenBack.clear();
    rawGivenBack.clear();
    rawUnderWay.forEach(
        raw -> raw.completeExceptionally(new ConnectionException(thing.value(), "left")));
    if (started) {
      stopped = new CompletableFuture<>();
      client.stop(new DisconnectPacket.DisconnectPacketBuilder().build());
    }
    return stopped;
  }

  private void giveUp(String reason) {
    var refused = new ConnectionException(thing + " cannot connect to " + fleet.endpoint, reason);
    entered.completeExceptionally(refused);
    if (exchange == Exchange.NONE) { // else it comes back
      ready.completeExceptionally(refused);
    }
    CompletableFuture<Void> _ = disconnect();
  }

  private void connected(boolean rejoined) {
    failures = 0;
    entered.complete(null);
    if (!rejoined) {
      cohortTopics.clear();
    }
    fleet.then(
        subscribeTo(settingsTopic, resendTopic),
        (ack, _) -> {
          if (ack == null) {
            restart();
          } else if (isRefusal(ack)) {
            giveUp("may not subscribe to its own topics: " + ack.getReasonCodes());
          }
        });
    followCohorts();
    CompletableFuture<Void> _ = sendStatus();
    nextStatus =
        fleet.clock.instant().plusMillis(random.nextLong(fleet.options.statusEvery().toMillis()));
    givenBack.forEach(this::offer);
    givenBack.clear();
    List<Runnable> again = List.copyOf(rawGivenBack);
    rawGivenBack.clear();
    again.forEach(Runnable::run);
  }

  private CompletableFuture<SubAckPacket> subscribeTo(String... filters) {
    var packet = new SubscribePacket.SubscribePacketBuilder();
    Stream.of(filters).forEach(filter -> packet.withSubscription(filter, QOS.AT_LEAST_ONCE));
    return client.subscribe(packet.build());
  }

  private void notConnected(int error, @Nullable ConnAckPacket answer) {
    if (!awake) {
      return;
    }
    failures++;
    int attemptsMax =
        exchange != Exchange.NONE
            ? exchange.attemptsMax
            : answer != null
                ? Patience.attemptsMax(answer.getReasonCode())
                : Patience.attemptsMax(CRT.awsErrorName(error));
    if (!ready.isDone() && failures >= attemptsMax) {
      giveUp(answer != null ? answer.getReasonCode().name() : CRT.awsErrorString(error));
    } else {
      restart();
    }
  }

  /// A broker that disconnects a meter for what it did would do so again and again, if that were
  /// sent again. So nothing is.
  private void disconnected(@Nullable DisconnectPacket packet) {
    conversation.end("disconnected", packet == null);
    if (packet != null && BLAMING.contains(packet.getReasonCode()) && awake) {
      blamed = true;
      if (rawUnderWay.isEmpty() && underWay.size() == 1) {
        outbox.turnedAway(underWay.getFirst());
      }
      rawUnderWay.forEach(raw -> raw.complete(packet.getReasonCode().name()));
      rawUnderWay.clear();
    }
    restart();
  }

  /// Gives up the connection, or the attempt at one, for another.
  private void restart() {
    if (awake && started && !restarting) {
      restarting = true;
      client.stop();
    }
  }

  private void stopped() {
    if (restarting && awake) {
      CompletableFuture.delayedExecutor(
              Patience.pauseMillis(failures, random), MILLISECONDS, fleet.thread)
          .execute(() -> fleet.connects.run(this::startClient));
    }
    started = false;
    restarting = false;
    blamed = false;
    stopped.complete(null);
  }

  // Being told

  private void hear(String topic, byte[] payload) {
    try {
      if (topic.equals(settingsTopic)) {
        learn(DownlinkJson.settings(payload));
      } else if (Conversation.isAnswer(topic)) {
        conversation.hear(topic, payload);
      } else if (topic.equals(resendTopic) || cohortTopics.contains(topic)) {
        Instant now = fleet.clock.instant();
        DownlinkJson.resend(payload).blocks().forEach(start -> outbox.asked(start, now));
        fleet.answersMayBeDue();
      }
    } catch (IllegalArgumentException _) { // a meter cannot answer: it says so in its status
      downlinkUnreadable = true;
    }
  }

  private void learn(MeterSettings settings) {
    outbox.learn(settings);
    told = true;
    followCohorts();
  }

  /// Subscribes to what its cohorts are asked, and no longer to what others are.
  private void followCohorts() {
    var wanted = new HashSet<String>();
    outbox
        .cohorts(fleet.clock.instant())
        .forEach(cohort -> wanted.add(Topics.resend(fleet.tenant, cohort)));
    var gone = new HashSet<>(cohortTopics);
    gone.removeAll(wanted);
    for (String topic : gone) {
      cohortTopics.remove(topic);
      CompletableFuture<UnsubAckPacket> _ =
          client.unsubscribe(new UnsubscribePacket.UnsubscribePacketBuilder(topic).build());
    }
    wanted.removeAll(cohortTopics);
    wanted.forEach(this::followCohort);
    settle();
  }

  /// A refusal is forgotten, so that the next settings or the next session try again.
  private void followCohort(String topic) {
    cohortTopics.add(topic);
    subscribing++;
    fleet.then(
        subscribeTo(topic),
        (ack, _) -> {
          subscribing--;
          if (ack == null || isRefusal(ack)) {
            cohortTopics.remove(topic);
          }
          if (ack == null) {
            restart();
          } else {
            settle();
          }
        });
  }

  /// It can be asked once the broker has answered each of its subscriptions: what is published to a
  /// cohort before that does not reach it.
  private void settle() {
    if (subscribing == 0 && told) {
      ready.complete(null);
      awaited.removeIf(a -> outbox.knows(a.epoch()) && a.known().complete(null));
    }
  }

  // Sending

  private CompletableFuture<Void> send(Message message, byte[] payload) {
    outbox.sent(message);
    String topic = Topics.readings(fleet.tenant, message.cohort(), thing);
    CompletableFuture<Void> answered = post(message, topic, payload);
    if (!fleet.deliversTwice()) {
      return answered;
    }
    outbox.sent(message);
    return CompletableFuture.allOf(answered, post(message, topic, payload));
  }

  private CompletableFuture<Void> post(Message message, String topic, byte[] payload) {
    var answered = new CompletableFuture<Void>();
    offer(new Letter(message, packet(topic, payload, false), answered));
    return answered;
  }

  private void offer(Letter letter) {
    Message message = letter.message();
    fleet.publishes.run(() -> {
      if (!awake) {
        unanswered(letter);
        return;
      }
      Instant sentAt = fleet.clock.instant();
      underWay.add(message);
      fleet.published(thing, letter.packet().getPayload());
      fleet.then(
          client.publish(letter.packet()),
          (result, e) -> {
            underWay.remove(message);
            if (result == null) {
              notAnswered(letter, e);
              return;
            }
            if (acknowledgementsToLose > 0) {
              acknowledgementsToLose--;
              fleet.then(
                  send(message, letter.packet().getPayload()),
                  (_, _) -> letter.answered().complete(null));
              return;
            }
            if (isRefusal(result)) {
              outbox.turnedAway(message);
            } else {
              outbox.acknowledged(message, sentAt);
              fleet.acknowledged(message.blocks().size());
            }
            letter.answered().complete(null);
          });
    });
  }

  private void notAnswered(Letter letter, @Nullable Throwable e) {
    if (!blamed && isStop(e)) {
      givenBack.add(letter); // until it is connected again
    } else {
      unanswered(letter);
    }
  }

  /// Whether something failed only as the connection was given up, to be taken up again.
  private boolean isStop(@Nullable Throwable e) {
    return awake && e instanceof CrtRuntimeException crt && crt.errorName.equals(STOPPED);
  }

  private void unanswered(Letter letter) {
    outbox.unanswered(letter.message(), fleet.clock.instant());
    fleet.answersMayBeDue();
    letter.answered().complete(null);
  }

  private CompletableFuture<Void> sendStatus() {
    Instant now = fleet.clock.instant();
    nextStatus = now.plus(fleet.options.statusEvery());
    sequence++;
    byte[] payload =
        UplinkJson.status(
            status(
                sequence,
                downlinkUnreadable ? List.of(MeterStatus.DOWNLINK_UNREADABLE) : List.of()));
    downlinkUnreadable = false;
    var answered = new CompletableFuture<Void>();
    fleet.publishes.run(() -> {
      if (awake) {
        fleet.then(
            client.publish(packet(Topics.status(fleet.tenant, thing), payload, false)),
            (_, _) -> answered.complete(null));
      } else {
        answered.complete(null);
      }
    });
    return answered;
  }

  private MeterStatus status(long number, List<String> faults) {
    long uptimeSeconds = fleet.clock.instant().getEpochSecond() - switchedOn.getEpochSecond();
    long days = uptimeSeconds / 86_400;
    return new MeterStatus(
        number,
        FIRMWARE,
        (int) Math.max(5, 100 - days / 30),
        -60 - random.nextInt(36),
        faults,
        uptimeSeconds,
        outbox.blocksGivenUp());
  }

  private static PublishPacket packet(String topic, byte[] payload, boolean retain) {
    return new PublishPacket.PublishPacketBuilder(topic, QOS.AT_LEAST_ONCE, payload)
        .withRetain(retain)
        .build();
  }

  private static boolean isRefusal(PublishResult result) {
    PubAckReasonCode code = result.getResultPubAck().getReasonCode();
    return code.getValue() >= REFUSED_FROM;
  }

  private static boolean isRefusal(SubAckPacket ack) {
    return ack.getReasonCodes().stream().anyMatch(code -> code.getValue() >= REFUSED_FROM);
  }

  private ConnectionException failure(String what, @Nullable Throwable e) {
    String reason = e instanceof CrtRuntimeException crt ? crt.errorName : String.valueOf(e);
    return new ConnectionException(thing + " cannot " + what, reason);
  }

  /// What the SDK reports, on threads of its own.
  private final class Connection implements LifecycleEvents {

    @Override
    public void onAttemptingConnect(Mqtt5Client ignored, OnAttemptingConnectReturn attempt) {}

    @Override
    public void onConnectionSuccess(Mqtt5Client ignored, OnConnectionSuccessReturn success) {
      boolean rejoined = success.getNegotiatedSettings().getRejoinedSession();
      fleet.thread.execute(() -> connected(rejoined));
    }

    @Override
    public void onConnectionFailure(Mqtt5Client ignored, OnConnectionFailureReturn failure) {
      fleet.thread.execute(() -> notConnected(failure.getErrorCode(), failure.getConnAckPacket()));
    }

    @Override
    public void onDisconnection(Mqtt5Client ignored, OnDisconnectionReturn disconnection) {
      fleet.thread.execute(() -> disconnected(disconnection.getDisconnectPacket()));
    }

    @Override
    public void onStopped(Mqtt5Client ignored, OnStoppedReturn stop) {
      fleet.thread.execute(Meter.this::stopped);
    }
  }
}

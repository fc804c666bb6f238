package meterveil.simulator;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.crt.mqtt5.Mqtt5Client;
import software.amazon.awssdk.crt.mqtt5.PublishResult;
import software.amazon.awssdk.crt.mqtt5.QOS;
import software.amazon.awssdk.crt.mqtt5.packets.PublishPacket;
import software.amazon.awssdk.crt.mqtt5.packets.SubAckPacket;
import software.amazon.awssdk.crt.mqtt5.packets.SubscribePacket;

/// Questions to IoT Core over a connection, one after another: what is published on a topic is
/// answered on `…/accepted` or `…/rejected`.
///
/// The answers come on the connection that asked, if it has subscribed to them before it asks. So
/// it subscribes before each question: a connection that broke in between has forgotten.
final class Conversation {

  /// How long an answer may take. IoT Core gives a pre-provisioning hook 5 seconds.
  static final int ANSWER_SECONDS_MAX = 20;

  private static final int REFUSED_FROM = 0x80; // of all reason codes of MQTT 5
  private static final int BUSY = 429;
  private static final int SERVER_ERROR_FROM = 500;
  private static final JsonMapper JSON = new JsonMapper();

  private final String what;
  private final Mqtt5Client client;
  private volatile @Nullable Question question; // none before the first

  private record Question(String topic, CompletableFuture<JsonNode> answer) {}

  /// @param what it is for, as messages to people name it
  /// @param client whose messages are handed to [#hear]
  Conversation(String what, Mqtt5Client client) {
    this.what = what;
    this.client = client;
  }

  /// Whether a message is part of one.
  static boolean isAnswer(String topic) {
    return topic.startsWith("$aws/");
  }

  /// Asks.
  ///
  /// @return the answer; fails with a [ProvisioningException] if it is no, or does not come, and
  ///   with a [ConnectionException] if the connection ends for good
  CompletableFuture<JsonNode> ask(String topic, JsonNode request) {
    var asked = new Question(topic, new CompletableFuture<>());
    question = asked;
    var subscribe =
        new SubscribePacket.SubscribePacketBuilder()
            .withSubscription(topic + "/accepted", QOS.AT_LEAST_ONCE)
            .withSubscription(topic + "/rejected", QOS.AT_LEAST_ONCE)
            .build();
    CompletableFuture<SubAckPacket> _ =
        client
            .subscribe(subscribe)
            .whenComplete((ack, e) -> {
              if (ack == null) {
                fail(asked, String.valueOf(e.getMessage()), true);
              } else if (ack.getReasonCodes().stream()
                  .anyMatch(c -> c.getValue() >= REFUSED_FROM)) {
                fail(asked, "may not subscribe to the answers: " + ack.getReasonCodes(), false);
              } else {
                publish(asked, request.toString().getBytes(UTF_8));
              }
            });
    CompletableFuture.delayedExecutor(ANSWER_SECONDS_MAX, SECONDS)
        .execute(() -> fail(asked, "no answer in %d s".formatted(ANSWER_SECONDS_MAX), true));
    return asked.answer;
  }

  private void publish(Question asked, byte[] request) {
    CompletableFuture<PublishResult> _ =
        client
            .publish(
                new PublishPacket.PublishPacketBuilder(asked.topic, QOS.AT_LEAST_ONCE, request)
                    .build())
            .whenComplete((result, e) -> {
              if (result == null) {
                fail(asked, String.valueOf(e.getMessage()), true);
              } else if (result.getResultPubAck().getReasonCode().getValue() >= REFUSED_FROM) {
                fail(asked, result.getResultPubAck().getReasonCode().name(), false);
              }
            });
  }

  /// Takes an answer that came on the connection; one that nobody waits for any more is forgotten.
  void hear(String topic, byte[] payload) {
    Question asked = question;
    if (asked == null || !topic.startsWith(asked.topic + "/")) {
      return;
    }
    JsonNode answer;
    try {
      answer = JSON.readTree(payload);
    } catch (IOException _) {
      fail(asked, "the answer is not JSON", false);
      return;
    }
    if (topic.equals(asked.topic + "/accepted")) {
      asked.answer.complete(answer);
    } else {
      int status = answer.path("statusCode").asInt();
      String code = answer.path("errorCode").asText();
      fail(
          asked,
          "%s (%d): %s".formatted(code, status, answer.path("errorMessage").asText()),
          status == BUSY || status >= SERVER_ERROR_FROM || code.contains("Throttl"));
    }
  }

  /// The connection is over: that is no answer, so what was asked may have been granted.
  ///
  /// @param passing whether another one will follow, to ask again on
  void end(String reason, boolean passing) {
    Question asked = question;
    if (asked == null) {
      return;
    }
    if (passing) {
      fail(asked, reason, true);
    } else {
      asked.answer.completeExceptionally(new ConnectionException(what, reason));
    }
  }

  private void fail(Question asked, String reason, boolean passing) {
    asked.answer.completeExceptionally(new ProvisioningException(what, reason, passing));
  }
}

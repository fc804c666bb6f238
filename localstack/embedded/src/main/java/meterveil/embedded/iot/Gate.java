package meterveil.embedded.iot;

import com.hivemq.extension.sdk.api.auth.PublishAuthorizer;
import com.hivemq.extension.sdk.api.auth.SubscriptionAuthorizer;
import com.hivemq.extension.sdk.api.auth.parameter.PublishAuthorizerInput;
import com.hivemq.extension.sdk.api.auth.parameter.PublishAuthorizerOutput;
import com.hivemq.extension.sdk.api.auth.parameter.SubscriptionAuthorizerInput;
import com.hivemq.extension.sdk.api.auth.parameter.SubscriptionAuthorizerOutput;
import com.hivemq.extension.sdk.api.interceptor.publish.PublishInboundInterceptor;
import com.hivemq.extension.sdk.api.interceptor.publish.PublishOutboundInterceptor;
import com.hivemq.extension.sdk.api.interceptor.publish.parameter.PublishInboundInput;
import com.hivemq.extension.sdk.api.interceptor.publish.parameter.PublishInboundOutput;
import com.hivemq.extension.sdk.api.interceptor.publish.parameter.PublishOutboundInput;
import com.hivemq.extension.sdk.api.interceptor.publish.parameter.PublishOutboundOutput;
import com.hivemq.extension.sdk.api.packets.disconnect.DisconnectReasonCode;
import com.hivemq.extension.sdk.api.packets.publish.PublishPacket;
import com.hivemq.extension.sdk.api.packets.subscribe.SubackReasonCode;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.function.Predicate;
import meterveil.embedded.iot.Refusal.Reason;

/// Judges what one connected client sends and gets.
///
/// HiveMQ asks the interceptor before the authorizer. So the interceptor judges first: what is
/// allowed goes to the rules there, and if it is for rules alone, it ends there with a PUBACK; what
/// is not allowed is left to the authorizer, which disconnects the client as IoT Core does.
final class Gate
    implements PublishInboundInterceptor,
        PublishAuthorizer,
        SubscriptionAuthorizer,
        PublishOutboundInterceptor {

  private static final int TOPIC_BYTES_MAX = 256;
  private static final int TOPIC_SLASHES_MAX = 7;

  private final String clientId;
  private final String sourceIp;
  private final Rights rights;
  private final RuleEngine rules;
  private final Predicate<Message> requests;
  private final Refusals refusals;

  /// @param requests takes what is asked of IoT Core itself
  Gate(
      String clientId,
      String sourceIp,
      Rights rights,
      RuleEngine rules,
      Predicate<Message> requests,
      Refusals refusals) {
    this.clientId = clientId;
    this.sourceIp = sourceIp;
    this.rights = rights;
    this.rules = rules;
    this.requests = requests;
    this.refusals = refusals;
  }

  @Override
  public void onInboundPublish(PublishInboundInput input, PublishInboundOutput output) {
    PublishPacket packet = input.getPublishPacket();
    if (refuse(rights, packet.getTopic(), packet.getRetain()).isEmpty()) {
      Message message = Hooks.message(packet, clientId, sourceIp);
      if (rules.take(message) || requests.test(message)) {
        output.preventPublishDelivery();
      }
    }
  }

  @Override
  public void authorizePublish(PublishAuthorizerInput input, PublishAuthorizerOutput output) {
    PublishPacket packet = input.getPublishPacket();
    Optional<Reason> refused = refuse(rights, packet.getTopic(), packet.getRetain());
    if (refused.isEmpty() && RuleEngine.forRulesAlone(packet.getTopic())) {
      // The interceptor refused it, and the thing's attributes have changed since.
      refused = Optional.of(Reason.PUBLISH);
    }
    if (refused.isEmpty()) {
      output.authorizeSuccessfully();
      return;
    }
    refusals.add(refused.get(), clientId, packet.getTopic());
    output.disconnectClient(
        refused.get() == Reason.TOPIC
            ? DisconnectReasonCode.TOPIC_NAME_INVALID
            : DisconnectReasonCode.NOT_AUTHORIZED);
  }

  @Override
  public void authorizeSubscribe(
      SubscriptionAuthorizerInput input, SubscriptionAuthorizerOutput output) {
    String filter = input.getSubscription().getTopicFilter();
    if (rights.may("iot:Subscribe", "topicfilter/" + filter)) {
      output.authorizeSuccessfully();
    } else {
      refusals.add(Reason.SUBSCRIBE, clientId, filter);
      output.failAuthorization(SubackReasonCode.NOT_AUTHORIZED);
    }
  }

  @Override
  public void onOutboundPublish(PublishOutboundInput input, PublishOutboundOutput output) {
    String topic = input.getPublishPacket().getTopic();
    if (!rights.may("iot:Receive", "topic/" + topic)) {
      refusals.add(Reason.RECEIVE, clientId, topic);
      output.preventPublishDelivery();
    }
  }

  /// Why a publish is refused, if it is.
  static Optional<Reason> refuse(Rights rights, String topic, boolean retain) {
    String limited = RuleEngine.withoutPrefix(topic);
    if (limited.chars().filter(c -> c == '/').count() > TOPIC_SLASHES_MAX
        || limited.getBytes(StandardCharsets.UTF_8).length > TOPIC_BYTES_MAX) {
      return Optional.of(Reason.TOPIC);
    }
    if (!rights.may("iot:Publish", "topic/" + topic)) {
      return Optional.of(Reason.PUBLISH);
    }
    return retain && !rights.may("iot:RetainPublish", "topic/" + topic)
        ? Optional.of(Reason.RETAIN)
        : Optional.empty();
  }
}

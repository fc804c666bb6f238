package meterveil.embedded.iot;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/// The topic rules of the template and what becomes of each message.
///
/// A message under Basic Ingest (`$aws/rules/NAME/…`) goes to that rule alone; any other one to
/// each rule whose `FROM` takes it. The rule's actions get the event its SQL makes; if one of them
/// fails, the error action gets a record in IoT Core's own format, original payload included; if
/// that fails too, nothing is left but a metric. Whoever publishes learns nothing of all this. Runs
/// on the publisher's thread, without locks.
public final class RuleEngine {

  private static final String BASIC_INGEST = "$aws/rules/";
  private static final JsonFactory JSON = new JsonFactory();

  /// @param actions ARNs of the functions it invokes
  /// @param errorAction ARN of the one that hears of a failure
  private record Rule(
      String name, TopicRule sql, List<String> actions, Optional<String> errorAction) {}

  private record Failure(String resource, String message) {}

  private final Map<String, Rule> rules;
  private final LambdaAction lambda;
  private final Clock clock;
  private final ConcurrentMap<String, LongAdder> metrics = new ConcurrentHashMap<>();
  private final ConcurrentMap<String, AtomicInteger> failing = new ConcurrentHashMap<>();
  private final ConcurrentMap<String, AtomicInteger> losing = new ConcurrentHashMap<>();
  private final AtomicInteger underWay = new AtomicInteger();

  /// @param resources properties of each `AWS::IoT::TopicRule` of the template, references
  ///   resolved, by logical id
  /// @param lambda carries out Lambda actions
  /// @param clock of the platform
  /// @throws IllegalArgumentException naming the resource, if it holds anything not implemented
  public RuleEngine(Map<String, JsonNode> resources, LambdaAction lambda, Clock clock) {
    this.lambda = lambda;
    this.clock = clock;
    var enabled = new HashMap<String, Rule>();
    resources.forEach((logicalId, properties) -> {
      try {
        rule(properties)
            .ifPresent(rule -> {
              if (enabled.put(rule.name, rule) != null) {
                throw new IllegalArgumentException("has a rule name used twice");
              }
            });
      } catch (IllegalArgumentException refused) {
        throw new IllegalArgumentException(
            logicalId + ": the topic rule " + refused.getMessage(), refused);
      }
    });
    this.rules = Map.copyOf(enabled);
  }

  /// Nothing for a rule that is switched off.
  private static Optional<Rule> rule(JsonNode properties) {
    refuseUnknown(properties, Set.of("RuleName", "TopicRulePayload", "Tags"));
    String name = properties.path("RuleName").asText();
    if (name.isEmpty()) {
      throw new IllegalArgumentException("has no name: devices could not address it");
    }
    JsonNode payload = properties.path("TopicRulePayload");
    refuseUnknown(
        payload,
        Set.of("Sql", "AwsIotSqlVersion", "Actions", "ErrorAction", "RuleDisabled", "Description"));
    if (!payload.path("AwsIotSqlVersion").asText().equals("2016-03-23")) {
      throw new IllegalArgumentException("is not of SQL version 2016-03-23");
    }
    var sql = TopicRule.parse(payload.path("Sql").asText());
    var actions = new ArrayList<String>();
    for (JsonNode action : payload.path("Actions")) {
      actions.add(function(action));
    }
    if (actions.isEmpty()) {
      throw new IllegalArgumentException("has no action");
    }
    JsonNode errorAction = payload.path("ErrorAction");
    var rule =
        new Rule(
            name,
            sql,
            List.copyOf(actions),
            errorAction.isMissingNode() ? Optional.empty() : Optional.of(function(errorAction)));
    return payload.path("RuleDisabled").asBoolean() ? Optional.empty() : Optional.of(rule);
  }

  private static String function(JsonNode action) {
    refuseUnknown(action, Set.of("Lambda"));
    refuseUnknown(action.path("Lambda"), Set.of("FunctionArn"));
    String arn = action.path("Lambda").path("FunctionArn").asText();
    if (arn.isEmpty()) {
      throw new IllegalArgumentException("has a Lambda action without a function's ARN");
    }
    return arn;
  }

  private static void refuseUnknown(JsonNode node, Set<String> known) {
    for (Map.Entry<String, JsonNode> member : node.properties()) {
      if (!known.contains(member.getKey())) {
        throw new IllegalArgumentException("has something not implemented: " + member.getKey());
      }
    }
  }

  /// Whether a topic is one of Basic Ingest, whose messages no subscriber gets.
  static boolean forRulesAlone(String topic) {
    return topic.startsWith(BASIC_INGEST);
  }

  /// A topic as a rule's SQL and IoT Core's limits see it: without `$aws/rules/NAME/`.
  static String withoutPrefix(String topic) {
    if (!forRulesAlone(topic)) {
      return topic;
    }
    int end = topic.indexOf('/', BASIC_INGEST.length());
    return end < 0 ? "" : topic.substring(end + 1);
  }

  /// Gives a message to the rules it is for.
  ///
  /// @return whether it is for rules alone, and so for no subscriber
  boolean take(Message message) {
    underWay.incrementAndGet();
    boolean answered = false;
    try {
      boolean forRulesAlone = run(message);
      answered = true;
      return forRulesAlone;
    } finally {
      underWay.decrementAndGet();
      if (!answered) {
        count("Bug");
      }
    }
  }

  private boolean run(Message message) {
    String topic = message.topic();
    if (!forRulesAlone(topic)) {
      for (Rule rule : rules.values()) {
        if (rule.sql.takes(topic)) {
          run(rule, topic, message);
        }
      }
      return false;
    }
    int end = topic.indexOf('/', BASIC_INGEST.length());
    String name = topic.substring(BASIC_INGEST.length(), end < 0 ? topic.length() : end);
    Rule rule = rules.get(name);
    if (rule == null) {
      count("RuleNotFound");
    } else {
      run(rule, withoutPrefix(topic), message);
    }
    return true;
  }

  private void run(Rule rule, String topic, Message message) {
    count(rule.name + ".TopicMatch");
    if (takeOne(losing, rule.name)) {
      return;
    }
    Optional<byte[]> selected = rule.sql.evaluate(topic, message, clock);
    if (selected.isEmpty()) {
      count(rule.name + ".ParseError"); // for which there is no error action
      return;
    }
    byte[] event = selected.get();
    var failures = new ArrayList<Failure>();
    for (String function : rule.actions) {
      try {
        if (takeOne(failing, rule.name)) {
          throw new ActionFailed("Failed to invoke the function, as a test asked for.");
        }
        lambda.invoke(function, event);
        count(rule.name + ".Success");
      } catch (ActionFailed failed) {
        count(rule.name + ".Failure");
        failures.add(new Failure(function, String.valueOf(failed.getMessage())));
      }
    }
    if (!failures.isEmpty() && rule.errorAction.isPresent()) {
      try {
        lambda.invoke(rule.errorAction.get(), errorRecord(rule.name, message, failures));
        count(rule.name + ".ErrorActionSuccess");
      } catch (ActionFailed failed) {
        count(rule.name + ".ErrorActionFailure");
      }
    }
  }

  /// What IoT Core gives an error action.
  private static byte[] errorRecord(String rule, Message message, List<Failure> failures) {
    var bytes = new ByteArrayOutputStream();
    try (JsonGenerator json = JSON.createGenerator(bytes)) {
      json.writeStartObject();
      json.writeStringField("ruleName", rule);
      json.writeStringField("topic", message.topic());
      json.writeStringField("cloudwatchTraceId", UUID.randomUUID().toString());
      json.writeStringField("clientId", message.clientId());
      json.writeStringField("sourceIp", message.sourceIp());
      json.writeBinaryField("base64OriginalPayload", message.payload());
      json.writeArrayFieldStart("failures");
      for (Failure failure : failures) {
        json.writeStartObject();
        json.writeStringField("failedAction", "LambdaAction");
        json.writeStringField("failedResource", failure.resource);
        json.writeStringField("errorMessage", failure.message);
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  /// How often each thing happened, under IoT Core's metric names: `RuleNotFound`, and for each
  /// rule `NAME.TopicMatch`, `.ParseError`, `.Success`, `.Failure`, `.ErrorActionSuccess`,
  /// `.ErrorActionFailure`.
  public Map<String, Long> metrics() {
    var now = new TreeMap<String, Long>();
    metrics.forEach((name, count) -> now.put(name, count.sum()));
    return now;
  }

  /// Whether no message is in a rule at this moment.
  public boolean quiet() {
    return underWay.get() == 0;
  }

  /// A fault: the next actions of a rule fail, and its error action hears of it.
  public void failNext(String rule, int actions) {
    failing.computeIfAbsent(rule, name -> new AtomicInteger()).addAndGet(actions);
  }

  /// A fault: the rule loses the next messages without any trace, error action included.
  public void loseNext(String rule, int messages) {
    losing.computeIfAbsent(rule, name -> new AtomicInteger()).addAndGet(messages);
  }

  private static boolean takeOne(Map<String, AtomicInteger> faults, String rule) {
    @Nullable AtomicInteger left = faults.get(rule);
    return left != null && left.getAndUpdate(n -> Math.max(0, n - 1)) > 0;
  }

  private void count(String metric) {
    metrics.computeIfAbsent(metric, name -> new LongAdder()).increment();
  }
}

package meterveil.infrastructure;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.constantpool.StringEntry;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.ZipFile;
import meterveil.infrastructure.Templates.Resource;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Alarms look at what somebody counts, and a person is told what to do about them.
class AlarmsTest {

  /// What AWS counts, as far as it is looked at here, and how it is split; what is asked for by a
  /// query may be split in any way. From AWS's documentation of each service's metrics.
  private static final Map<String, Map<String, Set<String>>> COUNTED_BY_AWS =
      Map.of(
          "AWS/Lambda",
          splitBy(
              "FunctionName",
              "AsyncEventAge",
              "AsyncEventsDropped",
              "ConcurrentExecutions",
              "DestinationDeliveryFailures",
              "Errors",
              "Throttles"),
          "AWS/Scheduler",
          splitBy("ScheduleGroup", "InvocationDroppedCount", "TargetErrorCount"),
          "AWS/IoT",
          Map.of("CMK.Health", Set.of()));

  private static final Map<String, Set<String>> QUERIED_OF_AWS =
      Map.of(
          "AWS/IoT",
          Set.of(
              "Connect.AuthError",
              "Connect.Throttle",
              "ErrorActionFailure",
              "Failure",
              "ParseError",
              "PublishIn.AuthError",
              "PublishIn.Throttle",
              "RuleMessageThrottled",
              "RuleNotFound"),
          "AWS/DynamoDB",
          Set.of("ReadThrottleEvents", "WriteThrottleEvents"));

  private static final Pattern QUERY = Pattern.compile("SELECT SUM\\(\"(.+)\"\\) FROM \"(.+)\"");
  private static final Pattern SEARCH =
      Pattern.compile(
          "SEARCH\\('\\{Meterveil,(\\w+)} MetricName=\"(\\w+)\"', '(?:Sum|Maximum)'\\)");
  private static final Pattern LINE =
      Pattern.compile("(?m)^\\| `(\\w+)` \\|(.+)\\|(.+)\\|(.+)\\|$");

  /// The strings that a function's own classes hold, by its name.
  private static final Map<String, Set<String>> STRINGS = new TreeMap<>();

  @Test
  @DisplayName("T49 alarms look at what is counted")
  void looksAtWhatIsCounted() {
    assertThat(seen(Synthesis.dev())).hasSizeGreaterThan(40);
    assertThat(notCounted(Synthesis.dev())).isEmpty();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("mistakes")
  void findsAnAlarmThatNeverRings(
      String mistake, UnaryOperator<Templates> change, String notCounted) {
    assertThat(notCounted(change.apply(Synthesis.dev())))
        .singleElement()
        .asString()
        .contains(notCounted);
  }

  static Stream<Arguments> mistakes() {
    return Stream.of(
        mistake(
            "a function counts under another name",
            t -> Changes.set(t, "AlarmReleaseMissing", "Rnus", "Properties", "MetricName"),
            "Rnus"),
        mistake(
            "another function counts it",
            t ->
                Changes.set(
                    t, "AlarmReleaseMissing", "collect", "Properties", "Dimensions", 0, "Value"),
            "Runs"),
        mistake(
            "a function's count is split in another way",
            t -> Changes.remove(t, "AlarmReleaseMissing", "Properties", "Dimensions"),
            "Runs"),
        mistake(
            "Lambda counts under another name",
            t -> Changes.set(t, "AlarmReleaseFails", "Failures", "Properties", "MetricName"),
            "Failures"),
        mistake(
            "Lambda counts another function",
            t ->
                Changes.set(
                    t, "AlarmReleaseFails", "release", "Properties", "Dimensions", 0, "Value"),
            "Errors"),
        mistake(
            "IoT Core counts under another name",
            t ->
                Changes.set(
                    t,
                    "AlarmRuleMissing",
                    "SELECT SUM(\"RuleMissing\") FROM \"AWS/IoT\"",
                    "Properties",
                    "Metrics",
                    0,
                    "Expression"),
            "RuleMissing"),
        mistake(
            "nothing filters the trail for it",
            t -> Changes.set(t, "TrailKeyUseDenied", "AWS::Nothing::Here", "Type"),
            "KeyUseDenied"),
        mistake(
            "a figure in a calculation is not counted",
            t ->
                Changes.set(
                    t,
                    "AlarmNothingCounted",
                    "Counts",
                    "Properties",
                    "Metrics",
                    1,
                    "MetricStat",
                    "Metric",
                    "MetricName"),
            "Counts"),
        mistake(
            "the dashboard shows a reason of something else",
            t -> {
              var body = Changes.resource(t, "OverviewDashboard").textAt("DashboardBody");
              var other = body.replace("MetricName=\\\"Refused\\\"", "MetricName=\\\"Denied\\\"");
              return Changes.set(t, "OverviewDashboard", other, "Properties", "DashboardBody");
            },
            "Denied"));
  }

  @Test
  void showsWhatEachAlarmLooksAt() {
    var body =
        CdkJson.parse(
            Changes.resource(Synthesis.dev(), "OverviewDashboard").textAt("DashboardBody"));
    var shown =
        Templates.listOf(body.get("widgets")).stream()
            .map(widget -> Templates.mapOf(Templates.mapOf(widget).get("properties")))
            .flatMap(properties ->
                Templates.textsOf(Templates.mapOf(properties.get("annotations")).get("alarms"))
                    .stream());

    assertThat(shown)
        .containsExactlyInAnyOrderElementsOf(
            alarms().map(alarm -> "${%s.Arn}".formatted(alarm.id())).toList());
  }

  /// A call that fails is tried twice more within the hour, and each try counts them all.
  @Test
  void showsOfflineMetersOnceThoughTheyAreCountedAgain() {
    assertThat(Changes.resource(Synthesis.dev(), "OverviewDashboard").textAt("DashboardBody"))
        .contains("{Meterveil,District} MetricName=\\\"MetersOffline\\\"', 'Maximum'");
  }

  @Test
  void hasALineInTheRunbookForEachAlarmAndNoOther() throws IOException {
    var runbook = Files.readString(Synthesis.MODULE.resolveSibling("docs").resolve("runbook.md"));

    assertThat(LINE.matcher(runbook).results().map(line -> line.group(1)))
        .containsExactlyInAnyOrderElementsOf(
            Stream.concat(
                    Stream.of("Budget"),
                    alarms().map(alarm -> alarm.construct().replaceFirst("^Alarm", "")))
                .toList());
    assertThat(LINE.matcher(runbook).results())
        .allSatisfy(line -> {
          for (var cell = 2; cell <= 4; cell++) {
            assertThat(line.group(cell)).as(line.group(1)).isNotBlank();
          }
        });
  }

  @Test
  void tellsThePersonWhomTheStageNames() {
    var topic = "${%s}".formatted(Changes.resource(Synthesis.prod(), "OperatorTopic").id());
    var subscriptions = Synthesis.prod().ofType("AWS::SNS::Subscription");

    assertThat(subscriptions)
        .singleElement()
        .satisfies(subscription -> {
          assertThat(subscription.textAt("TopicArn")).isEqualTo(topic);
          assertThat(subscription.textAt("Protocol")).isEqualTo("email");
          assertThat(subscription.textAt("Endpoint")).isEqualTo("operator@example.com");
        });
    assertThat(Synthesis.prod().ofType("AWS::CloudWatch::Alarm"))
        .isNotEmpty()
        .allSatisfy(alarm ->
            assertThat(Templates.textsOf(alarm.at("AlarmActions").orElse(null)))
                .containsExactly(topic));
    assertThat(Changes.resource(Synthesis.prod(), "Budget").definition().toString())
        .contains(topic.substring(2, topic.length() - 1), "Amount=6000");
  }

  @Test
  void letsTheServicesThatTellUseTheTopicAndItsKey() {
    var key = Changes.resource(Synthesis.dev(), "OperatorKey");
    var users =
        Statement.ofKeys(Synthesis.dev()).stream()
            .filter(statement -> statement.policy().equals(key))
            .filter(statement -> statement.actions().contains("kms:GenerateDataKey"));
    var publishers =
        Statement.ofBucketsAndTopics(Synthesis.dev()).stream()
            .filter(statement -> statement.effect().equals("Allow"))
            .filter(statement -> statement.actions().contains("sns:Publish"));

    assertThat(Stream.concat(users, publishers))
        .hasSize(2)
        .allSatisfy(statement ->
            assertThat(statement.principals())
                .containsExactlyInAnyOrder("cloudwatch.amazonaws.com", "budgets.amazonaws.com"));
  }

  private static Arguments mistake(
      String name, UnaryOperator<Templates> change, String notCounted) {
    return Arguments.of(name, change, notCounted);
  }

  /// A figure that an alarm or the dashboard looks at.
  ///
  /// @param dimensions how it is split, by name; a single `*` if it may be split in any way
  private record Figure(String namespace, String metric, Map<String, String> dimensions) {

    static final Map<String, String> ANY = Map.of("*", "*");

    static Figure of(Map<String, Object> definition) {
      var dimensions = new TreeMap<String, String>();
      for (var dimension : Templates.listOf(definition.get("Dimensions"))) {
        var named = Templates.mapOf(dimension);
        dimensions.put(Templates.text(named.get("Name")), Templates.text(named.get("Value")));
      }
      return new Figure(
          Templates.text(definition.get("Namespace")),
          Templates.text(definition.get("MetricName")),
          dimensions);
    }
  }

  private static Stream<Resource> alarms() {
    return Synthesis.dev().ofType("AWS::CloudWatch::Alarm").stream();
  }

  private static List<Figure> notCounted(Templates templates) {
    return seen(templates).stream().filter(figure -> !isCounted(figure, templates)).toList();
  }

  private static boolean isCounted(Figure figure, Templates templates) {
    return switch (figure.namespace()) {
      case "Meterveil" ->
          figure.dimensions().size() == 1
              && figure.dimensions().entrySet().stream()
                  .allMatch(by ->
                      switch (by.getKey()) {
                        case "Service" ->
                            strings(templates, by.getValue()).contains(figure.metric());
                        default -> isCountedBy(by.getKey(), figure.metric(), templates);
                      });
      case AuditTrail.NAMESPACE ->
          figure.dimensions().isEmpty()
              && templates.ofType("AWS::Logs::MetricFilter").stream()
                  .flatMap(filter ->
                      Templates.listOf(filter.at("MetricTransformations").orElse(null)).stream())
                  .map(Templates::mapOf)
                  .anyMatch(counts ->
                      figure.namespace().equals(counts.get("MetricNamespace"))
                          && figure.metric().equals(counts.get("MetricName")));
      default ->
          figure.dimensions().equals(Figure.ANY)
              ? QUERIED_OF_AWS.getOrDefault(figure.namespace(), Set.of()).contains(figure.metric())
              : figure
                      .dimensions()
                      .keySet()
                      .equals(
                          COUNTED_BY_AWS
                              .getOrDefault(figure.namespace(), Map.of())
                              .get(figure.metric()))
                  && figure.dimensions().values().stream()
                      .allMatch(value -> templates.named(value).isPresent());
    };
  }

  private static boolean isCountedBy(String dimension, String metric, Templates templates) {
    return templates.ofType("AWS::Lambda::Function").stream()
        .map(function -> function.textAt("Environment", "Variables", "POWERTOOLS_SERVICE_NAME"))
        .filter(function -> !function.isEmpty())
        .map(function -> strings(templates, function))
        .anyMatch(strings -> strings.containsAll(Set.of(metric, dimension)));
  }

  private static Set<Figure> seen(Templates templates) {
    var seen = new HashSet<Figure>();
    for (var alarm : templates.ofType("AWS::CloudWatch::Alarm")) {
      var definition = Templates.mapOf(alarm.definition().get("Properties"));
      if (definition.containsKey("MetricName")) {
        seen.add(Figure.of(definition));
      }
      for (var metric : Templates.listOf(definition.get("Metrics"))) {
        var part = Templates.mapOf(metric);
        if (part.containsKey("MetricStat")) {
          seen.add(
              Figure.of(Templates.mapOf(Templates.mapOf(part.get("MetricStat")).get("Metric"))));
        } else {
          seen.addAll(asked(Templates.text(part.get("Expression"))));
        }
      }
    }
    for (var dashboard : templates.ofType("AWS::CloudWatch::Dashboard")) {
      var body = CdkJson.parse(dashboard.textAt("DashboardBody"));
      for (var widget : Templates.listOf(body.get("widgets"))) {
        var properties = Templates.mapOf(Templates.mapOf(widget).get("properties"));
        for (var metric : Templates.listOf(properties.get("metrics"))) {
          seen.addAll(shown(Templates.listOf(metric)));
        }
      }
    }
    return seen;
  }

  /// A row of the dashboard's: an expression, or namespace, metric, and names and values by turns.
  private static List<Figure> shown(List<Object> row) {
    if (row.getFirst() instanceof Map<?, ?> expression) {
      return asked(Templates.text(expression.get("expression")));
    }
    var words = row.stream().filter(String.class::isInstance).map(String.class::cast).toList();
    var dimensions = new TreeMap<String, String>();
    for (var name = 2; name + 1 < words.size(); name += 2) {
      dimensions.put(words.get(name), words.get(name + 1));
    }
    return List.of(new Figure(words.get(0), words.get(1), dimensions));
  }

  /// What a query asks for; nothing for arithmetic, whose figures stand beside it.
  private static List<Figure> asked(String expression) {
    var asked = new ArrayList<Figure>();
    var query = QUERY.matcher(expression);
    if (query.matches()) {
      asked.add(new Figure(query.group(2), query.group(1), Figure.ANY));
    }
    var search = SEARCH.matcher(expression);
    if (search.matches()) {
      asked.add(new Figure("Meterveil", search.group(2), Map.of(search.group(1), "*")));
    }
    if (asked.isEmpty() && (expression.contains("SELECT") || expression.contains("SEARCH"))) {
      throw new AssertionError("not understood: " + expression);
    }
    return asked;
  }

  private static Map<String, Set<String>> splitBy(String dimension, String... metrics) {
    var split = new HashMap<String, Set<String>>();
    for (var metric : metrics) {
      split.put(metric, Set.of(dimension));
    }
    return split;
  }

  /// The strings in the classes that are deployed as a function.
  private static Set<String> strings(Templates templates, String function) {
    return STRINGS.computeIfAbsent(
        function,
        name ->
            templates.ofType("AWS::Lambda::Function").stream()
                .filter(f ->
                    f.textAt("Environment", "Variables", "POWERTOOLS_SERVICE_NAME").equals(name))
                .map(f -> strings(f, "meterveil/%s/".formatted(name)))
                .findFirst()
                .orElse(Set.of()));
  }

  private static Set<String> strings(Resource function, String classes) {
    var strings = new HashSet<String>();
    try (var zip = new ZipFile(FunctionZipTest.zip(function).toFile())) {
      for (var entry : zip.stream().filter(e -> e.getName().startsWith(classes)).toList()) {
        if (entry.getName().endsWith(".class")) {
          var bytes = zip.getInputStream(entry).readAllBytes();
          for (var constant : ClassFile.of().parse(bytes).constantPool()) {
            if (constant instanceof StringEntry string) {
              strings.add(string.stringValue());
            }
          }
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return strings;
  }
}

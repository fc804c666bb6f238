package meterveil.embedded.cloud;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.w3c.dom.Element;

/// CloudFormation, as far as making, describing and deleting stacks.
final class CloudFormation {

  private static final String VERSION = "2010-05-15";
  private static final Duration POLL = Duration.ofMillis(250);
  private static final Duration DEPLOYED_MAX = Duration.ofMinutes(10);
  private static final int EVENT_PAGES_MAX = 100;

  private final Cloud cloud;

  CloudFormation(Cloud cloud) {
    this.cloud = cloud;
  }

  /// What happened to a resource.
  ///
  /// @param logicalId in the template
  /// @param physicalId empty while there is none
  /// @param type for instance `AWS::KMS::Key`
  /// @param status for instance `CREATE_COMPLETE`
  /// @param reason empty if none is given
  record Event(String logicalId, String physicalId, String type, String status, String reason) {}

  /// Makes a stack and waits until it is made.
  ///
  /// @param template its member of a CreateStack request, `TemplateBody` or `TemplateURL`, and what
  ///   it holds
  /// @throws IOException if it was not made, with the events that say why
  void create(String stack, Map.Entry<String, String> template)
      throws IOException, InterruptedException {
    query(
        "CreateStack",
        Map.of(
            "StackName",
            stack,
            template.getKey(),
            template.getValue(),
            "Capabilities.member.1",
            "CAPABILITY_IAM",
            "Capabilities.member.2",
            "CAPABILITY_NAMED_IAM",
            "OnFailure",
            "DO_NOTHING"));
    long deadline = System.nanoTime() + DEPLOYED_MAX.toNanos();
    String status;
    do {
      Thread.sleep(POLL);
      status =
          Cloud.text(query("DescribeStacks", Map.of("StackName", stack)), "StackStatus")
              .orElse("unknown");
    } while (status.endsWith("IN_PROGRESS") && System.nanoTime() < deadline);
    if (!status.equals("CREATE_COMPLETE")) {
      List<String> why =
          events(stack).stream()
              .filter(event -> event.status().endsWith("FAILED") && !event.reason().isEmpty())
              .map(event -> "%s %s: %s".formatted(event.type(), event.logicalId(), event.reason()))
              .toList();
      throw new IOException("%s is %s: %s".formatted(stack, status, why));
    }
  }

  /// Deletes a stack, without waiting.
  void delete(String stack) throws IOException {
    query("DeleteStack", Map.of("StackName", stack));
  }

  /// Everything that happened to a stack, the latest first.
  List<Event> events(String stack) throws IOException {
    var events = new ArrayList<Event>();
    var parameters = new HashMap<>(Map.of("StackName", stack));
    for (int page = 0; page < EVENT_PAGES_MAX; page++) {
      Element answer = query("DescribeStackEvents", parameters);
      events.addAll(members(answer));
      Optional<String> next = Cloud.text(answer, "NextToken");
      if (next.isEmpty()) {
        return events;
      }
      parameters.put("NextToken", next.get());
    }
    throw new IOException("more than %d pages of events of %s".formatted(EVENT_PAGES_MAX, stack));
  }

  /// The resources of a stack.
  List<Event> resources(String stack) throws IOException {
    return members(query("DescribeStackResources", Map.of("StackName", stack)));
  }

  private static List<Event> members(Element answer) {
    var members = answer.getElementsByTagName("member");
    var events = new ArrayList<Event>();
    for (int i = 0; i < members.getLength(); i++) {
      var member = (Element) members.item(i);
      events.add(
          new Event(
              Cloud.text(member, "LogicalResourceId").orElse(""),
              Cloud.text(member, "PhysicalResourceId").orElse(""),
              Cloud.text(member, "ResourceType").orElse(""),
              Cloud.text(member, "ResourceStatus").orElse(""),
              Cloud.text(member, "ResourceStatusReason").orElse("")));
    }
    return events;
  }

  private Element query(String action, Map<String, String> parameters) throws IOException {
    var all = new HashMap<>(parameters);
    all.put("Action", action);
    return cloud.query("cloudformation", VERSION, all);
  }
}

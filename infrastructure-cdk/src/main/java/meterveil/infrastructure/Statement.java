package meterveil.infrastructure;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import meterveil.infrastructure.Templates.Resource;
import org.jspecify.annotations.Nullable;

/// One statement of a policy in a template, whatever kind of policy it is in.
///
/// @param policy the resource that holds the policy
/// @param roles the roles it is attached to, as references; none unless it is an IAM policy
/// @param principals whom the policy of a key names
/// @param unusual members that turn its meaning round, as `NotAction`
record Statement(
    Resource policy,
    List<String> roles,
    String effect,
    List<String> principals,
    List<String> actions,
    List<String> resources,
    Map<String, Object> conditions,
    List<String> unusual) {

  private static final Set<String> USUAL =
      Set.of("Sid", "Effect", "Principal", "Action", "Resource", "Condition");

  /// What roles may do.
  static List<Statement> ofRoles(Templates templates) {
    return in(templates, "AWS::IAM::Policy", "PolicyDocument");
  }

  /// What meters may do.
  static List<Statement> ofMeters(Templates templates) {
    return in(templates, "AWS::IoT::Policy", "PolicyDocument");
  }

  /// Who may take on roles.
  static List<Statement> ofTrust(Templates templates) {
    return in(templates, "AWS::IAM::Role", "AssumeRolePolicyDocument");
  }

  /// Who may reach buckets and topics.
  static List<Statement> ofBucketsAndTopics(Templates templates) {
    return Stream.of("AWS::S3::BucketPolicy", "AWS::SNS::TopicPolicy")
        .flatMap(type -> in(templates, type, "PolicyDocument").stream())
        .toList();
  }

  /// Who may use keys.
  static List<Statement> ofKeys(Templates templates) {
    return in(templates, "AWS::KMS::Key", "KeyPolicy");
  }

  /// Whether it names each action in full.
  boolean namesActions() {
    return actions.stream().noneMatch(Statement::isPattern);
  }

  /// Whether IAM takes it for more than one name: `*` stands for any characters, `?` for any one.
  static boolean isPattern(String name) {
    return name.contains("*") || name.contains("?");
  }

  /// Whether it allows something on this very resource.
  boolean concerns(Resource resource) {
    return resources.contains("${%s.Arn}".formatted(resource.id()));
  }

  private static List<Statement> in(Templates templates, String type, String document) {
    return templates.ofType(type).stream()
        .flatMap(policy ->
            Templates.listOf(policy.at(document, "Statement").orElse(null)).stream()
                .map(statement -> of(policy, Templates.mapOf(statement))))
        .toList();
  }

  private static Statement of(Resource policy, Map<String, Object> statement) {
    return new Statement(
        policy,
        Templates.textsOf(policy.at("Roles").orElse(null)),
        Templates.text(statement.get("Effect")),
        principals(statement.get("Principal")).toList(),
        Templates.textsOf(statement.get("Action")),
        Templates.textsOf(statement.get("Resource")),
        Templates.mapOf(statement.get("Condition")),
        statement.keySet().stream().filter(member -> !USUAL.contains(member)).toList());
  }

  private static Stream<String> principals(@Nullable Object principal) {
    return principal instanceof Map<?, ?> byKind
        ? byKind.values().stream().flatMap(named -> Templates.textsOf(named).stream())
        : Templates.textsOf(principal).stream();
  }
}

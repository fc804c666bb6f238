package meterveil.embedded.aws;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// What CDK synthesised: the resources of all stacks of the stage, their references resolved.
///
/// Names and ARNs that CloudFormation would make up are made from the stack's and the resource's
/// own, so that they are the same in each run. Resource types, properties and functions that are
/// neither implemented nor known to need nothing stop the reading, with the resource's name. Stacks
/// that only look after the platform are not read at all.
public final class CloudAssembly {

  /// The account of the embedded run.
  public static final String ACCOUNT = "000000000000";

  private static final JsonMapper MAPPER = new JsonMapper();
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  /// What `${…}` holds in `Fn::Sub`.
  private static final Pattern VARIABLE = Pattern.compile("\\$\\{([^}]*)}");

  /// Lambda, IAM and Scheduler take no longer names.
  private static final int NAME_CHARS_MAX = 64;

  /// Types that are implemented, with the properties that are, or that need nothing here.
  private static final Map<String, Set<String>> PROPERTIES =
      Map.ofEntries(
          Map.entry(
              "AWS::DynamoDB::Table",
              Set.of(
                  "TableName",
                  "AttributeDefinitions",
                  "KeySchema",
                  "GlobalSecondaryIndexes",
                  "LocalSecondaryIndexes",
                  "BillingMode",
                  "SSESpecification",
                  "TimeToLiveSpecification",
                  "PointInTimeRecoverySpecification",
                  "DeletionProtectionEnabled",
                  "WarmThroughput",
                  "OnDemandThroughput",
                  "ContributorInsightsSpecification",
                  "TableClass",
                  "Tags")),
          Map.entry(
              "AWS::KMS::Key",
              Set.of(
                  "KeyPolicy",
                  "Enabled",
                  "EnableKeyRotation",
                  "RotationPeriodInDays",
                  "PendingWindowInDays",
                  "Description",
                  "Tags")),
          Map.entry(
              "AWS::IAM::Role",
              Set.of(
                  "AssumeRolePolicyDocument",
                  "Policies",
                  "RoleName",
                  "Description",
                  "MaxSessionDuration",
                  "Tags")),
          Map.entry("AWS::IAM::Policy", Set.of("PolicyName", "PolicyDocument", "Roles")),
          Map.entry(
              "AWS::IAM::ManagedPolicy",
              Set.of("ManagedPolicyName", "PolicyDocument", "Roles", "Description", "Path")),
          Map.entry(
              "AWS::Lambda::Function",
              Set.of(
                  "FunctionName",
                  "Code",
                  "Handler",
                  "Runtime",
                  "Role",
                  "MemorySize",
                  "Timeout",
                  "Environment",
                  "ReservedConcurrentExecutions",
                  "LoggingConfig",
                  "SnapStart",
                  "Architectures",
                  "KmsKeyArn",
                  "Description",
                  "RecursiveLoop",
                  "Tags")),
          Map.entry("AWS::Lambda::Version", Set.of("FunctionName", "Description", "CodeSha256")),
          Map.entry(
              "AWS::Lambda::Alias",
              Set.of("FunctionName", "FunctionVersion", "Name", "Description")),
          Map.entry(
              "AWS::Lambda::EventInvokeConfig",
              Set.of(
                  "FunctionName",
                  "Qualifier",
                  "MaximumEventAgeInSeconds",
                  "MaximumRetryAttempts",
                  "DestinationConfig")),
          Map.entry(
              "AWS::Lambda::Permission",
              Set.of("Action", "FunctionName", "Principal", "SourceArn", "SourceAccount")),
          Map.entry("AWS::IoT::TopicRule", Set.of("RuleName", "TopicRulePayload", "Tags")),
          Map.entry("AWS::IoT::Policy", Set.of("PolicyName", "PolicyDocument", "Tags")),
          Map.entry("AWS::IoT::ThingType", Set.of("ThingTypeName", "ThingTypeProperties", "Tags")),
          Map.entry(
              "AWS::IoT::ThingGroup", Set.of("ThingGroupName", "ThingGroupProperties", "Tags")),
          Map.entry(
              "AWS::IoT::ProvisioningTemplate",
              Set.of(
                  "TemplateName",
                  "Description",
                  "Enabled",
                  "TemplateType",
                  "TemplateBody",
                  "ProvisioningRoleArn",
                  "PreProvisioningHook",
                  "Tags")),
          Map.entry(
              "AWS::IoT::CACertificate",
              Set.of(
                  "CACertificatePem",
                  "VerificationCertificatePem",
                  "CertificateMode",
                  "Status",
                  "AutoRegistrationStatus",
                  "RemoveAutoRegistration",
                  "Tags")),
          Map.entry(
              "AWS::Scheduler::Schedule",
              Set.of(
                  "Name",
                  "GroupName",
                  "Description",
                  "ScheduleExpression",
                  "ScheduleExpressionTimezone",
                  "FlexibleTimeWindow",
                  "State",
                  "Target",
                  "KmsKeyArn")),
          Map.entry(
              "AWS::Logs::LogGroup",
              Set.of("LogGroupName", "RetentionInDays", "KmsKeyId", "LogGroupClass", "Tags")));

  /// Types that need nothing on one machine: what is deployed of them acts on AWS alone.
  private static final Set<String> NOTHING_HERE =
      Set.of(
          "AWS::CDK::Metadata",
          "AWS::CloudWatch::Alarm",
          "AWS::CloudWatch::Dashboard",
          "AWS::IoT::DomainConfiguration",
          "AWS::IoT::EncryptionConfiguration",
          "AWS::IoT::Logging",
          "AWS::KMS::Alias",
          "AWS::Logs::MetricFilter",
          "AWS::Logs::ResourcePolicy",
          "AWS::Scheduler::ScheduleGroup");

  /// Stacks, by the ends of their names, that take no part in a reading's way: alarms, trails, what
  /// is set in the account. What another stack imports from one of them is not there.
  private static final Set<String> NOT_READ = Set.of("Ops");

  /// Elements of a resource that say nothing to one machine.
  private static final Set<String> ELEMENTS =
      Set.of(
          "Type", "Properties", "Metadata", "DependsOn", "DeletionPolicy", "UpdateReplacePolicy");

  /// A resource of a stack.
  ///
  /// @param stack the stack's name
  /// @param logicalId its id in the stack's template
  /// @param type for instance `AWS::DynamoDB::Table`
  /// @param path the path of its construct, with slashes
  /// @param name its physical name: what `Ref` gives for most types
  /// @param arn its ARN
  /// @param properties as in the template, references resolved
  public record Resource(
      String stack,
      String logicalId,
      String type,
      String path,
      String name,
      String arn,
      ObjectNode properties) {

    /// A failure to start because of this resource.
    public IllegalArgumentException refused(String why) {
      return new IllegalArgumentException(
          type + " " + logicalId + " of " + stack + " " + why + " (" + path + ")");
    }
  }

  private record Stack(String name, Path folder, JsonNode template) {}

  private final String region;
  private final @Nullable Deployment deployment;

  private final Map<String, Stack> stacks = new LinkedHashMap<>();
  private final Map<String, Resource> resources = new LinkedHashMap<>();
  private final Map<String, Path> assets = new LinkedHashMap<>();

  private CloudAssembly(String region, @Nullable Deployment deployment) {
    this.region = region;
    this.deployment = deployment;
  }

  /// Reads an assembly and the stages nested in it.
  ///
  /// @param folder `cdk.out`
  /// @throws IllegalArgumentException naming the resource, if something in it is not implemented
  public static CloudAssembly read(Path folder) throws IOException {
    return read(folder, null);
  }

  /// Reads an assembly.
  ///
  /// @param deployment where its tables and keys are; null if they are to be made here
  /// @throws IllegalArgumentException naming the resource, if something in it is not implemented
  public static CloudAssembly read(Path folder, @Nullable Deployment deployment)
      throws IOException {
    var stacks = new ArrayList<Stack>();
    var assets = new LinkedHashMap<String, Path>();
    var regions = new TreeSet<String>();
    collect(folder, stacks, assets, regions);
    if (regions.size() != 1) {
      throw new IllegalArgumentException(
          "stacks of one region are needed in " + folder + ", found " + regions);
    }
    var assembly = new CloudAssembly(regions.first(), deployment);
    assembly.assets.putAll(assets);
    stacks.forEach(stack -> assembly.stacks.put(stack.name, stack));
    for (Stack stack : stacks) {
      for (Map.Entry<String, JsonNode> resource : stack.template.path("Resources").properties()) {
        assembly.add(stack, resource.getKey(), resource.getValue());
      }
    }
    return assembly;
  }

  private static void collect(
      Path folder, List<Stack> stacks, Map<String, Path> assets, Set<String> regions)
      throws IOException {
    JsonNode manifest = json(folder.resolve("manifest.json"));
    for (Map.Entry<String, JsonNode> artifact : manifest.path("artifacts").properties()) {
      JsonNode properties = artifact.getValue().path("properties");
      switch (artifact.getValue().path("type").asText()) {
        case "cdk:cloud-assembly" ->
            collect(
                folder.resolve(properties.path("directoryName").asText()), stacks, assets, regions);
        case "aws:cloudformation:stack" -> {
          JsonNode template = json(folder.resolve(properties.path("templateFile").asText()));
          String name = properties.path("stackName").asText(artifact.getKey());
          if (NOT_READ.contains(name.substring(name.lastIndexOf('-') + 1))) {
            continue;
          }
          stacks.add(new Stack(name, folder, template));
          String environment = artifact.getValue().path("environment").asText();
          regions.add(environment.substring(environment.lastIndexOf('/') + 1));
        }
        case "cdk:asset-manifest" -> {
          JsonNode files = json(folder.resolve(properties.path("file").asText())).path("files");
          for (Map.Entry<String, JsonNode> file : files.properties()) {
            Path source =
                folder.resolve(file.getValue().path("source").path("path").asText()).normalize();
            for (JsonNode destination : file.getValue().path("destinations")) {
              assets.put(destination.path("objectKey").asText(), source);
            }
          }
        }
        default -> {} // the construct tree and such
      }
    }
  }

  private static JsonNode json(Path file) throws IOException {
    return MAPPER.readTree(Files.readAllBytes(file));
  }

  private void add(Stack stack, String logicalId, JsonNode written) {
    String type = written.path("Type").asText();
    if (NOTHING_HERE.contains(type)) {
      return;
    }
    Resource resource = identify(stack, logicalId);
    Set<String> known = PROPERTIES.get(type);
    if (known == null) {
      throw resource.refused("is of a type that is not implemented");
    }
    for (Map.Entry<String, JsonNode> element : written.properties()) {
      if (!ELEMENTS.contains(element.getKey())) {
        throw resource.refused("has an element that is not implemented: " + element.getKey());
      }
    }
    for (Map.Entry<String, JsonNode> property : written.path("Properties").properties()) {
      if (!known.contains(property.getKey())) {
        throw resource.refused("has a property that is not implemented: " + property.getKey());
      }
      resource.properties.set(
          property.getKey(), resolve(property.getValue(), stack, resource::refused));
    }
    resources.put(stack.name + "/" + logicalId, resource);
  }

  /// A way to say where in the template something is wrong.
  private interface Refusal {
    IllegalArgumentException because(String why);
  }

  /// A resource without its properties: as much as references to it need.
  private Resource identify(Stack stack, String logicalId) {
    JsonNode written = stack.template.path("Resources").path(logicalId);
    String type = written.path("Type").asText();
    JsonNode properties = written.path("Properties");
    String path = written.path("Metadata").path("aws:cdk:path").asText(logicalId);
    Refusal refusal =
        why ->
            new IllegalArgumentException(
                type + " " + logicalId + " of " + stack.name + " " + why + " (" + path + ")");
    String made = stack.name + "-" + logicalId;
    String own =
        switch (type) {
          case "AWS::DynamoDB::Table" -> given(properties, "TableName", made, stack, refusal);
          case "AWS::KMS::Key", "AWS::IoT::CACertificate" ->
              UUID.nameUUIDFromBytes(made.getBytes(StandardCharsets.UTF_8)).toString();
          case "AWS::IAM::Role" -> given(properties, "RoleName", shortened(made), stack, refusal);
          case "AWS::Lambda::Function" ->
              given(properties, "FunctionName", shortened(made), stack, refusal);
          case "AWS::Lambda::Version" -> "1";
          case "AWS::Lambda::Alias" -> given(properties, "Name", made, stack, refusal);
          case "AWS::IoT::TopicRule" ->
              given(properties, "RuleName", made.replace('-', '_'), stack, refusal);
          case "AWS::IoT::Policy" -> given(properties, "PolicyName", made, stack, refusal);
          case "AWS::IoT::ThingType" -> given(properties, "ThingTypeName", made, stack, refusal);
          case "AWS::IoT::ThingGroup" -> given(properties, "ThingGroupName", made, stack, refusal);
          case "AWS::IoT::ProvisioningTemplate" ->
              given(properties, "TemplateName", made, stack, refusal);
          case "AWS::Scheduler::Schedule" ->
              given(properties, "Name", shortened(made), stack, refusal);
          case "AWS::Scheduler::ScheduleGroup" ->
              given(properties, "Name", shortened(made), stack, refusal);
          case "AWS::Logs::LogGroup" -> given(properties, "LogGroupName", made, stack, refusal);
          default -> made;
        };
    String name = names().getOrDefault(stack.name + "/" + logicalId, own);
    String arn =
        switch (type) {
          case "AWS::DynamoDB::Table" -> arn("dynamodb", "table/" + name);
          case "AWS::KMS::Key" -> arn("kms", "key/" + name);
          case "AWS::IAM::Role" -> "arn:aws:iam::" + account() + ":role/" + name;
          case "AWS::IAM::ManagedPolicy" -> "arn:aws:iam::" + account() + ":policy/" + name;
          case "AWS::Lambda::Function" -> arn("lambda", "function:" + name);
          case "AWS::Lambda::Version", "AWS::Lambda::Alias" -> {
            String function = resolve(properties.path("FunctionName"), stack, refusal).asText();
            yield arn("lambda", "function:" + unqualified(function) + ":" + name);
          }
          case "AWS::IoT::TopicRule" -> arn("iot", "rule/" + name);
          case "AWS::IoT::Policy" -> arn("iot", "policy/" + name);
          case "AWS::IoT::ThingType" -> arn("iot", "thingtype/" + name);
          case "AWS::IoT::ThingGroup" -> arn("iot", "thinggroup/" + name);
          case "AWS::IoT::ProvisioningTemplate" -> arn("iot", "provisioningtemplate/" + name);
          case "AWS::IoT::CACertificate" -> arn("iot", "cacert/" + name);
          case "AWS::Scheduler::Schedule" -> {
            JsonNode group = properties.path("GroupName");
            yield arn(
                "scheduler",
                "schedule/"
                    + (group.isMissingNode() ? "default" : resolve(group, stack, refusal).asText())
                    + "/"
                    + name);
          }
          case "AWS::Logs::LogGroup" -> arn("logs", "log-group:" + name);
          default -> "";
        };
    return new Resource(stack.name, logicalId, type, path, name, arn, NODES.objectNode());
  }

  private String arn(String service, String resource) {
    return "arn:aws:" + service + ":" + region + ":" + account() + ":" + resource;
  }

  private String given(
      JsonNode properties, String property, String made, Stack stack, Refusal refusal) {
    JsonNode name = properties.path(property);
    return name.isMissingNode() ? made : resolve(name, stack, refusal).asText();
  }

  private static String shortened(String name) {
    int spare = name.length() - NAME_CHARS_MAX;
    return spare <= 0 ? name : name.substring(spare);
  }

  /// A function's name without ARN and qualifier.
  private static String unqualified(String function) {
    String[] parts = function.split(":", -1);
    return parts.length > 6 ? parts[6] : parts[0];
  }

  private JsonNode resolve(JsonNode node, Stack stack, Refusal refusal) {
    if (node.isArray()) {
      var resolved = NODES.arrayNode();
      for (JsonNode item : node) {
        JsonNode value = resolve(item, stack, refusal);
        if (!value.isMissingNode()) {
          resolved.add(value);
        }
      }
      return resolved;
    }
    if (!node.isObject()) {
      return node;
    }
    if (node.size() == 1) {
      Map.Entry<String, JsonNode> only = node.properties().iterator().next();
      if (only.getKey().equals("Ref") || only.getKey().startsWith("Fn::")) {
        return intrinsic(only.getKey(), only.getValue(), stack, refusal);
      }
    }
    var resolved = NODES.objectNode();
    for (Map.Entry<String, JsonNode> member : node.properties()) {
      JsonNode value = resolve(member.getValue(), stack, refusal);
      if (!value.isMissingNode()) {
        resolved.set(member.getKey(), value);
      }
    }
    return resolved;
  }

  private JsonNode intrinsic(String function, JsonNode argument, Stack stack, Refusal refusal) {
    return switch (function) {
      case "Ref" -> ref(argument.asText(), stack, refusal);
      case "Fn::GetAtt" ->
          argument.isTextual()
              ? NODES.textNode(attribute(argument.asText().split("\\.", 2), stack, refusal))
              : NODES.textNode(
                  attribute(
                      new String[] {argument.path(0).asText(), argument.path(1).asText()},
                      stack,
                      refusal));
      case "Fn::Join" -> {
        var parts = new ArrayList<String>();
        resolve(argument.path(1), stack, refusal).forEach(part -> parts.add(part.asText()));
        yield NODES.textNode(String.join(argument.path(0).asText(), parts));
      }
      case "Fn::Sub" -> NODES.textNode(substituted(argument, stack, refusal));
      case "Fn::Select" -> resolve(argument.path(1), stack, refusal).path(argument.path(0).asInt());
      case "Fn::Split" -> {
        var parts = NODES.arrayNode();
        String text = resolve(argument.path(1), stack, refusal).asText();
        for (String part : text.split(Pattern.quote(argument.path(0).asText()), -1)) {
          parts.add(part);
        }
        yield parts;
      }
      case "Fn::ImportValue" -> imported(resolve(argument, stack, refusal).asText(), refusal);
      default -> throw refusal.because("uses a function that is not implemented: " + function);
    };
  }

  private JsonNode ref(String id, Stack stack, Refusal refusal) {
    return switch (id) {
      case "AWS::AccountId" -> NODES.textNode(account());
      case "AWS::Region" -> NODES.textNode(region);
      case "AWS::Partition" -> NODES.textNode("aws");
      case "AWS::URLSuffix" -> NODES.textNode("amazonaws.com");
      case "AWS::StackName" -> NODES.textNode(stack.name);
      case "AWS::StackId" -> NODES.textNode(arn("cloudformation", "stack/" + stack.name + "/1"));
      case "AWS::NoValue" -> NODES.missingNode();
      default -> {
        Resource resource = referred(id, stack, refusal);
        yield NODES.textNode(
            switch (resource.type) {
              case "AWS::Lambda::Version", "AWS::Lambda::Alias", "AWS::IAM::ManagedPolicy" ->
                  resource.arn;
              default -> resource.name;
            });
      }
    };
  }

  private String attribute(String[] idAndName, Stack stack, Refusal refusal) {
    Resource resource = referred(idAndName[0], stack, refusal);
    return switch (idAndName[1]) {
      case "Arn" ->
          resource.type.equals("AWS::Logs::LogGroup") ? resource.arn + ":*" : resource.arn;
      case "KeyId", "Name" -> resource.name;
      case "RoleId" -> "AROA" + resource.name;
      case "Version" -> "1";
      case "AliasArn" -> resource.arn;
      default ->
          throw refusal.because(
              "asks for an attribute that is not implemented: " + String.join(".", idAndName));
    };
  }

  private Resource referred(String id, Stack stack, Refusal refusal) {
    if (!stack.template.path("Resources").has(id)) {
      throw refusal.because("refers to what is not there: " + id);
    }
    Resource resource = resources.get(stack.name + "/" + id);
    if (resource == null) {
      resource = identify(stack, id);
    }
    if (resource.arn.isEmpty() && !resource.type.equals("AWS::Scheduler::ScheduleGroup")) {
      throw refusal.because("refers to a resource that is not implemented: " + id);
    }
    return resource;
  }

  private String substituted(JsonNode argument, Stack stack, Refusal refusal) {
    JsonNode own = argument.isArray() ? argument.path(1) : NODES.objectNode();
    String text = argument.isArray() ? argument.path(0).asText() : argument.asText();
    return VARIABLE
        .matcher(text)
        .replaceAll(match -> {
          String name = match.group(1);
          String value;
          if (name.startsWith("!")) {
            value = "${" + name.substring(1) + "}";
          } else if (own.has(name)) {
            value = resolve(own.path(name), stack, refusal).asText();
          } else if (name.contains(".")) {
            value = attribute(name.split("\\.", 2), stack, refusal);
          } else {
            value = ref(name, stack, refusal).asText();
          }
          return Matcher.quoteReplacement(value);
        });
  }

  private JsonNode imported(String export, Refusal refusal) {
    for (Stack stack : stacks.values()) {
      for (JsonNode output : stack.template.path("Outputs")) {
        JsonNode name = output.path("Export").path("Name");
        if (!name.isMissingNode() && resolve(name, stack, refusal).asText().equals(export)) {
          return resolve(output.path("Value"), stack, refusal);
        }
      }
    }
    throw refusal.because("imports what no stack exports: " + export);
  }

  /// The account of all stacks.
  public String account() {
    return deployment == null ? ACCOUNT : deployment.account();
  }

  /// Where its tables and keys are; null if they are to be made here.
  @Nullable Deployment deployment() {
    return deployment;
  }

  private Map<String, String> names() {
    return deployment == null ? Map.of() : deployment.names();
  }

  /// The region of all stacks.
  public String region() {
    return region;
  }

  /// All resources of a type, in the order of the templates.
  public List<Resource> ofType(String type) {
    return resources.values().stream().filter(resource -> resource.type.equals(type)).toList();
  }

  /// The one resource of a type whose logical id starts with a construct's id.
  ///
  /// @throws IllegalArgumentException if there is none, or more than one
  public Resource named(String type, String constructId) {
    List<Resource> found =
        ofType(type).stream().filter(r -> r.logicalId.startsWith(constructId)).toList();
    if (found.size() > 1) {
      // A construct's own resource has nothing but CDK's eight hexadecimal digits after its id.
      found =
          found.stream()
              .filter(r -> r.logicalId.substring(constructId.length()).matches("[0-9A-F]{8}"))
              .toList();
    }
    if (found.size() != 1) {
      throw new IllegalArgumentException(
          "one " + type + " " + constructId + " is needed, of " + logicalIds(ofType(type)));
    }
    return found.getFirst();
  }

  private static List<String> logicalIds(Collection<Resource> resources) {
    return resources.stream().map(Resource::logicalId).toList();
  }

  /// The resource with an ARN.
  public @Nullable Resource withArn(String arn) {
    return resources.values().stream()
        .filter(resource -> resource.arn.equals(arn))
        .findFirst()
        .orElse(null);
  }

  /// The file that is uploaded for a function.
  ///
  /// @param key its key in the bucket of assets
  /// @throws IllegalArgumentException if the assembly does not have it
  public Path asset(String key) {
    Path file = assets.get(key);
    if (file == null) {
      throw new IllegalArgumentException("the assembly has no asset " + key);
    }
    return file;
  }
}

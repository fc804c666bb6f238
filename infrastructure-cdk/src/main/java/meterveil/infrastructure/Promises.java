package meterveil.infrastructure;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import meterveil.infrastructure.Templates.Resource;
import org.jspecify.annotations.Nullable;

/// What the templates of a stage must keep, judged when they are finished.
///
/// Each check answers what it found, a line each that begins with the promise, or with `line` where
/// a reading's way would be broken; no line is a promise kept. A type of resource, a table or a
/// wildcard that no check knows is a finding too, so whoever adds one says here why the promises
/// hold with it.
final class Promises {

  /// What stores nothing beyond its own definition.
  private static final Set<String> STORES_NOTHING =
      Set.of(
          "AWS::Budgets::Budget",
          "AWS::CloudWatch::Alarm",
          "AWS::CloudWatch::Dashboard",
          "AWS::IAM::Policy",
          "AWS::IAM::Role",
          "AWS::IoT::CACertificate",
          "AWS::IoT::DomainConfiguration",
          "AWS::IoT::Logging",
          "AWS::IoT::Policy",
          "AWS::IoT::ProvisioningTemplate",
          "AWS::IoT::ThingGroup",
          "AWS::IoT::ThingType",
          "AWS::IoT::TopicRule",
          "AWS::KMS::Key",
          "AWS::Lambda::Alias",
          "AWS::Lambda::EventInvokeConfig",
          "AWS::Lambda::Permission",
          "AWS::Lambda::Version",
          "AWS::Logs::MetricFilter",
          "AWS::S3::BucketPolicy",
          "AWS::SNS::Subscription",
          "AWS::SNS::TopicPolicy",
          "AWS::Scheduler::Schedule",
          "AWS::Scheduler::ScheduleGroup",
          "Custom::DefaultEndpoint");

  /// Where what stores something names its key.
  private static final Map<String, List<String>> KEY_OF =
      Map.of(
          "AWS::CloudTrail::Trail", List.of("KMSKeyId"),
          "AWS::DynamoDB::Table", List.of("SSESpecification", "KMSMasterKeyId"),
          "AWS::IoT::EncryptionConfiguration", List.of("KmsKeyArn"),
          "AWS::Lambda::Function", List.of("KmsKeyArn"),
          "AWS::Logs::LogGroup", List.of("KmsKeyId"),
          "AWS::S3::Bucket",
              List.of(
                  "BucketEncryption",
                  "ServerSideEncryptionConfiguration",
                  "ServerSideEncryptionByDefault",
                  "KMSMasterKeyID"),
          "AWS::SNS::Topic", List.of("KmsMasterKeyId"));

  /// Which keys are for it; [#planesStayApart] tells tables' keys apart.
  private static final Map<String, Set<String>> KEYS_FOR =
      Map.of(
          "AWS::CloudTrail::Trail", Set.of("TrailKey"),
          "AWS::DynamoDB::Table", Set.of("ConsumptionKey", "ConfigurationKey", "DeviceKey"),
          "AWS::IoT::EncryptionConfiguration", Set.of("RegistryKey"),
          "AWS::Lambda::Function", Set.of("FunctionsKey"),
          "AWS::Logs::LogGroup", Set.of("LogsKey"),
          "AWS::S3::Bucket", Set.of("TrailKey"),
          "AWS::SNS::Topic", Set.of("OperatorKey"));

  private enum Plane {
    CONSUMPTION,
    CONFIGURATION,
    DEVICE
  }

  private static final Map<String, Plane> PLANE_OF =
      Map.ofEntries(
          Map.entry("OpenBlocks", Plane.CONSUMPTION),
          Map.entry("DayKeys", Plane.CONSUMPTION),
          Map.entry("Groupings", Plane.CONSUMPTION),
          Map.entry("Usage", Plane.CONSUMPTION),
          Map.entry("Reconciliations", Plane.CONSUMPTION),
          Map.entry("OpenData", Plane.CONSUMPTION),
          Map.entry("Tenants", Plane.CONFIGURATION),
          Map.entry("Cohorts", Plane.CONFIGURATION),
          Map.entry("DeviceStatus", Plane.DEVICE),
          Map.entry("Meters", Plane.DEVICE),
          Map.entry("Assignments", Plane.DEVICE));

  /// By which attribute a table's items go.
  private static final Map<String, String> TIME_TO_LIVE =
      Map.of(
          "OpenBlocks", "e",
          "DayKeys", "expiresAt",
          "Groupings", "expiresAt",
          "Usage", "expiresAt",
          "Reconciliations", "expiresAt",
          "OpenData", "expiresAt",
          "Cohorts", "expiresAt",
          "DeviceStatus", "expiresAt",
          "Assignments", "expiresAt");

  /// Tables whose items go when somebody takes them out: who there is.
  private static final Set<String> LISTS = Set.of("Tenants", "Meters");

  /// Who uses a key: roles, services, and `via` services those whom IAM lets.
  private static final Map<String, Set<String>> USERS_OF =
      Map.of(
          "ConsumptionKey", Set.of("via dynamodb"),
          "ConfigurationKey", Set.of("via dynamodb"),
          "DeviceKey", Set.of("via dynamodb"),
          "DayKeyKey", Set.of("CollectRole", "ReleaseRole"),
          "FunctionsKey", Set.of("via lambda"),
          "LogsKey", Set.of("logs"),
          "RegistryKey", Set.of("RegistryRole", "via iot"),
          "TrailKey", Set.of("cloudtrail", "via s3"),
          "OperatorKey", Set.of("budgets", "cloudwatch"));

  /// Who takes on a role that is not a function's: a service, or whom this account lets.
  private static final Map<String, String> TAKER_OF =
      Map.of(
          "AdmitProvisioningRole", "iot.amazonaws.com",
          "BrokerRole", "iot.amazonaws.com",
          "PlanScheduleRole", "scheduler.amazonaws.com",
          "RegistrarRole", "arn:aws:iam::%s:root",
          "RegistryRole", "iot.amazonaws.com",
          "ReleaseScheduleRole", "scheduler.amazonaws.com",
          "SurveyScheduleRole", "scheduler.amazonaws.com",
          "TrailRole", "cloudtrail.amazonaws.com");

  /// Tables whose items are gone when they are deleted.
  private static final Set<String> WITHOUT_COPY = Set.of("OpenBlocks", "DayKeys");

  /// The resources with a wildcard, and what each is there for: one role serves all meters or
  /// cohorts.
  private static final Map<String, Set<String>> ANY_ONE_OF =
      Map.of(
          "topic/mv/1/*/*/resend", Set.of("iot:Publish"),
          "topic/mv/1/*/cohort/*/resend", Set.of("iot:Publish"),
          "topic/mv/1/*/*/settings", Set.of("iot:Publish", "iot:RetainPublish"),
          "thing/*",
              Set.of(
                  "iot:AddThingToThingGroup",
                  "iot:CreateThing",
                  "iot:DescribeThing",
                  "iot:ListThingGroupsForThing",
                  "iot:UpdateThing"),
          "cert/*",
              Set.of(
                  "iot:AttachPolicy",
                  "iot:AttachPrincipalPolicy",
                  "iot:DescribeCertificate",
                  "iot:UpdateCertificate"),
          "client/*", Set.of("iot:DeleteConnection"),
          "client/claim-*", Set.of("iot:Connect"),
          // Of these, IoT Core knows no resources.
          "*",
              Set.of(
                  "iot:AttachThingPrincipal",
                  "iot:ListPrincipalThings",
                  "iot:ListThingPrincipals",
                  "iot:RegisterThing"));

  /// The last part of a stack's ARN is made up when the stack is.
  private static final Pattern ONE_STACK = Pattern.compile(":stack/[^/*?]+/\\*$");

  private static final String COLLECT = "meterveil.collect.CollectFunction";
  private static final String RESEND = "meterveil.resend.ResendFunction";
  private static final String ADMIT = "meterveil.admit.AdmitFunction";
  private static final String RELEASE = "meterveil.release.ReleaseFunction";

  private static final int LOG_DAYS = 90;
  private static final int RETRIES = 2;
  private static final int EVENT_AGE_SECONDS = 3_600;

  /// IoT Core counts what is not white space.
  private static final int METERS_POLICY_CHARACTERS_MAX = 2_048;

  private static final Pattern REGION =
      Pattern.compile("\\b(af|ap|ca|cn|eu|il|me|mx|sa|us)(-gov|-iso[a-z]?)?-[a-z]+-[0-9]\\b");

  private Promises() {}

  /// Everything that is wrong with the templates of a stage.
  static List<String> brokenBy(Templates templates, StageSettings stage) {
    return Stream.of(
            payloadsAreNotKept(templates),
            openItemsHaveNoCopy(templates),
            collectReadsNoOpenItem(templates),
            planesStayApart(templates),
            dayKeysAreForCollectAndRelease(templates),
            dataStaysIn(stage.region(), templates),
            dataIsKept(stage, templates),
            everythingIsEncrypted(templates),
            endpointsWantNewTls(templates),
            plainHttpIsDenied(templates),
            accessIsRecorded(templates),
            keysNameTheirUsers(stage, templates),
            keysHaveNoOtherUsers(stage, templates),
            rightsAreNamed(stage, templates),
            rolesHaveOneTaker(stage, templates),
            logsLast90Days(templates),
            callersReachTheAlias(stage, templates),
            functionsDoNotStarve(templates),
            metersPoliciesFit(templates))
        .flatMap(List::stream)
        .toList();
  }

  /// What a meter sent is handed to functions, and what failed to resend; nothing else gets it.
  static List<String> payloadsAreNotKept(Templates templates) {
    var found = new Findings("T2");
    for (var rule : templates.ofType("AWS::IoT::TopicRule")) {
      var actions = Templates.listOf(rule.at("TopicRulePayload", "Actions").orElse(null));
      var called = actions.stream().map(a -> lambdaHandler(templates, a)).toList();
      found.ifNot(called.size() == 1, rule, "has not one action");
      found.ifNot(!called.contains(""), rule, "has an action that is not a function's alias");
      var onError = rule.at("TopicRulePayload", "ErrorAction");
      found.ifNot(
          onError.isPresent()
              ? lambdaHandler(templates, onError.get()).equals(RESEND)
              : !called.contains(COLLECT),
          rule,
          "does not give failed readings to resend alone");
    }
    for (var events : templates.ofType("AWS::Lambda::EventInvokeConfig")) {
      var failed = events.textAt("DestinationConfig", "OnFailure", "Destination");
      var collects =
          templates
              .named(events.textAt("FunctionName"))
              .filter(function -> function.textAt("Handler").equals(COLLECT))
              .isPresent();
      found.ifNot(
          failed.isEmpty() ? !collects : handlerOf(templates, failed).equals(RESEND),
          events,
          "does not give failed events to resend alone");
      found.ifNot(
          events.at("DestinationConfig", "OnSuccess").isEmpty(), events, "passes events on");
    }
    for (var caller : templates.resources().values()) {
      found.ifNot(
          caller.at("DeadLetterConfig").isEmpty()
              && caller.at("Target", "DeadLetterConfig").isEmpty(),
          caller,
          "has a queue for what failed");
    }
    var ofTrails =
        templates.ofType("AWS::CloudTrail::Trail").stream()
            .map(trail -> trail.textAt("S3BucketName"))
            .toList();
    for (var bucket : templates.ofType("AWS::S3::Bucket")) {
      found.ifNot(
          ofTrails.contains("${%s}".formatted(bucket.id())), bucket, "keeps more than the trail");
    }
    return found.all();
  }

  /// No backup or stream holds on to what has been deleted from the tables of open items, and no
  /// trail writes down which of them was touched when.
  static List<String> openItemsHaveNoCopy(Templates templates) {
    var found = new Findings("T2");
    for (var table : templates.ofType("AWS::DynamoDB::Table")) {
      found.ifNot(
          table.at("StreamSpecification").isEmpty()
              && table.at("KinesisStreamSpecification").isEmpty(),
          table,
          "has a stream");
      found.ifNot(
          !WITHOUT_COPY.contains(table.construct())
              || table.at("PointInTimeRecoverySpecification").isEmpty(),
          table,
          "can be restored");
      found.ifNot(
          table.at("ContributorInsightsSpecification").isEmpty(),
          table,
          "tells CloudWatch its busiest keys");
      var timeToLive = TIME_TO_LIVE.get(table.construct());
      found.ifNot(
          timeToLive == null
              ? LISTS.contains(table.construct())
              : table.textAt("TimeToLiveSpecification", "Enabled").equals("true")
                  && table.textAt("TimeToLiveSpecification", "AttributeName").equals(timeToLive),
          table,
          "keeps items for ever");
    }
    for (var trail : templates.ofType("AWS::CloudTrail::Trail")) {
      var selectors = Templates.listOf(trail.at("EventSelectors").orElse(null));
      found.ifNot(
          trail.at("AdvancedEventSelectors").isEmpty()
              && selectors.stream()
                  .map(Templates::mapOf)
                  .noneMatch(selector -> selector.containsKey("DataResources")),
          trail,
          "writes down what is read and written");
    }
    return found.all();
  }

  /// Whoever fills open items in cannot see them: one update, which must not hand back the item.
  static List<String> collectReadsNoOpenItem(Templates templates) {
    var found = new Findings("T2");
    var collect = roleOf(templates, COLLECT);
    for (var statement : Statement.ofRoles(templates)) {
      var onOpenBlocks =
          templates.ofType("AWS::DynamoDB::Table").stream()
              .filter(table -> table.construct().equals("OpenBlocks"))
              .anyMatch(statement::concerns);
      if (onOpenBlocks && statement.roles().contains(collect)) {
        found.ifNot(
            statement.actions().equals(List.of("dynamodb:UpdateItem"))
                && Templates.mapOf(statement.conditions().get("StringEquals"))
                    .equals(Map.of("dynamodb:ReturnValues", "NONE")),
            statement.policy(),
            "lets collect read open items");
      }
    }
    return found.all();
  }

  /// No role reaches both consumption and devices, nor does a key.
  static List<String> planesStayApart(Templates templates) {
    var found = new Findings("T4");
    var planeOf = new HashMap<String, Plane>();
    for (var table : templates.ofType("AWS::DynamoDB::Table")) {
      var plane = PLANE_OF.get(table.construct());
      if (plane == null) {
        found.add(table, "is in no plane");
        continue;
      }
      planeOf.put("${%s.Arn}".formatted(table.id()), plane);
      var key = table.textAt("SSESpecification", "KMSMasterKeyId");
      var other = planeOf.put(key, plane);
      found.ifNot(other == null || other == plane, table, "shares its key with another plane");
    }
    var planesOf = new HashMap<String, Set<Plane>>();
    for (var statement : Statement.ofRoles(templates)) {
      for (var resource : statement.resources()) {
        var plane = planeOf.get(resource.replaceFirst("/index/.*", ""));
        found.ifNot(
            plane != null || statement.actions().stream().noneMatch(a -> a.startsWith("dynamodb:")),
            statement.policy(),
            "names a table of no plane");
        for (var role : statement.roles()) {
          var planes = planesOf.computeIfAbsent(role, r -> new TreeSet<>());
          if (plane != null) {
            planes.add(plane);
          }
          found.ifNot(
              !planes.containsAll(Set.of(Plane.CONSUMPTION, Plane.DEVICE)),
              statement.policy(),
              "lets %s reach both consumption and devices".formatted(role));
        }
      }
    }
    return found.all();
  }

  /// Two roles may use the key that wraps day keys; the key's policy and theirs say so alike.
  static List<String> dayKeysAreForCollectAndRelease(Templates templates) {
    var found = new Findings("T5");
    var users = Set.of(roleOf(templates, COLLECT), roleOf(templates, RELEASE));
    var arns = users.stream().map(role -> role.replace("}", ".Arn}")).toList();
    var keys = templates.ofType("AWS::KMS::Key").stream().filter(Promises::isDayKeyKey).toList();
    for (var statement : Statement.ofKeys(templates)) {
      if (isDayKeyKey(statement.policy())
          && !EncryptionKeys.ADMINISTER.containsAll(statement.actions())) {
        found.ifNot(
            arns.containsAll(statement.principals()),
            statement.policy(),
            "may be used by others than collect and release");
        found.ifNot(
            ofATenantAndDay(statement), statement.policy(), "may be used under any context");
      }
    }
    for (var statement : Statement.ofRoles(templates)) {
      if (keys.stream().anyMatch(statement::concerns)) {
        found.ifNot(
            users.containsAll(statement.roles()),
            statement.policy(),
            "lets others than collect and release use day keys");
        found.ifNot(
            ofATenantAndDay(statement), statement.policy(), "uses day keys under any context");
      }
    }
    found.ifNot(keys.size() == 1, null, "not one key wraps day keys");
    return found.all();
  }

  /// Nothing names another region, and no key or bucket is copied to one.
  static List<String> dataStaysIn(String region, Templates templates) {
    var found = new Findings("T26");
    for (var resource : templates.resources().values()) {
      REGION
          .matcher(resource.definition().toString())
          .results()
          .map(match -> match.group())
          .filter(named -> !named.equals(region))
          .distinct()
          .forEach(named -> found.add(resource, "names " + named));
      found.ifNot(
          !resource.textAt("MultiRegion").equals("true")
              && resource.at("ReplicationConfiguration").isEmpty(),
          resource,
          "can be copied to a region");
    }
    return found.all();
  }

  /// A stage that keeps its data keeps all of it when its stacks go, and protects what it says it
  /// does.
  static List<String> dataIsKept(StageSettings stage, Templates templates) {
    var found = new Findings("data");
    for (var table : templates.ofType("AWS::DynamoDB::Table")) {
      found.ifNot(
          !stage.deletionProtection() || table.textAt("DeletionProtectionEnabled").equals("true"),
          table,
          "can be deleted");
    }
    var stores =
        Stream.of("AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::S3::Bucket")
            .flatMap(type -> templates.ofType(type).stream())
            .filter(store -> !store.construct().equals("OperatorKey"));
    for (var store : stores.toList()) {
      found.ifNot(
          stage.removal() == StageSettings.Removal.DESTROY
              || ("Retain".equals(store.definition().get("DeletionPolicy"))
                  && "Retain".equals(store.definition().get("UpdateReplacePolicy"))),
          store,
          "goes with its stack");
    }
    return found.all();
  }

  /// Everything stored lies under a key made here, and made for it.
  static List<String> everythingIsEncrypted(Templates templates) {
    var found = new Findings("T31");
    for (var resource : templates.resources().values()) {
      var key = KEY_OF.get(resource.type());
      if (key != null) {
        var named = templates.named(resource.textAt(key.toArray(String[]::new)));
        var meant = KEYS_FOR.getOrDefault(resource.type(), Set.of());
        found.ifNot(
            named.map(Resource::construct).filter(meant::contains).isPresent(),
            resource,
            "is not under a key of the customer's that is for it");
      } else {
        found.ifNot(
            STORES_NOTHING.contains(resource.type()),
            resource,
            "is a %s, of which nobody knows what it stores".formatted(resource.type()));
      }
    }
    for (var table : templates.ofType("AWS::DynamoDB::Table")) {
      found.ifNot(
          table.textAt("SSESpecification", "SSEEnabled").equals("true"),
          table,
          "names a key and does not use it");
    }
    for (var registry : templates.ofType("AWS::IoT::EncryptionConfiguration")) {
      found.ifNot(
          registry.textAt("EncryptionType").equals("CUSTOMER_MANAGED_KMS_KEY"),
          registry,
          "names a key and does not use it");
    }
    for (var bucket : templates.ofType("AWS::S3::Bucket")) {
      found.ifNot(
          bucket
              .textAt(
                  "BucketEncryption",
                  "ServerSideEncryptionConfiguration",
                  "ServerSideEncryptionByDefault",
                  "SSEAlgorithm")
              .equals("aws:kms"),
          bucket,
          "names a key and does not use it");
    }
    for (var schedule : templates.ofType("AWS::Scheduler::Schedule")) {
      found.ifNot(schedule.textAt("Target", "Input").equals("{}"), schedule, "stores its input");
    }
    return found.all();
  }

  /// Meters' endpoints, IoT Core's own too, take TLS 1.2 or newer and nothing older.
  static List<String> endpointsWantNewTls(Templates templates) {
    var found = new Findings("T32");
    for (var endpoint : templates.ofType("AWS::IoT::DomainConfiguration")) {
      found.ifNot(
          endpoint.textAt("TlsConfig", "SecurityPolicy").equals(MeterIdentity.TLS_1_2_OR_NEWER),
          endpoint,
          "takes old versions of TLS");
    }
    var settings = templates.ofType("Custom::DefaultEndpoint");
    found.ifNot(settings.size() == 1, null, "not one setting of IoT Core's own endpoint");
    for (var setting : settings) {
      for (var moment : List.of("Create", "Update")) {
        var call = setting.textAt(moment);
        found.ifNot(
            call.contains("\"action\":\"updateDomainConfiguration\"")
                && call.contains("\"domainConfigurationName\":\"iot:Data-ATS\"")
                && call.contains(
                    "\"securityPolicy\":\"%s\"".formatted(MeterIdentity.TLS_1_2_OR_NEWER)),
            setting,
            "leaves old versions of TLS to IoT Core's own endpoint");
      }
    }
    return found.all();
  }

  /// Buckets, with all that is in them, and topics deny whoever comes without TLS, and buckets
  /// whoever comes with an old one.
  static List<String> plainHttpIsDenied(Templates templates) {
    var found = new Findings("T32");
    var denied =
        Statement.ofBucketsAndTopics(templates).stream()
            .filter(statement -> statement.effect().equals("Deny"))
            .toList();
    for (var type : List.of("AWS::S3::Bucket", "AWS::SNS::Topic")) {
      var isBucket = type.equals("AWS::S3::Bucket");
      for (var store : templates.ofType(type)) {
        var whole =
            isBucket
                ? Set.of("${%s.Arn}".formatted(store.id()), "${%s.Arn}/*".formatted(store.id()))
                : Set.of("${%s}".formatted(store.id()));
        var conditions =
            denied.stream()
                .filter(statement -> statement.principals().equals(List.of("*")))
                .filter(
                    statement -> statement.actions().contains(isBucket ? "s3:*" : "sns:Publish"))
                .filter(statement -> statement.resources().containsAll(whole))
                .map(statement -> CdkJson.text(statement.conditions()))
                .toList();
        found.ifNot(
            conditions.contains("{\"Bool\":{\"aws:SecureTransport\":\"false\"}}"),
            store,
            "can be reached by plain HTTP");
        found.ifNot(
            !isBucket || conditions.contains("{\"NumericLessThan\":{\"s3:TlsVersion\":1.2}}"),
            store,
            "can be reached by old versions of TLS");
      }
    }
    return found.all();
  }

  /// A trail of all regions writes down who administers and who uses keys; what is denied is
  /// counted, and a person told.
  static List<String> accessIsRecorded(Templates templates) {
    var found = new Findings("T49");
    var trails = templates.ofType("AWS::CloudTrail::Trail");
    found.ifNot(trails.size() == 1, null, "not one trail");
    for (var trail : trails) {
      found.ifNot(
          trail.textAt("IsLogging").equals("true")
              && trail.textAt("IsMultiRegionTrail").equals("true")
              && trail.textAt("IncludeGlobalServiceEvents").equals("true")
              && trail.textAt("EnableLogFileValidation").equals("true")
              && trail.textAt("EventSelectors", "IncludeManagementEvents").equals("true")
              && trail.textAt("EventSelectors", "ReadWriteType").equals("All")
              && trail.at("EventSelectors", "ExcludeManagementEventSources").isEmpty(),
          trail,
          "does not write down everything that is administered");
      for (var count : AuditTrail.Count.values()) {
        var filtered =
            templates.ofType("AWS::Logs::MetricFilter").stream()
                .filter(filter ->
                    filter.textAt("MetricTransformations", "MetricName").equals(count.metric))
                .anyMatch(filter ->
                    trail
                        .textAt("CloudWatchLogsLogGroupArn")
                        .contains(filter.textAt("LogGroupName").replaceAll("[${}]", "")));
        found.ifNot(filtered, trail, "is not searched for " + count.metric);
        var told =
            templates.ofType("AWS::CloudWatch::Alarm").stream()
                .filter(alarm -> alarm.textAt("Namespace").equals(AuditTrail.NAMESPACE))
                .filter(alarm -> alarm.textAt("MetricName").equals(count.metric))
                .filter(alarm -> !alarm.textAt("ActionsEnabled").equals("false"))
                .flatMap(alarm -> Templates.textsOf(alarm.at("AlarmActions").orElse(null)).stream())
                .anyMatch(action ->
                    templates
                        .named(action)
                        .filter(topic -> topic.type().equals("AWS::SNS::Topic"))
                        .isPresent());
        found.ifNot(told, trail, "tells nobody of " + count.metric);
      }
    }
    return found.all();
  }

  /// Keys turn, are used by those they name: roles, or services for whoever they serve, and are
  /// administered by this account alone.
  static List<String> keysNameTheirUsers(StageSettings stage, Templates templates) {
    var found = new Findings("T33");
    for (var key : templates.ofType("AWS::KMS::Key")) {
      found.ifNot(key.textAt("EnableKeyRotation").equals("true"), key, "is not rotated");
    }
    for (var statement : Statement.ofKeys(templates)) {
      found.ifNot(
          statement.unusual().isEmpty() && statement.effect().equals("Allow"),
          statement.policy(),
          "says who may not, instead of who may");
      found.ifNot(
          statement.principals().equals(List.of(root(stage)))
              || EncryptionKeys.KEEP_DATA.containsAll(statement.actions()),
          statement.policy(),
          "lets others administer it than this account");
      var anybodyOfTheAccount =
          statement.principals().stream()
              .anyMatch(principal -> principal.equals("*") || principal.endsWith(":root"));
      found.ifNot(
          !anybodyOfTheAccount
              || EncryptionKeys.ADMINISTER.containsAll(statement.actions())
              || Templates.mapOf(statement.conditions().get("StringEquals"))
                  .containsKey("kms:ViaService")
              || statement.conditions().equals(EncryptionKeys.BY_IOT_CORE),
          statement.policy(),
          "can be used by anybody in the account");
      found.ifNot(statement.namesActions(), statement.policy(), "names no actions");
    }
    return found.all();
  }

  /// Each key is used by those whose data lies under it, and by all of them.
  static List<String> keysHaveNoOtherUsers(StageSettings stage, Templates templates) {
    var found = new Findings("T33");
    var usersOf = new HashMap<Resource, Set<String>>();
    for (var statement : Statement.ofKeys(templates)) {
      if (!EncryptionKeys.ADMINISTER.containsAll(statement.actions())) {
        for (var principal : statement.principals()) {
          usersOf
              .computeIfAbsent(statement.policy(), key -> new TreeSet<>())
              .add(user(stage, templates, statement, principal));
        }
      }
    }
    for (var key : templates.ofType("AWS::KMS::Key")) {
      var users = usersOf.getOrDefault(key, Set.of());
      found.ifNot(
          users.equals(USERS_OF.get(key.construct())),
          key,
          "is used by " + String.join(", ", users));
    }
    return found.all();
  }

  /// One role per function; named actions on named resources.
  static List<String> rightsAreNamed(StageSettings stage, Templates templates) {
    var found = new Findings("T45");
    var account = account(stage);
    var taken = new TreeSet<String>();
    for (var function : templates.ofType("AWS::Lambda::Function")) {
      found.ifNot(taken.add(function.textAt("Role")), function, "shares its role");
    }
    for (var role : templates.ofType("AWS::IAM::Role")) {
      found.ifNot(
          role.at("ManagedPolicyArns").isEmpty() && role.at("Policies").isEmpty(),
          role,
          "has rights that no policy here lists");
    }
    for (var policy : templates.ofType("AWS::IAM::Policy")) {
      found.ifNot(
          policy.at("Users").isEmpty() && policy.at("Groups").isEmpty(),
          policy,
          "gives rights to others than roles");
    }
    for (var table : templates.ofType("AWS::DynamoDB::Table")) {
      found.ifNot(table.at("ResourcePolicy").isEmpty(), table, "gives rights to others than roles");
    }
    for (var permission : templates.ofType("AWS::Lambda::Permission")) {
      found.ifNot(
          permission.textAt("Principal").equals("iot.amazonaws.com")
              && permission.textAt("SourceAccount").equals(account)
              && permission.textAt("Action").equals("lambda:InvokeFunction")
              && permission
                  .textAt("SourceArn")
                  .matches(
                      ".*:%s:(rule|provisioningtemplate)/[^*?]+".formatted(Pattern.quote(account))),
          permission,
          "lets others do more than a rule or template of this account call it");
    }
    for (var statement : Statement.ofBucketsAndTopics(templates)) {
      found.ifNot(
          statement.effect().equals("Deny")
              || (isOnBehalfOf(account, statement)
                  && statement.unusual().isEmpty()
                  && statement.principals().stream().allMatch(p -> p.endsWith(".amazonaws.com"))
                  && statement.namesActions()),
          statement.policy(),
          "lets others in than services on behalf of this account");
    }
    var all =
        Stream.of(Statement.ofRoles(templates), Statement.ofMeters(templates))
            .flatMap(List::stream)
            .toList();
    for (var statement : all) {
      found.ifNot(
          statement.unusual().isEmpty() && statement.effect().equals("Allow"),
          statement.policy(),
          "is not a list of what is allowed");
      found.ifNot(statement.namesActions(), statement.policy(), "names no actions");
      for (var resource : statement.resources()) {
        var name = resource.substring(resource.lastIndexOf(':') + 1);
        found.ifNot(
            !Statement.isPattern(ONE_STACK.matcher(resource).replaceFirst(""))
                || ANY_ONE_OF.getOrDefault(name, Set.of()).containsAll(statement.actions()),
            statement.policy(),
            "names no resource but " + resource);
      }
    }
    return found.all();
  }

  /// A role is taken on by its function, or by the one whom it was made for.
  static List<String> rolesHaveOneTaker(StageSettings stage, Templates templates) {
    var found = new Findings("T45");
    var account = account(stage);
    var ofFunctions =
        templates.ofType("AWS::Lambda::Function").stream().map(f -> f.textAt("Role")).toList();
    for (var trust : Statement.ofTrust(templates)) {
      var role = trust.policy();
      var taker =
          ofFunctions.contains("${%s.Arn}".formatted(role.id()))
              ? "lambda.amazonaws.com"
              : TAKER_OF.getOrDefault(role.construct(), "nobody").formatted(account);
      found.ifNot(
          trust.unusual().isEmpty()
              && (trust.conditions().isEmpty() || isOnBehalfOf(account, trust))
              && trust.actions().equals(List.of("sts:AssumeRole"))
              && trust.principals().equals(List.of(taker)),
          role,
          "is taken on by " + String.join(", ", trust.principals()));
    }
    return found.all();
  }

  /// Logs go after 90 days, every function writes to one of its own that does, and so does IoT
  /// Core, about failures only.
  static List<String> logsLast90Days(Templates templates) {
    var found = new Findings("T52");
    for (var group : templates.ofType("AWS::Logs::LogGroup")) {
      found.ifNot(
          group.textAt("RetentionInDays").equals(String.valueOf(LOG_DAYS)),
          group,
          "is not kept for 90 days");
    }
    var taken = new TreeSet<String>();
    for (var function : templates.ofType("AWS::Lambda::Function")) {
      var log = function.textAt("LoggingConfig", "LogGroup");
      found.ifNot(taken.add(log), function, "shares its log group");
      found.ifNot(
          templates
              .named(log)
              .filter(group -> group.type().equals("AWS::Logs::LogGroup"))
              .isPresent(),
          function,
          "writes to a log group that is made on the quiet and kept for ever");
    }
    for (var logging : templates.ofType("AWS::IoT::Logging")) {
      found.ifNot(
          templates.ofType("AWS::Logs::LogGroup").stream()
              .filter(group -> group.textAt("LogGroupName").equals(BrokerLogs.GROUP))
              .anyMatch(group -> logging.dependsOn().contains(group.id())),
          logging,
          "is there before its log group");
      found.ifNot(
          logging.textAt("DefaultLogLevel").equals("ERROR")
              && logging.at("EventConfigurations").isEmpty(),
          logging,
          "writes down what goes well");
    }
    for (var bucket : templates.ofType("AWS::S3::Bucket")) {
      var rules = Templates.listOf(bucket.at("LifecycleConfiguration", "Rules").orElse(null));
      found.ifNot(
          rules.stream()
              .map(Templates::mapOf)
              .anyMatch(rule ->
                  "Enabled".equals(rule.get("Status"))
                      && Integer.valueOf(LOG_DAYS).equals(rule.get("ExpirationInDays"))
                      && !rule.containsKey("Prefix")),
          bucket,
          "does not let go after 90 days");
    }
    return found.all();
  }

  /// Every caller is switched on, calls an alias, may do so before it exists, and the alias is
  /// patient.
  static List<String> callersReachTheAlias(StageSettings stage, Templates templates) {
    var found = new Findings("line");
    for (var rule : templates.ofType("AWS::IoT::TopicRule")) {
      var actions =
          new ArrayList<>(Templates.listOf(rule.at("TopicRulePayload", "Actions").orElse(null)));
      rule.at("TopicRulePayload", "ErrorAction").ifPresent(actions::add);
      found.ifNot(
          !rule.textAt("TopicRulePayload", "RuleDisabled").equals("true"), rule, "is switched off");
      for (var action : actions) {
        var alias = lambda(action);
        var permission = permission(stage, templates, alias, "rule", rule.textAt("RuleName"));
        mayCall(found, rule, alias, permission);
      }
    }
    for (var template : templates.ofType("AWS::IoT::ProvisioningTemplate")) {
      var hook = template.textAt("PreProvisioningHook", "TargetArn");
      found.ifNot(
          handlerOf(templates, hook).equals(ADMIT),
          template,
          "lets in whom admit has not admitted");
      found.ifNot(template.textAt("Enabled").equals("true"), template, "is switched off");
      var name = template.textAt("TemplateName");
      var permission = permission(stage, templates, hook, "provisioningtemplate", name);
      mayCall(found, template, hook, permission);
    }
    for (var schedule : templates.ofType("AWS::Scheduler::Schedule")) {
      var alias = schedule.textAt("Target", "Arn");
      found.ifNot(
          !handlerOf(templates, alias).isEmpty(), schedule, "calls something else than an alias");
      found.ifNot(!schedule.textAt("State").equals("DISABLED"), schedule, "is switched off");
      var role = schedule.textAt("Target", "RoleArn").replace(".Arn}", "}");
      var policy =
          Statement.ofRoles(templates).stream()
              .filter(statement -> statement.effect().equals("Allow"))
              .filter(statement -> statement.conditions().isEmpty())
              .filter(statement -> statement.roles().contains(role))
              .filter(statement -> statement.actions().contains("lambda:InvokeFunction"))
              .filter(statement -> statement.resources().contains(alias))
              .map(Statement::policy)
              .findFirst();
      mayCall(found, schedule, alias, policy);
    }
    for (var alias : templates.ofType("AWS::Lambda::Alias")) {
      var patient =
          templates.ofType("AWS::Lambda::EventInvokeConfig").stream()
              .filter(e -> e.textAt("FunctionName").equals(alias.textAt("FunctionName")))
              .filter(e -> e.textAt("Qualifier").equals(alias.textAt("Name")))
              .filter(e -> e.textAt("MaximumRetryAttempts").equals(String.valueOf(RETRIES)))
              .anyMatch(e ->
                  e.textAt("MaximumEventAgeInSeconds").equals(String.valueOf(EVENT_AGE_SECONDS)));
      found.ifNot(patient, alias, "is not tried three times within an hour");
    }
    return found.all();
  }

  /// Each function on the line has instances that no other one can take, so that collecting never
  /// starves the asking again and the release.
  static List<String> functionsDoNotStarve(Templates templates) {
    var found = new Findings("line");
    for (var alias : templates.ofType("AWS::Lambda::Alias")) {
      var function = templates.named(alias.textAt("FunctionName")).orElseThrow();
      found.ifNot(
          function.at("ReservedConcurrentExecutions").filter(n -> !n.equals(0)).isPresent(),
          function,
          "has no instances of its own");
    }
    return found.all();
  }

  /// A meters' policy that is too long is refused only when it is deployed.
  static List<String> metersPoliciesFit(Templates templates) {
    var found = new Findings("line");
    for (var policy : templates.ofType("AWS::IoT::Policy")) {
      var characters =
          CdkJson.text(Templates.plain(policy.at("PolicyDocument").orElse(""))).length();
      found.ifNot(
          characters <= METERS_POLICY_CHARACTERS_MAX,
          policy,
          "has %d characters".formatted(characters));
    }
    return found.all();
  }

  /// A role by its construct, a service by its name, and the account by the service through which
  /// it is let in.
  private static String user(
      StageSettings stage, Templates templates, Statement statement, String principal) {
    if (principal.equals(root(stage))) {
      var conditions = Templates.mapOf(statement.conditions().get("StringEquals"));
      var through =
          statement.conditions().equals(EncryptionKeys.BY_IOT_CORE)
              ? "iot"
              : Templates.text(conditions.getOrDefault("kms:ViaService", "anything"));
      return "via " + through.replaceFirst("[.].*", "");
    }
    return templates
        .named(principal)
        .map(Resource::construct)
        .orElseGet(() -> principal.replaceFirst("([.].*)?[.]amazonaws[.]com$", ""));
  }

  /// The account of a stage, as its templates have it.
  private static String account(StageSettings stage) {
    return stage.account().orElse("${AWS::AccountId}");
  }

  /// The principal that stands for all of it.
  private static String root(StageSettings stage) {
    return "arn:aws:iam::%s:root".formatted(account(stage));
  }

  /// Whether a service does what a statement allows for one account and no other.
  private static boolean isOnBehalfOf(String account, Statement statement) {
    var accounts = Templates.mapOf(statement.conditions().get("StringEquals"));
    var arns = Templates.mapOf(statement.conditions().get("ArnLike"));
    return Templates.text(accounts.get("aws:SourceAccount")).equals(account)
        || Templates.text(arns.get("aws:SourceArn"))
            .matches("arn(:[^:*?]+){3}:%s:.+".formatted(Pattern.quote(account)));
  }

  private static boolean isDayKeyKey(Resource key) {
    return key.construct().equals("DayKeyKey");
  }

  private static boolean ofATenantAndDay(Statement statement) {
    return statement.conditions().equals(EncryptionKeys.OF_A_TENANT_AND_DAY);
  }

  private static String lambda(Object action) {
    return Templates.text(
        Templates.mapOf(Templates.mapOf(action).get("Lambda")).get("FunctionArn"));
  }

  /// Finds a caller that is not let, or is there before what lets it.
  private static void mayCall(
      Findings found, Resource caller, String alias, Optional<Resource> permission) {
    found.ifNot(permission.isPresent(), caller, "may not call " + alias);
    found.ifNot(
        permission.isEmpty() || caller.dependsOn().contains(permission.get().id()),
        caller,
        "is there before it may call " + alias);
  }

  /// What lets IoT Core call an alias on behalf of one rule or template of this account.
  private static Optional<Resource> permission(
      StageSettings stage, Templates templates, String alias, String kind, String name) {
    var arn = ":%s:%s/%s".formatted(account(stage), kind, name);
    return templates.ofType("AWS::Lambda::Permission").stream()
        .filter(p -> p.textAt("FunctionName").equals(alias))
        .filter(p -> p.textAt("Principal").equals("iot.amazonaws.com"))
        .filter(p -> p.textAt("SourceAccount").equals(account(stage)))
        .filter(p -> p.textAt("SourceArn").endsWith(arn))
        .findFirst();
  }

  /// The handler of the function that an action calls; empty if it calls none, or another service.
  private static String lambdaHandler(Templates templates, Object action) {
    return Templates.mapOf(action).keySet().equals(Set.of("Lambda"))
        ? handlerOf(templates, lambda(action))
        : "";
  }

  /// The handler of the function behind an alias; empty if it is not an alias.
  private static String handlerOf(Templates templates, String alias) {
    return templates
        .named(alias)
        .filter(named -> named.type().equals("AWS::Lambda::Alias"))
        .flatMap(named -> templates.named(named.textAt("FunctionName")))
        .map(function -> function.textAt("Handler"))
        .orElse("");
  }

  /// A reference to the role of a function.
  private static String roleOf(Templates templates, String handler) {
    return templates.ofType("AWS::Lambda::Function").stream()
        .filter(function -> function.textAt("Handler").equals(handler))
        .map(function -> function.textAt("Role").replace(".Arn}", "}"))
        .findFirst()
        .orElse("no role");
  }

  /// What a check found.
  private static final class Findings {

    private final String promise;
    private final Set<String> lines = new LinkedHashSet<>();

    Findings(String promise) {
      this.promise = promise;
    }

    void ifNot(boolean kept, @Nullable Resource resource, String what) {
      if (!kept) {
        add(resource, what);
      }
    }

    void add(@Nullable Resource resource, String what) {
      lines.add("%s %s %s".formatted(promise, resource == null ? "" : resource.id(), what));
    }

    List<String> all() {
      return List.copyOf(lines);
    }
  }
}

package meterveil.infrastructure;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The templates keep each promise, and each check finds a template that does not.
class PromisesTest {

  private static final String HOME = StageSettings.HOME_REGION;

  private static final StageSettings PROD = Synthesis.settings("prod");

  /// A way to break a promise, and what the check of it must answer.
  private record Breach(
      String name,
      Function<Templates, List<String>> check,
      UnaryOperator<Templates> change,
      String finding) {

    @Override
    public String toString() {
      return name;
    }
  }

  @Test
  @DisplayName("T2 what a meter sent goes to functions only, what failed to resend only")
  void payloadsAreNotKept() {
    assertThat(Promises.payloadsAreNotKept(Synthesis.dev())).isEmpty();
  }

  @Test
  @DisplayName("T2 open items and day keys have no backup and no stream")
  void openItemsHaveNoCopy() {
    assertThat(Promises.openItemsHaveNoCopy(Synthesis.dev())).isEmpty();
  }

  @Test
  @DisplayName("T2 collect cannot read what it fills in")
  void collectReadsNoOpenItem() {
    assertThat(Promises.collectReadsNoOpenItem(Synthesis.dev())).isEmpty();
  }

  @Test
  @DisplayName("T4 no role reads both planes")
  void planesStayApart() {
    assertThat(Promises.planesStayApart(Synthesis.dev())).isEmpty();
  }

  @Test
  @DisplayName("T5 only collect and release use the key of day keys")
  void dayKeysAreForCollectAndRelease() {
    assertThat(Promises.dayKeysAreForCollectAndRelease(Synthesis.dev())).isEmpty();
  }

  @Test
  @DisplayName("T26 nothing names or can be copied to another region")
  void dataStaysInItsRegion() {
    assertThat(Promises.dataStaysIn(HOME, Synthesis.dev())).isEmpty();
  }

  @Test
  void dataIsKept() {
    assertThat(Promises.dataIsKept(PROD, Synthesis.prod())).isEmpty();
    assertThat(Promises.dataIsKept(Synthesis.settings("dev"), Synthesis.dev())).isEmpty();
  }

  @Test
  @DisplayName("T33 keys have the users that they need, and no other")
  void keysHaveNoOtherUsers() {
    assertThat(Promises.keysHaveNoOtherUsers(Synthesis.settings("dev"), Synthesis.dev())).isEmpty();
    assertThat(Promises.keysHaveNoOtherUsers(PROD, Synthesis.prod())).isEmpty();
  }

  @Test
  @DisplayName("T31 everything stored is under a customer-managed key")
  void everythingIsEncrypted() {
    assertThat(Promises.everythingIsEncrypted(Synthesis.dev())).isEmpty();
  }

  @Test
  @DisplayName("T32 meters connect over TLS 1.2 or newer, whichever endpoint they take")
  void endpointsWantNewTls() {
    assertThat(Promises.endpointsWantNewTls(Synthesis.dev())).isEmpty();
  }

  @Test
  @DisplayName("T32 buckets and topics deny plain HTTP")
  void plainHttpIsDenied() {
    assertThat(Promises.plainHttpIsDenied(Synthesis.dev())).isEmpty();
  }

  @Test
  @DisplayName("T49 a trail records who administers and who uses keys, and what is denied alarms")
  void accessIsRecorded() {
    assertThat(Promises.accessIsRecorded(Synthesis.dev())).isEmpty();
  }

  @Test
  @DisplayName("T33 keys are rotated and name who may use them")
  void keysNameTheirUsers() {
    assertThat(Promises.keysNameTheirUsers(Synthesis.settings("dev"), Synthesis.dev())).isEmpty();
    assertThat(Promises.keysNameTheirUsers(PROD, Synthesis.prod())).isEmpty();
  }

  @Test
  @DisplayName("T45 one role per function with named actions on named resources")
  void rightsAreNamed() {
    assertThat(Promises.rightsAreNamed(Synthesis.settings("dev"), Synthesis.dev())).isEmpty();
    assertThat(Promises.rightsAreNamed(PROD, Synthesis.prod())).isEmpty();
  }

  @Test
  @DisplayName("T45 each role is taken on by the one that it was made for")
  void rolesHaveOneTaker() {
    assertThat(Promises.rolesHaveOneTaker(Synthesis.settings("dev"), Synthesis.dev())).isEmpty();
    assertThat(Promises.rolesHaveOneTaker(PROD, Synthesis.prod())).isEmpty();
  }

  @Test
  @DisplayName("T52 logs are kept for 90 days")
  void logsLast90Days() {
    assertThat(Promises.logsLast90Days(Synthesis.dev())).isEmpty();
  }

  @Test
  void callersReachTheAlias() {
    assertThat(Promises.callersReachTheAlias(Synthesis.settings("dev"), Synthesis.dev())).isEmpty();
    assertThat(Promises.callersReachTheAlias(PROD, Synthesis.prod())).isEmpty();
  }

  @Test
  void functionsDoNotStarve() {
    assertThat(Promises.functionsDoNotStarve(Synthesis.dev())).isEmpty();
  }

  @Test
  @DisplayName("U15 the meters' policies are as short as IoT Core wants them")
  void metersPoliciesFit() {
    assertThat(Promises.metersPoliciesFit(Synthesis.dev())).isEmpty();
  }

  /// A breach shows nothing on templates that are broken before it.
  @Test
  void breaksNoPromiseInAnyStage() {
    assertThat(Promises.brokenBy(Synthesis.dev(), Synthesis.settings("dev"))).isEmpty();
    assertThat(Promises.brokenBy(Synthesis.prod(), PROD)).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("breaches")
  void findsTheBreach(Breach breach) {
    var broken = breach.change().apply(Synthesis.prod());

    assertThat(breach.check().apply(broken))
        .anySatisfy(finding -> assertThat(finding).contains(breach.finding()));
    assertThat(Promises.brokenBy(broken, PROD)).containsAll(breach.check().apply(broken));
  }

  static Stream<Breach> breaches() {
    return Stream.of(
            payloadBreaches(),
            copyBreaches(),
            accessBreaches(),
            storeBreaches(),
            trailBreaches(),
            lineBreaches())
        .flatMap(breaches -> breaches);
  }

  private static Stream<Breach> payloadBreaches() {
    Function<Templates, List<String>> check = Promises::payloadsAreNotKept;
    var archive = Map.of("S3", Map.of("BucketName", "archive", "Key", "${topic()}"));
    var queue = "arn:aws:sqs:us-west-2:000000000000:failed";
    return Stream.of(
        new Breach(
            "a second action keeps messages in a bucket",
            check,
            t -> Changes.append(t, "CollectRule", archive, payload("Actions")),
            "has not one action"),
        new Breach(
            "the only action keeps messages in a bucket",
            check,
            t -> Changes.set(t, "StatusRule", archive, payload("Actions", 0)),
            "not a function's alias"),
        new Breach(
            "the action calls the function, not its alias",
            check,
            t ->
                Changes.set(
                    t,
                    "CollectRule",
                    arn(t, "CollectFunction"),
                    payload("Actions", 0, "Lambda", "FunctionArn")),
            "not a function's alias"),
        new Breach(
            "the error action keeps messages in a bucket",
            check,
            t -> Changes.set(t, "CollectRule", archive, payload("ErrorAction")),
            "to resend alone"),
        new Breach(
            "the readings' rule has no error action",
            check,
            t -> Changes.remove(t, "CollectRule", payload("ErrorAction")),
            "to resend alone"),
        new Breach(
            "failed events go to a queue",
            check,
            t -> Changes.set(t, "CollectEvents", queue, destination("OnFailure", "Destination")),
            "to resend alone"),
        new Breach(
            "failed events go nowhere",
            check,
            t -> Changes.remove(t, "CollectEvents", destination()),
            "to resend alone"),
        new Breach(
            "handled events are passed on",
            check,
            t -> Changes.set(t, "StatusEvents", queue, destination("OnSuccess", "Destination")),
            "passes events on"),
        new Breach(
            "there is a bucket",
            check,
            t -> Changes.add(t, "Archive", "AWS::S3::Bucket", Map.of()),
            "keeps more than the trail"),
        new Breach(
            "a function has a dead letter queue",
            check,
            t ->
                Changes.set(
                    t, "CollectFunction", queue, "Properties", "DeadLetterConfig", "TargetArn"),
            "a queue for what failed"));
  }

  private static Stream<Breach> copyBreaches() {
    Function<Templates, List<String>> check = Promises::openItemsHaveNoCopy;
    var recovery = Map.of("PointInTimeRecoveryEnabled", true);
    return Stream.of(
        new Breach(
            "open items can be restored",
            check,
            t ->
                Changes.set(
                    t, "OpenBlocks", recovery, "Properties", "PointInTimeRecoverySpecification"),
            "can be restored"),
        new Breach(
            "day keys are streamed",
            check,
            t ->
                Changes.set(
                    t,
                    "DayKeys",
                    "OLD_IMAGE",
                    "Properties",
                    "StreamSpecification",
                    "StreamViewType"),
            "has a stream"),
        new Breach(
            "the trail tells when open items are touched",
            check,
            t ->
                Changes.set(
                    t,
                    "Trail",
                    List.of(Map.of("Type", "AWS::DynamoDB::Table", "Values", List.of("x"))),
                    "Properties",
                    "EventSelectors",
                    0,
                    "DataResources"),
            "what is read and written"),
        new Breach(
            "device status tells its busiest keys",
            check,
            t ->
                Changes.set(
                    t,
                    "DeviceStatus",
                    true,
                    "Properties",
                    "ContributorInsightsSpecification",
                    "Enabled"),
            "its busiest keys"),
        new Breach(
            "items expire by another attribute",
            check,
            t ->
                Changes.set(
                    t,
                    "OpenBlocks",
                    "expiresAt",
                    "Properties",
                    "TimeToLiveSpecification",
                    "AttributeName"),
            "keeps items for ever"),
        new Breach(
            "released cells never expire",
            check,
            t -> Changes.remove(t, "Usage", "Properties", "TimeToLiveSpecification"),
            "keeps items for ever"));
  }

  private static Stream<Breach> accessBreaches() {
    return Stream.of(
        new Breach(
            "collect may ask for the old item",
            Promises::collectReadsNoOpenItem,
            t -> Changes.remove(t, "CollectPolicy", statement(0, "Condition")),
            "read open items"),
        new Breach(
            "collect may get open items",
            Promises::collectReadsNoOpenItem,
            t ->
                Changes.set(
                    t,
                    "CollectPolicy",
                    List.of("dynamodb:UpdateItem", "dynamodb:GetItem"),
                    statement(0, "Action")),
            "read open items"),
        new Breach(
            "status may read usage",
            Promises::planesStayApart,
            t -> allow(t, "StatusPolicy", "dynamodb:Query", arn(t, "Usage")),
            "reach both"),
        new Breach(
            "release may read device status",
            Promises::planesStayApart,
            t -> allow(t, "ReleasePolicy", "dynamodb:GetItem", arn(t, "DeviceStatus")),
            "reach both"),
        new Breach(
            "status may open what lies under the key of usage",
            Promises::planesStayApart,
            t -> allow(t, "StatusPolicy", "kms:Decrypt", arn(t, "ConsumptionKey")),
            "reach both"),
        new Breach(
            "a role may read every table",
            Promises::planesStayApart,
            t -> allow(t, "RegistrarPolicy", "dynamodb:GetItem", "*"),
            "no plane"),
        new Breach(
            "the planes share a key",
            Promises::planesStayApart,
            t ->
                Changes.set(
                    t,
                    "DeviceStatus",
                    arn(t, "ConsumptionKey"),
                    "Properties",
                    "SSESpecification",
                    "KMSMasterKeyId"),
            "shares its key"),
        new Breach(
            "a table is in neither plane",
            Promises::planesStayApart,
            t -> Changes.add(t, "Readings", "AWS::DynamoDB::Table", Map.of()),
            "is in no plane"),
        new Breach(
            "resend may unwrap day keys",
            Promises::dayKeysAreForCollectAndRelease,
            t -> allow(t, "ResendPolicy", "kms:Decrypt", arn(t, "DayKeyKey")),
            "lets others"),
        new Breach(
            "release may unwrap day keys under any context",
            Promises::dayKeysAreForCollectAndRelease,
            t -> allow(t, "ReleasePolicy", "kms:Decrypt", arn(t, "DayKeyKey")),
            "under any context"),
        new Breach(
            "the key of day keys lets the account in",
            Promises::dayKeysAreForCollectAndRelease,
            t ->
                Changes.append(
                    t, "DayKeyKey", allowed(root("000000000000"), "kms:Decrypt"), keyPolicy()),
            "by others"),
        new Breach(
            "a policy allows every action of a service",
            t -> Promises.rightsAreNamed(PROD, t),
            t -> allow(t, "StatusPolicy", "dynamodb:*", arn(t, "DeviceStatus")),
            "names no actions"),
        new Breach(
            "a policy allows each action that is spelt like one",
            t -> Promises.rightsAreNamed(PROD, t),
            t -> allow(t, "StatusPolicy", "dynamodb:Get?tem", arn(t, "DeviceStatus")),
            "names no actions"),
        new Breach(
            "a policy allows an action on each table that is spelt like one",
            t -> Promises.rightsAreNamed(PROD, t),
            t ->
                allow(
                    t,
                    "StatusPolicy",
                    "dynamodb:GetItem",
                    "arn:aws:dynamodb:us-west-2:0:table/dev-?"),
            "names no resource"),
        new Breach(
            "a policy allows an action on everything",
            t -> Promises.rightsAreNamed(PROD, t),
            t -> allow(t, "ResendPolicy", "iot:Publish", "*"),
            "names no resource"),
        new Breach(
            "the wildcard for requests serves another action",
            t -> Promises.rightsAreNamed(PROD, t),
            t -> Changes.set(t, "ResendPolicy", "iot:RetainPublish", statement(0, "Action")),
            "names no resource"),
        new Breach(
            "a role may ask about every stack",
            t -> Promises.rightsAreNamed(PROD, t),
            t ->
                allow(
                    t,
                    "RegistrarPolicy",
                    "cloudformation:ListStackResources",
                    "arn:aws:cloudformation:us-west-2:0:stack/*"),
            "names no resource"),
        new Breach(
            "a claim may connect as any meter",
            t -> Promises.rightsAreNamed(PROD, t),
            t -> allow(t, "MeterClaim", "iot:Connect", "arn:aws:iot:us-west-2:0:client/*"),
            "names no resource"),
        new Breach(
            "plan may read usage",
            Promises::planesStayApart,
            t -> allow(t, "PlanPolicy", "dynamodb:Query", arn(t, "Usage")),
            "reach both"),
        new Breach(
            "survey may read what is open",
            Promises::planesStayApart,
            t -> allow(t, "SurveyPolicy", "dynamodb:GetItem", arn(t, "OpenBlocks")),
            "reach both"),
        new Breach(
            "presence may open what lies under the key of usage",
            Promises::planesStayApart,
            t -> allow(t, "PresencePolicy", "kms:Decrypt", arn(t, "ConsumptionKey")),
            "reach both"),
        new Breach(
            "admit may read usage",
            Promises::planesStayApart,
            t -> allow(t, "AdmitPolicy", "dynamodb:GetItem", arn(t, "Usage")),
            "reach both"),
        new Breach(
            "release may find meters by an index",
            Promises::planesStayApart,
            t ->
                allow(
                    t,
                    "ReleasePolicy",
                    "dynamodb:Query",
                    Map.of("Fn::Join", List.of("", List.of(arn(t, "Meters"), "/index/byTenant")))),
            "reach both"),
        new Breach(
            "a template makes things without asking",
            t -> Promises.callersReachTheAlias(PROD, t),
            t ->
                Changes.remove(
                    t, "AdmitClaimTemplate", "Properties", "PreProvisioningHook", "TargetArn"),
            "has not admitted"),
        new Breach(
            "a template asks another function",
            t -> Promises.callersReachTheAlias(PROD, t),
            t ->
                Changes.set(
                    t,
                    "AdmitRotationTemplate",
                    Map.of("Ref", Changes.resource(t, "ResendLive").id()),
                    "Properties",
                    "PreProvisioningHook",
                    "TargetArn"),
            "has not admitted"),
        new Breach(
            "a template may not ask yet",
            t -> Promises.callersReachTheAlias(PROD, t),
            t -> Changes.remove(t, "AdmitClaimTemplate", "DependsOn"),
            "before it may call"),
        new Breach(
            "a meter may subscribe to every topic",
            t -> Promises.rightsAreNamed(PROD, t),
            t ->
                allow(
                    t,
                    "MeterMeterDownlink",
                    "iot:Subscribe",
                    "arn:aws:iot:us-west-2:0:topicfilter/*"),
            "names no resource"),
        new Breach(
            "a policy lists what is not allowed",
            t -> Promises.rightsAreNamed(PROD, t),
            t -> Changes.set(t, "StatusPolicy", "iot:Publish", statement(0, "NotAction")),
            "not a list"),
        new Breach(
            "a role has a policy of AWS's",
            t -> Promises.rightsAreNamed(PROD, t),
            t ->
                Changes.set(
                    t,
                    "StatusRole",
                    List.of("arn:aws:iam::aws:policy/AdministratorAccess"),
                    "Properties",
                    "ManagedPolicyArns"),
            "no policy here lists"),
        new Breach(
            "two functions share a role",
            t -> Promises.rightsAreNamed(PROD, t),
            t -> Changes.set(t, "StatusFunction", arn(t, "ResendRole"), "Properties", "Role"),
            "shares its role"),
        new Breach(
            "a policy is a person's",
            t -> Promises.rightsAreNamed(PROD, t),
            t -> Changes.set(t, "ReleasePolicy", List.of("somebody"), "Properties", "Users"),
            "to others than roles"),
        new Breach(
            "a policy is a group's",
            t -> Promises.rightsAreNamed(PROD, t),
            t -> Changes.set(t, "ReleasePolicy", List.of("people"), "Properties", "Groups"),
            "to others than roles"),
        new Breach(
            "a person may take on a function's role",
            t -> Promises.rolesHaveOneTaker(PROD, t),
            t -> Changes.append(t, "CollectRole", trusted(root("123456789012")), trust()),
            "is taken on by arn:aws:iam::123456789012:root"),
        new Breach(
            "anybody may take on the operator's role",
            t -> Promises.rolesHaveOneTaker(PROD, t),
            t -> Changes.set(t, "RegistrarRole", "*", trust(0, "Principal")),
            "is taken on by *"),
        new Breach(
            "whom another account lets may take on the operator's role",
            t -> Promises.rolesHaveOneTaker(PROD, t),
            t -> Changes.append(t, "RegistrarRole", trusted(root("000000000000")), trust()),
            "is taken on by arn:aws:iam::000000000000:root"),
        new Breach(
            "a person may take on a service's role",
            t -> Promises.rolesHaveOneTaker(PROD, t),
            t -> Changes.append(t, "RegistryRole", trusted(root("123456789012")), trust()),
            "is taken on by arn:aws:iam::123456789012:root"),
        new Breach(
            "there is a role that nobody expects",
            t -> Promises.rolesHaveOneTaker(PROD, t),
            t ->
                Changes.add(
                    t,
                    "SpareRole",
                    "AWS::IAM::Role",
                    Map.of(
                        "AssumeRolePolicyDocument",
                        Map.of("Statement", List.of(trusted(root("123456789012")))))),
            "SpareRole is taken on by"),
        new Breach(
            "a table has a policy of its own",
            t -> Promises.rightsAreNamed(PROD, t),
            t -> Changes.set(t, "OpenBlocks", Map.of(), "Properties", "ResourcePolicy"),
            "to others than roles"),
        new Breach(
            "anybody may read the trail",
            t -> Promises.rightsAreNamed(PROD, t),
            t -> Changes.append(t, "TrailBucketPolicy", allowed("*", "s3:GetObject"), statement()),
            "lets others in"),
        new Breach(
            "trails of other accounts may write to the bucket",
            t -> Promises.rightsAreNamed(PROD, t),
            t -> Changes.remove(t, "TrailBucketPolicy", statement(3, "Condition")),
            "lets others in"),
        new Breach(
            "another account's trails may write to the bucket",
            t -> Promises.rightsAreNamed(PROD, t),
            t ->
                Changes.set(
                    t,
                    "TrailBucketPolicy",
                    "arn:aws:cloudtrail:us-west-2:999999999999:trail/*",
                    statement(3, "Condition", "ArnLike", "aws:SourceArn")),
            "lets others in"),
        new Breach(
            "every account's trails may write to the bucket",
            t -> Promises.rightsAreNamed(PROD, t),
            t ->
                Changes.set(
                    t,
                    "TrailBucketPolicy",
                    "arn:aws:cloudtrail:us-west-2:*:trail/*",
                    statement(3, "Condition", "ArnLike", "aws:SourceArn")),
            "lets others in"),
        new Breach(
            "another account's alarms are told",
            t -> Promises.rightsAreNamed(PROD, t),
            t ->
                Changes.set(
                    t,
                    "OperatorTopicPolicy",
                    "999999999999",
                    statement(1, "Condition", "StringEquals", "aws:SourceAccount")),
            "lets others in"),
        new Breach(
            "a schedule of another account takes on a role",
            t -> Promises.rolesHaveOneTaker(PROD, t),
            t ->
                Changes.set(
                    t,
                    "PlanScheduleRole",
                    "999999999999",
                    trust(0, "Condition", "StringEquals", "aws:SourceAccount")),
            "is taken on by scheduler"),
        new Breach(
            "any rule of the account may call collect",
            t -> Promises.rightsAreNamed(PROD, t),
            t ->
                Changes.set(
                    t,
                    "CollectRuleMayCall",
                    "arn:aws:iot:us-west-2:123456789012:rule/*",
                    "Properties",
                    "SourceArn"),
            "lets others do more"),
        new Breach(
            "a rule may do to collect whatever it likes",
            t -> Promises.rightsAreNamed(PROD, t),
            t -> Changes.set(t, "CollectRuleMayCall", "lambda:*", "Properties", "Action"),
            "lets others do more"),
        new Breach(
            "a rule of another account may call collect",
            t -> Promises.rightsAreNamed(PROD, t),
            t ->
                Changes.set(
                    t,
                    "CollectRuleMayCall",
                    "arn:aws:iot:us-west-2:999999999999:rule/collect_readings",
                    "Properties",
                    "SourceArn"),
            "others do more"),
        new Breach(
            "rules of any account may call collect",
            t -> Promises.rightsAreNamed(PROD, t),
            t -> Changes.remove(t, "CollectRuleMayCall", "Properties", "SourceAccount"),
            "others do more"),
        new Breach(
            "everybody may call collect",
            t -> Promises.rightsAreNamed(PROD, t),
            t -> Changes.set(t, "CollectRuleMayCall", "*", "Properties", "Principal"),
            "others do more"));
  }

  private static Stream<Breach> storeBreaches() {
    return Stream.of(
        new Breach(
            "a table lies under a key of AWS's",
            Promises::everythingIsEncrypted,
            t -> Changes.remove(t, "Usage", "Properties", "SSESpecification", "KMSMasterKeyId"),
            "not under a key"),
        new Breach(
            "a table does not use its key",
            Promises::everythingIsEncrypted,
            t -> Changes.set(t, "Usage", false, "Properties", "SSESpecification", "SSEEnabled"),
            "does not use it"),
        new Breach(
            "a table of prod can be deleted",
            t -> Promises.dataIsKept(PROD, t),
            t -> Changes.set(t, "Usage", false, "Properties", "DeletionProtectionEnabled"),
            "can be deleted"),
        new Breach(
            "a table of prod goes with its stack",
            t -> Promises.dataIsKept(PROD, t),
            t -> Changes.set(t, "Tenants", "Delete", "DeletionPolicy"),
            "goes with its stack"),
        new Breach(
            "a key of prod goes when it is replaced",
            t -> Promises.dataIsKept(PROD, t),
            t -> Changes.set(t, "DayKeyKey", "Delete", "UpdateReplacePolicy"),
            "goes with its stack"),
        new Breach(
            "the registry lies under a key of AWS's",
            Promises::everythingIsEncrypted,
            t ->
                Changes.set(
                    t, "RegistryEncryption", "AWS_OWNED_KMS_KEY", "Properties", "EncryptionType"),
            "does not use it"),
        new Breach(
            "the trail's bucket does not use its key",
            Promises::everythingIsEncrypted,
            t ->
                Changes.set(
                    t,
                    "TrailBucket",
                    "AES256",
                    "Properties",
                    "BucketEncryption",
                    "ServerSideEncryptionConfiguration",
                    0,
                    "ServerSideEncryptionByDefault",
                    "SSEAlgorithm"),
            "does not use it"),
        new Breach(
            "alarms lie under a key of AWS's",
            Promises::everythingIsEncrypted,
            t -> Changes.set(t, "OperatorTopic", "alias/aws/sns", "Properties", "KmsMasterKeyId"),
            "not under a key"),
        new Breach(
            "the logs' key is used by another service",
            t -> Promises.keysHaveNoOtherUsers(PROD, t),
            t ->
                Changes.set(
                    t,
                    "LogsKey",
                    Map.of("Service", "s3.amazonaws.com"),
                    "Properties",
                    "KeyPolicy",
                    "Statement",
                    1,
                    "Principal"),
            "is used by s3"),
        new Breach(
            "a plane's key is of use through another service too",
            t -> Promises.keysHaveNoOtherUsers(PROD, t),
            t ->
                Changes.set(
                    t,
                    "DeviceKey",
                    "s3.us-west-2.amazonaws.com",
                    "Properties",
                    "KeyPolicy",
                    "Statement",
                    1,
                    "Condition",
                    "StringEquals",
                    "kms:ViaService"),
            "is used by via s3"),
        new Breach(
            "a plane's key is of use to another account",
            t -> Promises.keysHaveNoOtherUsers(PROD, t),
            t -> Changes.set(t, "DeviceKey", root("999999999999"), keyPolicy(1, "Principal")),
            "is used by arn:aws:iam::999999999999:root"),
        new Breach(
            "collect may not use the key of day keys",
            t -> Promises.keysHaveNoOtherUsers(PROD, t),
            t ->
                Changes.set(
                    t,
                    "DayKeyKey",
                    Map.of("AWS", arn(t, "ReleaseRole")),
                    "Properties",
                    "KeyPolicy",
                    "Statement",
                    1,
                    "Principal"),
            "is used by ReleaseRole"),
        new Breach(
            "there is a key that nobody expects",
            t -> Promises.keysHaveNoOtherUsers(PROD, t),
            t -> Changes.add(t, "SpareKey", "AWS::KMS::Key", Map.of()),
            "SpareKey"),
        new Breach(
            "a key is for all but one",
            t -> Promises.keysNameTheirUsers(PROD, t),
            t ->
                Changes.set(
                    t,
                    "DayKeyKey",
                    Map.of("AWS", "arn:aws:iam::000000000000:user/somebody"),
                    "Properties",
                    "KeyPolicy",
                    "Statement",
                    1,
                    "NotPrincipal"),
            "who may not"),
        new Breach(
            "a key is kept from those who use it",
            t -> Promises.keysNameTheirUsers(PROD, t),
            t -> Changes.set(t, "DayKeyKey", "Deny", keyPolicy(1, "Effect")),
            "who may not"),
        new Breach(
            "another account administers a key",
            t -> Promises.keysNameTheirUsers(PROD, t),
            t ->
                Changes.append(
                    t, "DayKeyKey", allowed(root("999999999999"), "kms:PutKeyPolicy"), keyPolicy()),
            "lets others administer"),
        new Breach(
            "anybody administers a key",
            t -> Promises.keysNameTheirUsers(PROD, t),
            t -> Changes.append(t, "DayKeyKey", allowed("*", "kms:PutKeyPolicy"), keyPolicy()),
            "lets others administer"),
        new Breach(
            "a key's user administers it too",
            t -> Promises.keysNameTheirUsers(PROD, t),
            t ->
                Changes.set(
                    t,
                    "DayKeyKey",
                    List.of("kms:Decrypt", "kms:GenerateDataKey", "kms:PutKeyPolicy"),
                    keyPolicy(1, "Action")),
            "lets others administer"),
        new Breach(
            "a log group lies under a key of AWS's",
            Promises::everythingIsEncrypted,
            t -> Changes.remove(t, "CollectLogs", "Properties", "KmsKeyId"),
            "not under a key"),
        new Breach(
            "a snapshot lies under a key of AWS's",
            Promises::everythingIsEncrypted,
            t -> Changes.remove(t, "CollectFunction", "Properties", "KmsKeyArn"),
            "not under a key"),
        new Breach(
            "a snapshot lies under the key of what status keeps",
            Promises::everythingIsEncrypted,
            t -> Changes.set(t, "StatusFunction", arn(t, "DeviceKey"), "Properties", "KmsKeyArn"),
            "not under a key of the customer's that is for it"),
        new Breach(
            "there is a queue",
            Promises::everythingIsEncrypted,
            t -> Changes.add(t, "Archive", "AWS::SQS::Queue", Map.of()),
            "nobody knows what it stores"),
        new Breach(
            "open items are backed up",
            Promises::everythingIsEncrypted,
            t ->
                Changes.add(
                    t,
                    "Backup",
                    "AWS::Backup::BackupSelection",
                    Map.of("BackupSelection", Map.of("Resources", List.of(arn(t, "OpenBlocks"))))),
            "nobody knows what it stores"),
        new Breach(
            "the trail's bucket lies under a key of AWS's",
            Promises::everythingIsEncrypted,
            t -> Changes.remove(t, "TrailBucket", "Properties", "BucketEncryption"),
            "not under a key"),
        new Breach(
            "the trail's files lie under a key of AWS's",
            Promises::everythingIsEncrypted,
            t -> Changes.remove(t, "Trail", "Properties", "KMSKeyId"),
            "not under a key"),
        new Breach(
            "the trail is kept for ever",
            Promises::logsLast90Days,
            t -> Changes.remove(t, "TrailBucket", "Properties", "LifecycleConfiguration"),
            "let go after 90 days"),
        new Breach(
            "a schedule keeps an input",
            Promises::everythingIsEncrypted,
            t -> Changes.set(t, "ReleaseSchedule", "{\"a\":1}", "Properties", "Target", "Input"),
            "stores its input"),
        new Breach(
            "an endpoint takes TLS 1.0",
            Promises::endpointsWantNewTls,
            t ->
                Changes.set(
                    t,
                    "MeterEndpoint",
                    "IoTSecurityPolicy_TLS12_1_0_2015_01",
                    "Properties",
                    "TlsConfig",
                    "SecurityPolicy"),
            "takes old versions"),
        new Breach(
            "an endpoint's TLS is left to AWS",
            Promises::endpointsWantNewTls,
            t -> Changes.remove(t, "MeterEndpoint", "Properties", "TlsConfig"),
            "takes old versions"),
        new Breach(
            "IoT Core's own endpoint is set once and never again",
            Promises::endpointsWantNewTls,
            t -> Changes.remove(t, "DefaultEndpointTls", "Properties", "Update"),
            "leaves old versions"),
        new Breach(
            "IoT Core's own endpoint takes TLS 1.0",
            Promises::endpointsWantNewTls,
            t ->
                Changes.set(
                    t,
                    "DefaultEndpointTls",
                    Changes.resource(t, "DefaultEndpointTls")
                        .textAt("Create")
                        .replace("TLS13_1_2_2022_10", "TLS12_1_0_2015_01"),
                    "Properties",
                    "Create"),
            "leaves old versions"),
        new Breach(
            "IoT Core's own endpoint is not set",
            Promises::endpointsWantNewTls,
            t -> Changes.set(t, "DefaultEndpointTls", "Custom::Nothing", "Type"),
            "not one setting"),
        new Breach(
            "the registry's key is used by whom IAM lets",
            t -> Promises.keysNameTheirUsers(PROD, t),
            t ->
                Changes.remove(
                    t, "RegistryKey", "Properties", "KeyPolicy", "Statement", 2, "Condition"),
            "by anybody in the account"),
        new Breach(
            "IoT Core makes its own log group",
            Promises::logsLast90Days,
            t -> Changes.remove(t, "BrokerLogging", "DependsOn"),
            "before its log group"),
        new Breach(
            "IoT Core writes down each message",
            Promises::logsLast90Days,
            t -> Changes.set(t, "BrokerLogging", "INFO", "Properties", "DefaultLogLevel"),
            "what goes well"),
        new Breach(
            "a key is never rotated",
            t -> Promises.keysNameTheirUsers(PROD, t),
            t -> Changes.remove(t, "LogsKey", "Properties", "EnableKeyRotation"),
            "is not rotated"),
        new Breach(
            "a key is used by whom IAM lets",
            t -> Promises.keysNameTheirUsers(PROD, t),
            t ->
                Changes.remove(
                    t, "ConsumptionKey", "Properties", "KeyPolicy", "Statement", 1, "Condition"),
            "by anybody in the account"),
        new Breach(
            "a key allows every action",
            t -> Promises.keysNameTheirUsers(PROD, t),
            t ->
                Changes.set(
                    t, "DeviceKey", "kms:*", "Properties", "KeyPolicy", "Statement", 0, "Action"),
            "names no actions"),
        new Breach(
            "a key allows each action that is spelt like one",
            t -> Promises.keysNameTheirUsers(PROD, t),
            t ->
                Changes.set(
                    t,
                    "DeviceKey",
                    "kms:Get?eyPolicy",
                    "Properties",
                    "KeyPolicy",
                    "Statement",
                    0,
                    "Action"),
            "names no actions"),
        new Breach(
            "a key is used from elsewhere",
            t -> Promises.dataStaysIn(HOME, t),
            t ->
                Changes.set(
                    t,
                    "DeviceKey",
                    Map.of("StringEquals", Map.of("kms:ViaService", "s3.eu-west-1.amazonaws.com")),
                    "Properties",
                    "KeyPolicy",
                    "Statement",
                    1,
                    "Condition"),
            "names eu-west-1"),
        new Breach(
            "a key can be copied elsewhere",
            t -> Promises.dataStaysIn(HOME, t),
            t -> Changes.set(t, "DayKeyKey", true, "Properties", "MultiRegion"),
            "can be copied"),
        new Breach(
            "the trail's files are copied to a bucket elsewhere",
            t -> Promises.dataStaysIn(HOME, t),
            t ->
                Changes.set(
                    t,
                    "TrailBucket",
                    List.of(Map.of("Destination", Map.of("Bucket", "arn:aws:s3:::elsewhere"))),
                    "Properties",
                    "ReplicationConfiguration",
                    "Rules"),
            "can be copied"),
        new Breach(
            "a log is kept for a year",
            Promises::logsLast90Days,
            t -> Changes.set(t, "StatusLogs", 365, "Properties", "RetentionInDays"),
            "not kept for 90 days"),
        new Breach(
            "a function makes its own log group",
            Promises::logsLast90Days,
            t -> Changes.remove(t, "StatusFunction", "Properties", "LoggingConfig"),
            "made on the quiet"),
        new Breach(
            "two functions share a log group",
            Promises::logsLast90Days,
            t ->
                Changes.set(
                    t,
                    "StatusFunction",
                    Map.of("Ref", Changes.resource(t, "CollectLogs").id()),
                    "Properties",
                    "LoggingConfig",
                    "LogGroup"),
            "shares its log group"));
  }

  private static Stream<Breach> trailBreaches() {
    Function<Templates, List<String>> check = Promises::accessIsRecorded;
    return Stream.of(
        new Breach(
            "the trail's bucket can be reached by plain HTTP",
            Promises::plainHttpIsDenied,
            t -> Changes.set(t, "TrailBucketPolicy", "Allow", statement(0, "Effect")),
            "by plain HTTP"),
        new Breach(
            "the trail's bucket can be reached by TLS 1.1",
            Promises::plainHttpIsDenied,
            t ->
                Changes.set(
                    t,
                    "TrailBucketPolicy",
                    1.1,
                    statement(1, "Condition", "NumericLessThan", "s3:TlsVersion")),
            "by old versions"),
        new Breach(
            "plain HTTP may do all but one thing to the trail's bucket",
            Promises::plainHttpIsDenied,
            t -> Changes.set(t, "TrailBucketPolicy", "s3:GetBucketAcl", statement(0, "Action")),
            "by plain HTTP"),
        new Breach(
            "plain HTTP is denied one account only",
            Promises::plainHttpIsDenied,
            t ->
                Changes.set(
                    t, "TrailBucketPolicy", root("999999999999"), statement(0, "Principal")),
            "by plain HTTP"),
        new Breach(
            "the trail's files can be reached by plain HTTP",
            Promises::plainHttpIsDenied,
            t ->
                Changes.set(
                    t, "TrailBucketPolicy", arn(t, "TrailBucket"), statement(0, "Resource")),
            "by plain HTTP"),
        new Breach(
            "the trail's files can be reached by TLS 1.1",
            Promises::plainHttpIsDenied,
            t ->
                Changes.set(
                    t, "TrailBucketPolicy", arn(t, "TrailBucket"), statement(1, "Resource")),
            "by old versions"),
        new Breach(
            "one account's alarms cannot be sent by plain HTTP",
            Promises::plainHttpIsDenied,
            t ->
                Changes.set(
                    t, "OperatorTopicPolicy", root("999999999999"), statement(0, "Principal")),
            "by plain HTTP"),
        new Breach(
            "alarms can be sent by plain HTTP",
            Promises::plainHttpIsDenied,
            t -> Changes.set(t, "OperatorTopicPolicy", "*", statement(0, "Resource")),
            "by plain HTTP"),
        new Breach(
            "there is no trail",
            check,
            t -> Changes.set(t, "Trail", "AWS::Nothing::Here", "Type"),
            "not one trail"),
        new Breach(
            "the trail is switched off",
            check,
            t -> Changes.set(t, "Trail", false, "Properties", "IsLogging"),
            "does not write down"),
        new Breach(
            "the trail leaves out the use of keys",
            check,
            t ->
                Changes.set(
                    t,
                    "Trail",
                    List.of("kms.amazonaws.com"),
                    "Properties",
                    "EventSelectors",
                    0,
                    "ExcludeManagementEventSources"),
            "does not write down"),
        new Breach(
            "denied use of keys is looked for in another log",
            check,
            t -> Changes.set(t, "TrailKeyUseDenied", "AWSIotLogsV2", "Properties", "LogGroupName"),
            "not searched for KeyUseDenied"),
        new Breach(
            "denied access is told nobody",
            check,
            t -> Changes.remove(t, "AlarmAccessDenied", "Properties", "AlarmActions"),
            "tells nobody of AccessDenied"),
        new Breach(
            "an alarm is silenced",
            check,
            t -> Changes.set(t, "AlarmReadersChanged", false, "Properties", "ActionsEnabled"),
            "tells nobody of ReadersChanged"));
  }

  private static Stream<Breach> lineBreaches() {
    Function<Templates, List<String>> check = t -> Promises.callersReachTheAlias(PROD, t);
    return Stream.of(
        new Breach(
            "a rule is there before it may call",
            check,
            t -> Changes.remove(t, "CollectRule", "DependsOn"),
            "before it may call"),
        new Breach(
            "a rule may call the unpublished function only",
            check,
            t ->
                Changes.set(
                    t,
                    "CollectRuleMayCall",
                    arn(t, "CollectFunction"),
                    "Properties",
                    "FunctionName"),
            "may not call"),
        new Breach(
            "another rule may call",
            check,
            t ->
                Changes.set(
                    t,
                    "CollectRuleMayCallOnError",
                    "arn:aws:iot:us-west-2:123456789012:rule/collect_status",
                    "Properties",
                    "SourceArn"),
            "may not call"),
        new Breach(
            "a rule may call for another account",
            check,
            t ->
                Changes.set(t, "CollectRuleMayCall", "999999999999", "Properties", "SourceAccount"),
            "may not call"),
        new Breach(
            "another account's rule may call",
            check,
            t ->
                Changes.set(
                    t,
                    "CollectRuleMayCall",
                    "arn:aws:iot:us-west-2:999999999999:rule/collect_readings",
                    "Properties",
                    "SourceArn"),
            "may not call"),
        new Breach(
            "a rule is switched off",
            check,
            t -> Changes.set(t, "CollectRule", true, payload("RuleDisabled")),
            "is switched off"),
        new Breach(
            "a template is switched off",
            check,
            t -> Changes.set(t, "AdmitClaimTemplate", false, "Properties", "Enabled"),
            "is switched off"),
        new Breach(
            "a schedule is switched off",
            check,
            t -> Changes.set(t, "ReleaseSchedule", "DISABLED", "Properties", "State"),
            "is switched off"),
        new Breach(
            "a schedule may call another function only",
            check,
            t ->
                Changes.set(
                    t,
                    "ReleaseSchedulePolicy",
                    Map.of("Ref", Changes.resource(t, "PlanLive").id()),
                    statement(0, "Resource")),
            "may not call"),
        new Breach(
            "a schedule may do something else than call",
            check,
            t ->
                Changes.set(
                    t, "ReleaseSchedulePolicy", "lambda:GetFunction", statement(0, "Action")),
            "may not call"),
        new Breach(
            "a schedule is there before it may call",
            check,
            t -> Changes.remove(t, "ReleaseSchedule", "DependsOn"),
            "before it may call"),
        new Breach(
            "the schedule calls the unpublished function",
            check,
            t ->
                Changes.set(
                    t, "ReleaseSchedule", arn(t, "ReleaseFunction"), "Properties", "Target", "Arn"),
            "something else than an alias"),
        new Breach(
            "retries are set on the unpublished function",
            check,
            t -> Changes.set(t, "CollectEvents", "$LATEST", "Properties", "Qualifier"),
            "not tried three times"),
        new Breach(
            "collecting can take what resend needs",
            Promises::functionsDoNotStarve,
            t -> Changes.remove(t, "ResendFunction", "Properties", "ReservedConcurrentExecutions"),
            "no instances of its own"),
        new Breach(
            "release is switched off",
            Promises::functionsDoNotStarve,
            t -> Changes.set(t, "ReleaseFunction", 0, "Properties", "ReservedConcurrentExecutions"),
            "no instances of its own"),
        new Breach(
            "a meter's policy is too long",
            Promises::metersPoliciesFit,
            t ->
                allow(
                    t, "Meter", "iot:Publish", "arn:aws:iot:us-west-2:0:topic/" + "x".repeat(2000)),
            "characters"));
  }

  private static Templates allow(
      Templates templates, String policy, String action, Object resource) {
    var statement = Map.of("Effect", "Allow", "Action", action, "Resource", resource);
    return Changes.append(templates, policy, statement, statement());
  }

  private static Object allowed(Object principal, String action) {
    return Map.of("Effect", "Allow", "Principal", principal, "Action", action, "Resource", "*");
  }

  private static Object arn(Templates templates, String construct) {
    return Map.of("Fn::GetAtt", List.of(Changes.resource(templates, construct).id(), "Arn"));
  }

  private static Object trusted(Map<String, String> principal) {
    return Map.of("Effect", "Allow", "Principal", principal, "Action", "sts:AssumeRole");
  }

  private static Map<String, String> root(String account) {
    return Map.of("AWS", "arn:aws:iam::%s:root".formatted(account));
  }

  private static Object[] payload(Object... path) {
    return joined(List.of("Properties", "TopicRulePayload"), path);
  }

  private static Object[] destination(Object... path) {
    return joined(List.of("Properties", "DestinationConfig"), path);
  }

  private static Object[] statement(Object... path) {
    return joined(List.of("Properties", "PolicyDocument", "Statement"), path);
  }

  private static Object[] keyPolicy(Object... path) {
    return joined(List.of("Properties", "KeyPolicy", "Statement"), path);
  }

  private static Object[] trust(Object... path) {
    return joined(List.of("Properties", "AssumeRolePolicyDocument", "Statement"), path);
  }

  private static Object[] joined(List<Object> first, Object... rest) {
    return Stream.concat(first.stream(), Stream.of(rest)).toArray();
  }
}

package meterveil.infrastructure;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What the trail is searched for.
class AuditTrailTest {

  /// By CloudWatch's documentation.
  private static final int PATTERN_CHARACTERS_MAX = 1_024;

  private static final Pattern CONDITION = Pattern.compile("[$][.](\\w+) = \"([^\"]+)\"");

  @ParameterizedTest
  @CsvSource({
    "kms,        Decrypt,                               AccessDenied,          KeyUseDenied AccessDenied",
    "kms,        GenerateDataKey,                       AccessDeniedException, KeyUseDenied AccessDenied",
    "dynamodb,   DescribeTable,                         AccessDenied,          AccessDenied",
    "ec2,        RunInstances,             Client.UnauthorizedOperation,       AccessDenied",
    "iot,        CreateThing,                           UnauthorizedException, AccessDenied",
    "kms,        DisableKey,                            '',                    KeysChanged",
    "kms,        DisableKeyRotation,                    '',                    KeysChanged",
    "kms,        PutKeyPolicy,                          '',                    KeysChanged",
    "kms,        ScheduleKeyDeletion,                   '',                    KeysChanged",
    "kms,        PutKeyPolicy, AccessDenied, KeyUseDenied AccessDenied KeysChanged",
    "iot,        CreateAuthorizer,                      '',                    ReadersChanged",
    "iot,        CreateDomainConfiguration,             '',                    ReadersChanged",
    "iot,        CreatePolicy,                          '',                    ReadersChanged",
    "iot,        CreatePolicyVersion,                   '',                    ReadersChanged",
    "iot,        CreateProvisioningTemplateVersion,     '',                    ReadersChanged",
    "iot,        CreateTopicRule,                       '',                    ReadersChanged",
    "iot,        DeleteTopicRule,                       '',                    ReadersChanged",
    "iot,        DisableTopicRule,                      '',                    ReadersChanged",
    "iot,        ReplaceTopicRule,                      '',                    ReadersChanged",
    "iot,        SetDefaultAuthorizer,                  '',                    ReadersChanged",
    "iot,        SetDefaultPolicyVersion,               '',                    ReadersChanged",
    "iot,        SetV2LoggingLevel,                     '',                    ReadersChanged",
    "iot,        SetV2LoggingOptions,                   '',                    ReadersChanged",
    "iot,        UpdateAuthorizer,                      '',                    ReadersChanged",
    "iot,        UpdateDomainConfiguration,             '',                    ReadersChanged",
    "iot,        UpdateEncryptionConfiguration,         '',                    ReadersChanged",
    "iot,        UpdateProvisioningTemplate,            '',                    ReadersChanged",
    "lambda,     DeleteAlias20150331,                   '',                    ReadersChanged",
    "lambda,     DeleteFunction20150331,                '',                    ReadersChanged",
    "lambda,     DeleteFunctionConcurrency20171031,     '',                    ReadersChanged",
    "lambda,     DeleteFunctionEventInvokeConfig,       '',                    ReadersChanged",
    "lambda,     PutFunctionConcurrency20171031,        '',                    ReadersChanged",
    "lambda,     PutFunctionEventInvokeConfig,          '',                    ReadersChanged",
    "lambda,     RemovePermission20150331v2,            '',                    ReadersChanged",
    "lambda,     UpdateAlias20150331,                   '',                    ReadersChanged",
    "lambda,     UpdateFunctionCode20150331v2,          '',                    ReadersChanged",
    "lambda,     UpdateFunctionConfiguration20150331v2, '',                    ReadersChanged",
    "lambda,     UpdateFunctionEventInvokeConfig,       '',                    ReadersChanged",
    "cloudtrail, DeleteTrail,                           '',                    TrailChanged",
    "cloudtrail, PutEventSelectors,                     '',                    TrailChanged",
    "cloudtrail, StopLogging,                           '',                    TrailChanged",
    "cloudtrail, UpdateTrail,                           '',                    TrailChanged",
    "kms,        Decrypt,                               '',                    ''",
    "iam,        CreatePolicy,                          '',                    ''",
    "iot,        UpdateThing,                           '',                    ''",
    "lambda,     GetFunction20150331v2,                 '',                    ''",
    "cloudtrail, LookupEvents,                          '',                    ''"
  })
  @DisplayName("T49 who administers and what is denied is found in the trail")
  void counts(String service, String event, String error, String counted) {
    assertThat(counted(Synthesis.dev(), service, event, error))
        .isEqualTo(counted.isEmpty() ? List.of() : List.of(counted.split(" ")));
  }

  @Test
  void findsAFilterThatLooksForSomethingElse() {
    var pattern = Changes.resource(Synthesis.dev(), "TrailKeysChanged").textAt("FilterPattern");
    for (var mistake : Map.of("kms.", "iot.", "PutKey", "GetKey", "&&", "||").entrySet()) {
      var other = pattern.replace(mistake.getKey(), mistake.getValue());
      var changed =
          Changes.set(Synthesis.dev(), "TrailKeysChanged", other, "Properties", "FilterPattern");

      assertThat(
              Stream.of("PutKeyPolicy", "Decrypt").map(event -> counted(changed, "kms", event, "")))
          .isNotEqualTo(List.of(List.of("KeysChanged"), List.of()));
    }
  }

  @Test
  void searchesByPatternsThatCloudWatchTakes() {
    assertThat(Synthesis.dev().ofType("AWS::Logs::MetricFilter"))
        .hasSize(AuditTrail.Count.values().length + 1)
        .allSatisfy(filter ->
            assertThat(filter.textAt("FilterPattern"))
                .hasSizeLessThanOrEqualTo(PATTERN_CHARACTERS_MAX));
  }

  /// With a key of the bucket's own, S3 would use the trail's key for the bucket, and the key lets
  /// CloudTrail in for a trail only.
  @Test
  void asksForTheTrailsKeyInTheNameOfTheTrail() {
    assertThat(
            Changes.resource(Synthesis.dev(), "TrailBucket")
                .textAt(
                    "BucketEncryption", "ServerSideEncryptionConfiguration", "BucketKeyEnabled"))
        .isNotEqualTo("true");
    assertThat(Changes.resource(Synthesis.dev(), "TrailKey").definition().toString())
        .contains("kms:EncryptionContext:aws:cloudtrail:arn");
  }

  /// What an event is counted as, in the order of the counts.
  private static List<String> counted(
      Templates templates, String service, String event, String error) {
    var fields =
        Map.of("eventSource", service + ".amazonaws.com", "eventName", event, "errorCode", error);
    return Stream.of(AuditTrail.Count.values())
        .map(count -> count.metric)
        .filter(metric ->
            templates.ofType("AWS::Logs::MetricFilter").stream()
                .filter(
                    filter -> filter.textAt("MetricTransformations", "MetricName").equals(metric))
                .anyMatch(filter -> matches(filter.textAt("FilterPattern"), fields)))
        .toList();
  }

  /// Whether CloudWatch would find an event: each condition gives way to `T` or `F`, and then what
  /// stands in the innermost brackets, until one letter is left.
  private static boolean matches(String pattern, Map<String, String> fields) {
    var left = CONDITION.matcher(pattern).replaceAll(found -> holds(found, fields) ? "T" : "F");
    left = left.replaceAll("[{} ]", "");
    for (var before = ""; !left.equals(before); ) {
      before = left;
      left =
          left.replaceAll("[(]([TF])[)]", "$1")
              .replaceAll("T&&T|T[|]{2}[TF]|F[|]{2}T", "T")
              .replaceAll("F&&[TF]|T&&F|F[|]{2}F", "F");
    }
    assertThat(left).matches("[TF]");
    return left.equals("T");
  }

  /// In a value, `*` stands for anything.
  private static boolean holds(MatchResult condition, Map<String, String> fields) {
    var value = Pattern.quote(condition.group(2)).replace("*", "\\E.*\\Q");
    return Objects.requireNonNull(fields.get(condition.group(1))).matches(value);
  }
}

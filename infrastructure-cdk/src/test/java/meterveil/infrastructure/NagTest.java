package meterveil.infrastructure;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.assertions.Annotations;
import software.amazon.awscdk.assertions.Match;
import software.amazon.awscdk.services.dynamodb.Attribute;
import software.amazon.awscdk.services.dynamodb.AttributeType;
import software.amazon.awscdk.services.dynamodb.Table;

/// cdk-nag's AwsSolutions rules, and the few places where they do not hold.
class NagTest {

  @Test
  @DisplayName("T45 cdk-nag has no finding left")
  void hasNothingAgainstTheStacks() {
    assertThat(Synthesis.stacks())
        .hasSize(6)
        .map(Annotations::fromStack)
        .allSatisfy(found -> {
          found.hasNoError("*", Match.anyValue());
          found.hasNoWarning("*", Match.anyValue());
        });
  }

  @Test
  void findsATableThatCannotBeRestored() {
    var app = new software.amazon.awscdk.App();
    Synthesis.watch(app);
    var stack = new Stack(app, "Careless");
    Table.Builder.create(stack, "Table")
        .partitionKey(Attribute.builder().name("id").type(AttributeType.STRING).build())
        .build();

    assertThat(stack)
        .extracting(Annotations::fromStack)
        .satisfies(found -> found.hasWarning("*", Match.stringLikeRegexp("AwsSolutions-DDB3.*")));
  }

  @Test
  void isSilencedNarrowlyAndWithReasons() {
    var silenced =
        Synthesis.dev().resources().values().stream()
            .flatMap(resource -> {
              var metadata = Templates.mapOf(resource.definition().get("Metadata"));
              var nag = Templates.mapOf(metadata.get("cdk_nag"));
              return Templates.listOf(nag.get("rules_to_suppress")).stream()
                  .map(rule -> resource.construct() + silenced(Templates.mapOf(rule)));
            });

    assertThat(silenced)
        .containsExactlyInAnyOrder(
            "OpenBlocks AwsSolutions-DDB3",
            "DayKeys AwsSolutions-DDB3",
            "DeviceStatus AwsSolutions-DDB3",
            "Assignments AwsSolutions-DDB3",
            "ResendPolicy AwsSolutions-IAM5 topic/mv/1/\\*/\\*/resend$/",
            "ReleasePolicy AwsSolutions-IAM5 topic/mv/1/\\*/cohort/\\*/resend$/",
            "AdmitProvisioningPolicy AwsSolutions-IAM5 thing/\\*$/",
            "AdmitProvisioningPolicy AwsSolutions-IAM5 cert/\\*$/",
            "AdmitProvisioningPolicy AwsSolutions-IAM5 *",
            "RegisterPolicy AwsSolutions-IAM5 thing/\\*$/",
            "RegisterPolicy AwsSolutions-IAM5 cert/\\*$/",
            "RegisterPolicy AwsSolutions-IAM5 *",
            "RegistrarPolicy AwsSolutions-IAM5 thing/\\*$/",
            "RegistrarPolicy AwsSolutions-IAM5 cert/\\*$/",
            "RegistrarPolicy AwsSolutions-IAM5 client/\\*$/",
            "RegistrarPolicy AwsSolutions-IAM5 stack/dev-Data/\\*$/",
            "RegistrarPolicy AwsSolutions-IAM5 *",
            "PlanPolicy AwsSolutions-IAM5 topic/mv/1/\\*/\\*/settings$/",
            "PlanPolicy AwsSolutions-IAM5 thing/\\*$/",
            "TrailBucket AwsSolutions-S1",
            "AWS679f53fac002430cb0da5b7982bd2287 AwsSolutions-L1");
  }

  private static String silenced(Map<String, Object> rule) {
    assertThat(Templates.text(rule.get("reason"))).hasSizeGreaterThan(20).endsWith(".");
    var silenced = new StringBuilder(" " + Templates.text(rule.get("id")));
    for (var finding : Templates.listOf(rule.get("applies_to"))) {
      var regex =
          finding instanceof String exact
              ? exact
              : Templates.text(Templates.mapOf(finding).get("regex"));
      silenced.append(' ').append(regex.substring(regex.lastIndexOf(':') + 1));
    }
    return silenced.toString();
  }
}

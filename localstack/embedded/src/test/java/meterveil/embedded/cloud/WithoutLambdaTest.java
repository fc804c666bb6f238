package meterveil.embedded.cloud;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.List;
import meterveil.embedded.cloud.Assembly.Stack;
import org.junit.jupiter.api.Test;

class WithoutLambdaTest {

  private static final String ARN = "arn:aws:lambda:us-west-2:123456789012:function:dev-Fn";

  private final WithoutLambda without;

  WithoutLambdaTest() throws Exception {
    JsonNode template =
        new JsonMapper()
            .readTree(
                """
                {"Resources": {
                  "Fn": {"Type": "AWS::Lambda::Function", "Properties": {"Role": {"Ref": "Role"}}},
                  "Live": {"Type": "AWS::Lambda::Alias",
                    "Properties": {"FunctionName": {"Ref": "Fn"}, "Name": "live"}},
                  "Made": {"Type": "Custom::Thing", "Properties": {}},
                  "Role": {"Type": "AWS::IAM::Role", "DependsOn": ["Made", "Fn"], "Properties": {}},
                  "Schedule": {"Type": "AWS::Scheduler::Schedule", "DependsOn": "Live", "Properties": {
                    "Target": {"Arn": {"Ref": "Live"}, "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]}},
                    "Names": [{"Ref": "Fn"}, {"Fn::GetAtt": ["Fn", "Arn"]}]}}}}\
                """);
    without = new WithoutLambda(new Stack("dev", template, List.of()), "us-west-2", "123456789012");
  }

  @Test
  void leavesOutFunctionsAndWhatOnlyTheyCouldMake() {
    assertThat(without.leftOut()).containsOnlyKeys("Fn", "Live", "Made");
    assertThat(without.template().path("Resources").fieldNames())
        .toIterable()
        .containsExactly("Role", "Schedule");
  }

  @Test
  void namesThemToWhoRefersToThem() {
    JsonNode schedule = without.template().path("Resources").path("Schedule").path("Properties");
    assertThat(schedule.path("Target").path("Arn").asText()).isEqualTo(ARN + ":live");
    assertThat(schedule.path("Names").path(0).asText()).isEqualTo("dev-Fn");
    assertThat(schedule.path("Names").path(1).asText()).isEqualTo(ARN);
    assertThat(schedule.path("Target").path("RoleArn").has("Fn::GetAtt")).isTrue();
  }

  @Test
  void nothingWaitsForThem() {
    JsonNode resources = without.template().path("Resources");
    assertThat(resources.path("Role").path("DependsOn")).isEmpty();
    assertThat(resources.path("Schedule").path("DependsOn")).isEmpty();
  }
}

package meterveil.embedded.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CloudAssemblyTest {

  @TempDir Path folder;

  private CloudAssembly read(String resources) throws IOException {
    return CloudAssembly.read(TestAssembly.write(folder, resources));
  }

  private static String thingTypeWithName(String name) {
    return "\"Type\": {\"Type\": \"AWS::IoT::ThingType\", \"Properties\": {\"ThingTypeName\": %s}}"
        .formatted(name);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"Ref\": \"AWS::Region\"} | us-west-2",
        "{\"Ref\": \"AWS::AccountId\"} | 000000000000",
        "{\"Fn::Join\": [\"-\", [\"a\", {\"Ref\": \"AWS::Partition\"}]]} | a-aws",
        "{\"Fn::Sub\": \"${AWS::StackName}/${!x}\"} | dev-Data/${x}",
        "{\"Fn::Sub\": [\"${A}${Role.Arn}\", {\"A\": \"a:\"}]} | "
            + "a:arn:aws:iam::000000000000:role/dev-Data-Role",
        "{\"Fn::Select\": [1, {\"Fn::Split\": [\"/\", \"a/b\"]}]} | b",
        "{\"Fn::GetAtt\": [\"Logs\", \"Arn\"]} | "
            + "arn:aws:logs:us-west-2:000000000000:log-group:dev-Data-Logs:*",
      })
  void resolvesReferences(String written, String resolved) throws IOException {
    CloudAssembly assembly =
        read(
            thingTypeWithName(written)
                + ","
                + TestAssembly.key("Key")
                + ","
                + TestAssembly.role("Role", "lambda.amazonaws.com")
                + ", \"Logs\": {\"Type\": \"AWS::Logs::LogGroup\"}");
    assertThat(assembly.ofType("AWS::IoT::ThingType").getFirst().name()).isEqualTo(resolved);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"Queue\": {\"Type\": \"AWS::SQS::Queue\"} | AWS::SQS::Queue Queue of dev-Data",
        "\"Key\": {\"Type\": \"AWS::KMS::Key\", \"Properties\": {\"MultiRegion\": true}} | "
            + "MultiRegion",
        "\"Key\": {\"Type\": \"AWS::KMS::Key\", \"Condition\": \"Sometimes\"} | Condition",
        "\"Key\": {\"Type\": \"AWS::KMS::Key\", \"Properties\": {\"Description\": "
            + "{\"Fn::Base64\": \"x\"}}} | Fn::Base64",
        "\"Key\": {\"Type\": \"AWS::KMS::Key\", \"Properties\": {\"Description\": "
            + "{\"Ref\": \"Nowhere\"}}} | Nowhere",
        "\"Key\": {\"Type\": \"AWS::KMS::Key\", \"Properties\": {\"Description\": "
            + "{\"Fn::ImportValue\": \"elsewhere\"}}} | elsewhere",
        "\"Key\": {\"Type\": \"AWS::KMS::Key\", \"Properties\": {\"Description\": "
            + "{\"Fn::ImportValue\": \"dev-Ops:Topic\"}}} | dev-Ops:Topic",
      })
  void refusesWhatIsNotImplementedByName(String resources, String named) {
    assertThatThrownBy(() -> read(resources))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(named);
  }

  @Test
  void resolvesWhatAnotherStackExports() throws IOException {
    CloudAssembly assembly =
        read(
            thingTypeWithName("{\"Fn::ImportValue\": \"dev-Data:Key\"}")
                + ","
                + TestAssembly.key("Key"));
    assertThat(assembly.ofType("AWS::IoT::ThingType").getFirst().name())
        .isEqualTo(assembly.named("AWS::KMS::Key", "Key").arn());
  }

  @Test
  void findsAResourceByItsConstruct() throws IOException {
    CloudAssembly assembly =
        read(TestAssembly.key("DayKey01234567") + "," + TestAssembly.key("DayKeyKey89ABCDEF"));
    assertThat(assembly.named("AWS::KMS::Key", "DayKeyKey").logicalId())
        .isEqualTo("DayKeyKey89ABCDEF");
    assertThat(assembly.named("AWS::KMS::Key", "DayKey").logicalId()).isEqualTo("DayKey01234567");
    assertThatThrownBy(() -> assembly.named("AWS::KMS::Key", "D"))
        .hasMessageContaining("DayKey01234567");
  }

  @Test
  void passesOverTheStackThatOnlyWatches() throws IOException {
    assertThat(read(TestAssembly.key("Key")).ofType("AWS::SNS::Topic")).isEmpty();
  }

  @Test
  void passesOverWhatNeedsNothingHere() throws IOException {
    assertThat(read("\"Alarm\": {\"Type\": \"AWS::CloudWatch::Alarm\"}").ofType("Alarm")).isEmpty();
  }
}

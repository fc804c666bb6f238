package meterveil.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import meterveil.embedded.aws.TestAssembly;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EmbeddedPlatformTest {

  private static final EmbeddedPlatform.Options OPTIONS =
      EmbeddedPlatform.Options.startingAt(Instant.parse("2013-01-01T00:00:00Z"));

  /// As far below the repository as the real one, from where DynamoDB Local is found.
  private static final Path ASSEMBLY = Path.of("../../target/embedded-platform-test/cdk.out");

  @TempDir Path work;
  private final List<ProcessHandle> before = ProcessHandle.current().children().toList();

  private static String rule(String sql, String action) {
    return """
    "Rule": {"Type": "AWS::IoT::TopicRule", "Properties": {
      "RuleName": "rule", "TopicRulePayload": {
        "AwsIotSqlVersion": "2016-03-23", "Sql": "%s", "Actions": [%s]}}}\
    """
        .formatted(sql, action);
  }

  private static final String PROBE =
      TestAssembly.role("Role", "lambda.amazonaws.com", TestAssembly.MAY_LOG)
          + ","
          + TestAssembly.function("Probe", "Role", "");
  private static final String TO_PROBE =
      "{\"Lambda\": {\"FunctionArn\": {\"Ref\": \"ProbeLive\"}}}";

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "SELECT * FROM 'a' WHERE x > 1 | Rule",
        "SELECT encode(*, 'base64') AS payload | may not invoke",
      })
  void stopsByNameAtARuleThatCannotWork(String sql, String named) throws IOException {
    TestAssembly.write(ASSEMBLY, PROBE + "," + rule(sql, TO_PROBE));
    assertThatThrownBy(() -> EmbeddedPlatform.start(ASSEMBLY, work, OPTIONS))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("Rule")
        .hasMessageContaining(named);
    assertNoneIsLeft();
  }

  @Test
  void stopsByNameAtAnActionThatIsNotImplemented() throws IOException {
    TestAssembly.write(
        ASSEMBLY, PROBE + "," + rule("SELECT topic(1) AS t", "{\"S3\": {\"BucketName\": \"b\"}}"));
    assertThatThrownBy(() -> EmbeddedPlatform.start(ASSEMBLY, work, OPTIONS))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("Rule")
        .hasMessageContaining("S3");
  }

  @Test
  void endsEveryProcessItStarted() throws Exception {
    TestAssembly.write(ASSEMBLY, PROBE);
    try (var platform = EmbeddedPlatform.start(ASSEMBLY, work, OPTIONS)) {
      String probe = platform.functions().functionArn("Probe");
      platform.functions().invoke(probe, "\"hello\"".getBytes(StandardCharsets.UTF_8)).join();
      assertThat(started()).hasSize(2);
    }
    assertNoneIsLeft();
  }

  private List<ProcessHandle> started() {
    return ProcessHandle.current().children().filter(child -> !before.contains(child)).toList();
  }

  private void assertNoneIsLeft() {
    started().forEach(child -> assertThat(child.onExit()).succeedsWithin(Duration.ofSeconds(10)));
  }
}

package meterveil.infrastructure;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// `scripts/run-localstack` and `scripts/test-localstack`, as far as they go without Docker:
/// Docker, Maven and what asks LocalStack are stood in for by scripts that write down how they were
/// called.
class LocalStackScriptsTest {

  private static final Path SCRIPTS = Synthesis.MODULE.resolveSibling("scripts");
  private static final String PINNED = "localstack/localstack:4.14.0";

  /// Fails where what it is called with matches `FAILS`.
  private static final String STAND_IN =
      """
      #!/bin/bash
      echo "${0##*/} $*" >>"$CALLS"
      ! [[ "${0##*/} $*" =~ $FAILS ]]
      """;

  private static final String NOTHING = "^$";

  @TempDir Path folder;

  @BeforeEach
  void copyTheScripts() throws IOException {
    Files.createDirectories(folder.resolve("scripts"));
    for (var name : List.of("java.sh", "localstack.sh", "run-localstack", "test-localstack")) {
      Files.copy(SCRIPTS.resolve(name), folder.resolve("scripts").resolve(name));
    }
    standIn(folder.resolve("mvnw"));
    var bin = Files.createDirectories(folder.resolve("bin"));
    for (var tool : List.of("docker", "curl", "sleep")) {
      standIn(bin.resolve(tool));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"run-localstack", "test-localstack"})
  void buildNothingWithoutAnEngine(String script) throws Exception {
    Run run = run(script, "^docker info", Map.of());

    assertThat(run.printed).isEqualTo("No Docker engine answers; LocalStack runs in one.\n");
    assertThat(run.exitCode).isEqualTo(1);
    assertThat(calls()).containsExactly("docker info");
  }

  @ParameterizedTest
  @ValueSource(strings = {"run-localstack", "test-localstack"})
  void buildNothingWithoutTheImage(String script) throws Exception {
    Run run = run(script, "^docker (image|pull)", Map.of());

    assertThat(run.printed)
        .isEqualTo("The image %s is not there and cannot be pulled.\n".formatted(PINNED));
    assertThat(run.exitCode).isEqualTo(1);
    assertThat(calls())
        .containsExactly(
            "docker info", "docker image inspect " + PINNED, "docker pull -q " + PINNED);
  }

  @Test
  void pullsTheLatestImageForWhoHasAToken() throws Exception {
    run("test-localstack", "^docker image", Map.of("LOCALSTACK_AUTH_TOKEN", "ls-1"));

    assertThat(calls()).contains("docker pull -q localstack/localstack:latest");
  }

  @Test
  void takesTheImageThatIsNamed() throws Exception {
    run(
        "test-localstack",
        NOTHING,
        Map.of("LOCALSTACK_AUTH_TOKEN", "ls-1", "LOCALSTACK_IMAGE", "ours:1"));

    assertThat(calls())
        .contains("docker image inspect ours:1")
        .noneMatch(call -> call.startsWith("docker pull"));
  }

  @Test
  void givesUpOnALocalStackThatDoesNotComeUp() throws Exception {
    Run run = run("run-localstack", "^curl", Map.of());

    assertThat(run.printed)
        .endsWith(
            "LocalStack does not answer at http://127.0.0.1:4566 after two minutes;"
                + " its log ends above.\n");
    assertThat(run.exitCode).isEqualTo(1);
    assertThat(calls())
        .contains("docker compose -f localstack/compose.yaml logs --tail 20")
        .endsWith("docker compose version", "docker compose -f localstack/compose.yaml down");
  }

  private record Run(int exitCode, String printed) {}

  /// @param fails which calls of stand-ins do, a regular expression
  private Run run(String script, String fails, Map<String, String> variables)
      throws IOException, InterruptedException {
    var builder =
        new ProcessBuilder("/bin/bash", folder.resolve("scripts").resolve(script).toString())
            .redirectErrorStream(true);
    var environment = builder.environment();
    environment.keySet().removeIf(name -> name.startsWith("LOCALSTACK_"));
    environment.put("PATH", folder.resolve("bin") + ":" + environment.get("PATH"));
    environment.put("JAVA_HOME", System.getProperty("java.home"));
    environment.put("CALLS", folder.resolve("calls").toString());
    environment.put("FAILS", fails);
    environment.putAll(variables);
    var process = builder.start();
    var printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Run(process.waitFor(), printed);
  }

  private List<String> calls() throws IOException {
    return Files.readAllLines(folder.resolve("calls"));
  }

  private static void standIn(Path file) throws IOException {
    Files.writeString(file, STAND_IN);
    assertThat(file.toFile().setExecutable(true)).isTrue();
  }
}

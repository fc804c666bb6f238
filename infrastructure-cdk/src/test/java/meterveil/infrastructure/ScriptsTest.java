package meterveil.infrastructure;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// `scripts/java.sh` finds what the build needs, or says what is missing, and builds what changed.
class ScriptsTest {

  /// Files written within one tick of the kernel's clock are equally old.
  private static final long A_TICK_MILLIS = 50;

  private static final Path SCRIPT = Synthesis.MODULE.resolveSibling("scripts").resolve("java.sh");
  private static final Path JDK = Path.of(System.getProperty("java.home"));

  @TempDir Path folder;

  @Test
  void takesTheJdkThatJavaHomeNames() throws Exception {
    node("exit 0");

    assertThat(source(JDK)).isEqualTo(JDK + "\n");
  }

  @Test
  void passesOverAnotherJdkInJavaHome() throws Exception {
    node("exit 0");
    var old = Files.createDirectories(folder.resolve("jdk-17"));
    Files.writeString(old.resolve("release"), "JAVA_VERSION=\"17.0.15\"\n");

    assertThat(source(old)).doesNotContain("jdk-17");
  }

  @Test
  void saysThatThereIsNoJdk25() throws Exception {
    node("exit 0");
    tool("grep", "exit 1"); // so that none is taken for one

    assertThat(source(JDK)).startsWith("A JDK 25 is missing");
  }

  @Test
  void saysThatNodeIsMissing() throws Exception {
    assertThat(source(JDK)).startsWith("Node 20 or newer is missing");
  }

  @Test
  void saysThatNodeIsTooOld() throws Exception {
    node("exit 1");

    assertThat(source(JDK)).startsWith("Node 20 or newer is missing");
  }

  @ParameterizedTest
  @ValueSource(strings = {"a blank", "a'quote", "an&"})
  void refusesAFolderThatTheBuildCannotTake(String name) throws Exception {
    node("exit 0");

    assertThat(bash(Files.createDirectories(folder.resolve(name)), JDK, "echo in"))
        .startsWith("The repository lies in a folder")
        .doesNotContain("in\n");
  }

  @Test
  void saysWhereTheEmbeddedPlatformRuns() throws Exception {
    node("exit 0");
    tool("uname", "echo Darwin arm64");
    assertThat(bash(folder, JDK, "need_linux; echo in"))
        .isEqualTo(
            "The embedded platform runs on Linux on x86-64 and ARM only, and this is Darwin arm64.\n");

    tool("uname", "echo Linux aarch64");
    assertThat(bash(folder, JDK, "need_linux; echo in")).isEqualTo("in\n");
  }

  @Test
  void buildsWhatHasChangedSinceTheLastBuildBegan() throws Exception {
    node("exit 0");
    Files.writeString(folder.resolve("source"), "");
    assertThat(build("echo once")).isEqualTo("once\n");
    assertThat(build("echo twice")).isEmpty();

    Thread.sleep(A_TICK_MILLIS);
    Files.writeString(folder.resolve("source"), "edited");
    assertThat(build("sleep 0.05; touch source; echo edited meanwhile"))
        .isEqualTo("edited meanwhile\n");
    assertThat(build("echo failed; false")).isEqualTo("failed\n");
    assertThat(build("echo repaired")).isEqualTo("repaired\n");
    assertThat(build("echo again")).isEmpty();
  }

  @Test
  void buildsWhatIsGone() throws Exception {
    node("exit 0");
    Files.writeString(folder.resolve("source"), "");
    assertThat(build("echo once")).isEqualTo("once\n");

    Files.delete(folder.resolve("product"));
    assertThat(build("echo anew")).isEqualTo("anew\n");
    assertThat(build("echo again")).isEmpty();
  }

  private String build(String command) throws IOException, InterruptedException {
    tool("build", "touch product; " + command);
    return bash(folder, JDK, "build_if_changed built product source -- build");
  }

  private void node(String command) throws IOException {
    tool("node", command);
  }

  private void tool(String name, String command) throws IOException {
    var tool = Files.createDirectories(folder.resolve("bin")).resolve(name);
    Files.writeString(tool, "#!/bin/sh\n" + command + "\n");
    assertThat(tool.toFile().setExecutable(true)).isTrue();
  }

  /// What the script prints, or the JDK it finds.
  private String source(Path javaHome) throws IOException, InterruptedException {
    return bash(folder, javaHome, "echo \"$JAVA_HOME\"");
  }

  /// What the script prints, and what comes after it, with nothing on the path but a few tools.
  private String bash(Path directory, Path javaHome, String then)
      throws IOException, InterruptedException {
    var bin = Files.createDirectories(folder.resolve("bin"));
    for (var tool : List.of("grep", "mkdir", "find", "touch", "mv", "sleep")) {
      if (Files.exists(bin.resolve(tool))) {
        continue;
      }
      var found =
          Stream.of("/bin", "/usr/bin")
              .map(at -> Path.of(at, tool))
              .filter(Files::exists)
              .findFirst();
      Files.createSymbolicLink(bin.resolve(tool), found.orElseThrow());
    }
    var command = "set -euo pipefail; source \"$1\"; " + then;
    var builder =
        new ProcessBuilder("/bin/bash", "-c", command, "bash", SCRIPT.toString())
            .directory(directory.toFile())
            .redirectErrorStream(true);
    builder.environment().clear();
    builder
        .environment()
        .putAll(
            Map.of(
                "PATH", bin.toString(),
                "HOME", folder.toString(),
                "JAVA_HOME", javaHome.toString()));
    var process = builder.start();
    var printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor();
    return printed;
  }
}

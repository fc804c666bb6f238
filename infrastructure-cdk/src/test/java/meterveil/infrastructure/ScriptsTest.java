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

/// `scripts/java.sh` finds what the build needs, or says what is missing.
class ScriptsTest {

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
  void saysThatNodeIsMissing() throws Exception {
    assertThat(source(JDK)).startsWith("Node 20 or newer is missing");
  }

  @Test
  void saysThatNodeIsTooOld() throws Exception {
    node("exit 1");

    assertThat(source(JDK)).startsWith("Node 20 or newer is missing");
  }

  private void node(String command) throws IOException {
    var node = Files.createDirectories(folder.resolve("bin")).resolve("node");
    Files.writeString(node, "#!/bin/sh\n" + command + "\n");
    assertThat(node.toFile().setExecutable(true)).isTrue();
  }

  /// What the script prints, or the JDK it finds, with nothing on the path but two tools and node.
  private String source(Path javaHome) throws IOException, InterruptedException {
    var bin = Files.createDirectories(folder.resolve("bin"));
    for (var tool : List.of("grep", "mkdir")) {
      var found =
          Stream.of("/bin", "/usr/bin")
              .map(at -> Path.of(at, tool))
              .filter(Files::exists)
              .findFirst();
      Files.createSymbolicLink(bin.resolve(tool), found.orElseThrow());
    }
    var command = "set -euo pipefail; source \"$1\"; echo \"$JAVA_HOME\"";
    var builder =
        new ProcessBuilder("/bin/bash", "-c", command, "bash", SCRIPT.toString())
            .directory(folder.toFile())
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

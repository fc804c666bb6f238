package meterveil.embedded.aws;

import static meterveil.embedded.aws.TestAssembly.MAY_LOG;
import static meterveil.embedded.aws.TestAssembly.function;
import static meterveil.embedded.aws.TestAssembly.role;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FunctionCodeTest {

  @TempDir private Path folder;
  private int runs;

  /// Starts the probe, asks it something, and ends it.
  private String ask(String word) throws Exception {
    try (var standIns =
        StandIns.start(
            folder.resolve("run-" + runs++),
            folder.resolve("kept"),
            role("ProbeRole", "lambda.amazonaws.com", MAY_LOG),
            function("Probe", "ProbeRole", ""))) {
      Functions functions = standIns.aws.functions();
      byte[] payload = ("\"" + word + "\"").getBytes(StandardCharsets.UTF_8);
      Outcome outcome = functions.invoke(functions.functionArn("Probe"), payload).join();
      return ((Outcome.Answered) outcome).payload();
    }
  }

  private List<Path> kept(String name) throws IOException {
    try (Stream<Path> all = Files.walk(folder.resolve("kept"))) {
      return all.filter(file -> file.endsWith(name)).toList();
    }
  }

  @Test
  void startsFromTheClassesThatTheRunBeforeHasLoaded() throws Exception {
    assertThat(ask("options")).contains("-XX:ArchiveClassesAtExit=");

    assertThat(kept("classes.jsa")).hasSize(1);
    assertThat(ask("options")).contains("-XX:SharedArchiveFile=" + kept("classes.jsa").getFirst());
    assertThat(ask("time")).as("by the moved clock").startsWith("\"2013-01-01T");
  }

  @Test
  void runsWithoutAnArchiveThatIsBroken() throws Exception {
    ask("hello");
    Files.writeString(kept("classes.jsa").getFirst(), "not an archive");

    assertThat(ask("hello")).isEqualTo("\"hello\"");
  }

  @Test
  void keepsOnlyTheLastZipOfAFunction() throws Exception {
    Path earlier = folder.resolve("kept/dev-Data-Probe/of-another-zip");
    Files.writeString(Files.createDirectories(earlier).resolve("ours.jar"), "old");
    ask("hello");

    assertThat(earlier).doesNotExist();
    assertThat(kept("ours.jar")).hasSize(1);
  }
}

package meterveil.embedded.aws;

import static meterveil.embedded.aws.TestAssembly.MAY_LOG;
import static meterveil.embedded.aws.TestAssembly.function;
import static meterveil.embedded.aws.TestAssembly.role;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
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

  @Test
  void keepsAnEarlierZipForWhoIsStillRunningIt() throws Exception {
    Path first = zip("first");
    Process other =
        new ProcessBuilder(
                DynamoDbLocal.JAVA.toString(),
                "-cp",
                System.getProperty("java.class.path"),
                OtherRun.class.getName(),
                first.toString(),
                folder.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try {
      assertThat(other.inputReader().readLine()).isEqualTo("unpacked");
      Path earlier = kept("ours.jar").getFirst();

      Path here = unpack(zip("second"), folder).folder();
      assertThat(earlier).as("another process runs it").exists();

      other.outputWriter().close();
      other.waitFor();
      unpack(zip("third"), folder);
      assertThat(earlier).as("nobody runs it").doesNotExist();
      assertThat(here).as("this process runs it").exists();
    } finally {
      other.destroyForcibly();
    }
  }

  @Test
  void keepsAnEarlierZipIfTheNewOneCannotBeUnpacked() throws Exception {
    Path earlier = folder.resolve("kept/Probe/of-another-zip");
    Files.writeString(Files.createDirectories(earlier).resolve("ours.jar"), "old");

    assertThatIOException().isThrownBy(() -> unpack(zip("../outside"), folder));

    assertThat(earlier).exists();
  }

  private Path zip(String entry) throws IOException {
    Path zip = Files.createTempFile(folder, "function", ".zip");
    try (var out = new ZipOutputStream(Files.newOutputStream(zip))) {
      out.putNextEntry(new ZipEntry(entry));
      out.closeEntry();
    }
    return zip;
  }

  private static FunctionCode unpack(Path zip, Path folder) throws IOException {
    return FunctionCode.of("Probe", zip, folder.resolve("kept"), folder);
  }

  /// Runs a zip until its input ends.
  static final class OtherRun {

    private OtherRun() {}

    public static void main(String[] arguments) throws IOException {
      unpack(Path.of(arguments[0]), Path.of(arguments[1]));
      System.out.println("unpacked");
      System.in.read();
    }
  }
}

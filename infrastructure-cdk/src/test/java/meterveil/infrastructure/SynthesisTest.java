package meterveil.infrastructure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import meterveil.infrastructure.StageSettings.Removal;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a synthesis writes, byte by byte.
class SynthesisTest {

  private static final int SYNTHESIS_SECONDS_MAX = 120;

  @TempDir Path folder;

  /// In another JVM, for the order of an unordered map or set changes with the JVM.
  @Test
  void writesTheSameBytesEveryTime() throws Exception {
    var assembly = folder.resolve("cdk.out");

    synthesizeElsewhere(assembly);

    Synthesis.dev();
    assertThat(digests(assembly)).isNotEmpty().isEqualTo(digests(Synthesis.ASSEMBLY));
  }

  @Test
  void saysNothingOfTheMachineItIsWrittenOn() throws IOException {
    Synthesis.dev();

    for (var file : files(Synthesis.ASSEMBLY)) {
      if (file.toString().endsWith(".json")) {
        assertThat(file)
            .content()
            .doesNotContain(
                Synthesis.MODULE.toString(),
                Synthesis.MODULE.resolveSibling("functions").toString());
      }
    }
  }

  @Test
  @DisplayName("T26 stacks are pinned to Oregon, in whatever account")
  void pinsTheRegion() throws IOException {
    var stage = Synthesis.ASSEMBLY.resolve("assembly-dev").resolve("manifest.json");
    Synthesis.dev();

    var artifacts = Templates.mapOf(CdkJson.read(stage).get("artifacts")).values();

    assertThat(artifacts)
        .map(Templates::mapOf)
        .filteredOn(artifact -> "aws:cloudformation:stack".equals(artifact.get("type")))
        .hasSize(3)
        .extracting(stack -> stack.get("environment"))
        .containsOnly("aws://unknown-account/us-west-2");
  }

  @Test
  void keepsThePromisesInAnAccountAndRegionOfItsOwn() throws IOException {
    var stage =
        new StageSettings(
            "eu",
            Optional.of("123456789012"),
            "eu-central-1",
            true,
            1_000_000,
            7,
            Optional.of("operator@example.com"),
            100,
            Removal.RETAIN,
            true,
            Optional.empty());

    App.of(Synthesis.MODULE, stage, folder).synth();

    App.judge(folder, stage);
  }

  @Test
  @DisplayName("T31 a synthesis fails if a table is not under a key of the customer's")
  void failsOnABrokenPromise() throws IOException {
    var stage = Files.createDirectory(folder.resolve("assembly-dev"));
    Synthesis.dev();
    for (var file : files(Synthesis.ASSEMBLY.resolve("assembly-dev"))) {
      var careless = Files.readString(file).replace("\"KMSMasterKeyId\"", "\"KeyId\"");
      Files.writeString(stage.resolve(file.getFileName()), careless);
    }

    assertThatThrownBy(() -> App.judge(folder, Synthesis.settings("dev")))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("T31 OpenBlocks")
        .hasMessageContaining("T31 DeviceStatus");
  }

  @Test
  void namesAZipThatHasNotBeenBuilt() throws IOException {
    var module = Files.createDirectory(folder.resolve("infrastructure-cdk"));
    var settings = Files.copy(Synthesis.MODULE.resolve("cdk.json"), module.resolve("cdk.json"));

    assertThatThrownBy(
            () -> App.of(module, CdkJson.stage(settings, "dev"), folder.resolve("cdk.out")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("functions/resend/target/function.zip");
  }

  private static void synthesizeElsewhere(Path assembly) throws IOException, InterruptedException {
    var log = assembly.resolveSibling("synthesis.log");
    var command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Djava.io.tmpdir=" + System.getProperty("java.io.tmpdir"),
            "-classpath",
            System.getProperty("java.class.path"),
            App.class.getName(),
            Synthesis.MODULE.toString(),
            assembly.toString(),
            "dev");
    var process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    try {
      assertThat(process.waitFor(SYNTHESIS_SECONDS_MAX, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).as(Files.readString(log)).isZero();
    } finally {
      process.destroyForcibly();
    }
  }

  private static Map<String, String> digests(Path assembly)
      throws IOException, NoSuchAlgorithmException {
    var digests = new TreeMap<String, String>();
    for (var file : files(assembly)) {
      var digest = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file));
      digests.put(assembly.relativize(file).toString(), HexFormat.of().formatHex(digest));
    }
    return digests;
  }

  private static List<Path> files(Path folder) throws IOException {
    try (var files = Files.walk(folder)) {
      return files.filter(Files::isRegularFile).sorted().toList();
    }
  }
}

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
import software.amazon.awscdk.AppProps;
import software.amazon.awscdk.CfnResource;
import software.amazon.awscdk.Stack;

/// What a synthesis writes, byte by byte.
class SynthesisTest {

  private static final int SYNTHESIS_SECONDS_MAX = 300;

  @TempDir Path folder;

  /// In another JVM, for the order of an unordered map or set changes with the JVM.
  @Test
  void writesTheSameBytesEveryTimeAndWhatCloudFormationTakes() throws Exception {
    var assembly = folder.resolve("cdk.out");

    var exitCode = synthesizeElsewhere(App.class, assembly, "dev");

    assertThat(exitCode).as(Files.readString(log(assembly))).isZero();
    Files.delete(assembly.resolve("validation-report.json"));
    Synthesis.dev();
    assertThat(digests(assembly)).isNotEmpty().isEqualTo(digests(Synthesis.ASSEMBLY));
  }

  @Test
  void failsOnWhatCloudFormationWouldRefuse() throws Exception {
    var assembly = folder.resolve("cdk.out");

    var exitCode = synthesizeElsewhere(Careless.class, assembly, "dev");

    assertThat(exitCode).isNotZero();
    assertThat(log(assembly)).content().contains("Validation failed", "DelaySeconds");
  }

  /// Under the same settings of CDK, a queue that waits for no number of seconds.
  static final class Careless {

    private Careless() {}

    public static void main(String[] arguments) throws IOException {
      var app =
          new software.amazon.awscdk.App(
              AppProps.builder()
                  .context(CdkJson.context(Path.of(arguments[0], "cdk.json")))
                  .outdir(arguments[1])
                  .build());
      CfnResource.Builder.create(new Stack(app, "Careless"), "Queue")
          .type("AWS::SQS::Queue")
          .properties(Map.of("DelaySeconds", "soon"))
          .build();
      app.synth();
    }
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
  void saysWhatIsWrongAndNoMore() throws Exception {
    var assembly = folder.resolve("cdk.out");

    var exitCode = synthesizeElsewhere(App.class, assembly, "prodd");

    assertThat(exitCode).isEqualTo(1);
    assertThat(log(assembly)).hasContent("stages.prodd is missing; there are: dev, staging, prod");
    assertThat(assembly).doesNotExist();
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

  /// Runs an app as `scripts/synth` does, with CDK's own validation, which takes longer than the
  /// synthesis and is left out elsewhere in the tests.
  ///
  /// @return the exit code
  private static int synthesizeElsewhere(Class<?> app, Path assembly, String stage)
      throws IOException, InterruptedException {
    var command =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Djava.io.tmpdir=" + System.getProperty("java.io.tmpdir"),
                "-classpath",
                System.getProperty("java.class.path"),
                app.getName(),
                Synthesis.MODULE.toString(),
                assembly.toString(),
                stage)
            .redirectErrorStream(true)
            .redirectOutput(log(assembly).toFile());
    command.environment().put("CDK_VALIDATION", "true");
    var process = command.start();
    try {
      assertThat(process.waitFor(SYNTHESIS_SECONDS_MAX, TimeUnit.SECONDS)).isTrue();
      return process.exitValue();
    } finally {
      process.destroyForcibly();
    }
  }

  private static Path log(Path assembly) {
    return assembly.resolveSibling("synthesis.log");
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

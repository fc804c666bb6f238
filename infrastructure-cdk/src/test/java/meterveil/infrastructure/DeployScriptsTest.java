package meterveil.infrastructure;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// `scripts/bootstrap`, `scripts/deploy`, `scripts/destroy` and `scripts/cdk`, as far as they go
/// without an account: what builds, installs, asks and deploys is stood in for by scripts that
/// write down how they were called.
class DeployScriptsTest {

  private static final Path SCRIPTS = Synthesis.MODULE.resolveSibling("scripts");
  private static final String LOCK = "package-lock.json";

  /// Beside itself, a stand-in puts its name and what it was given into `calls`.
  private static final String STAND_IN =
      """
      #!/bin/bash
      echo "${0##*/} $*" >>"$CALLS"
      echo "${CDK_DISABLE_CLI_TELEMETRY:-}" >"$CALLS.telemetry-${0##*/}"
      [ ! -f "$CALLS.fails-${0##*/}" ]
      """;

  @TempDir Path folder;

  @BeforeEach
  void copyTheScripts() throws IOException {
    Files.createDirectories(folder.resolve("scripts"));
    for (var name :
        List.of("java.sh", "cdk.sh", "cdk", "synth", "bootstrap", "deploy", "destroy")) {
      Files.copy(SCRIPTS.resolve(name), folder.resolve("scripts").resolve(name));
    }
    var module = Files.createDirectories(folder.resolve("infrastructure-cdk"));
    Files.createDirectories(module.resolve("target").resolve("cdk.out-dev"));
    Files.createDirectories(module.resolve("target").resolve("cdk.out-prod"));
    Files.copy(Synthesis.MODULE.resolve(LOCK), module.resolve(LOCK));
    Files.createFile(module.resolve("target").resolve("classpath"));
    standIn(folder.resolve("mvnw"));
    var jdk = Files.createDirectories(folder.resolve("jdk").resolve("bin"));
    for (var tool : List.of("java", "javac")) {
      standIn(jdk.resolve(tool));
    }
    Files.writeString(jdk.resolveSibling("release"), "JAVA_VERSION=\"25\"\n");
    standIn(folder.resolve("scripts").resolve("quotas"));
    for (var tool : List.of("npm", "npx")) {
      standIn(Files.createDirectories(folder.resolve("bin")).resolve(tool));
    }
  }

  @Test
  void deploysWhatItHasJustWritten() throws Exception {
    var target = folder.resolve("infrastructure-cdk/target");
    assertThat(run("", "deploy", "prod", "--require-approval", "never").exitCode).isZero();

    assertThat(calls().stream().map(call -> call.replaceFirst("^java .* -cp ", "java -cp ")))
        .containsExactly(
            "mvnw -q -B package -pl infrastructure-cdk -am -Dmaven.test.skip=true"
                + " -Dexec.skip -Dcdk.assembly=cdk.out-prod",
            "java -cp %s:".formatted(target.resolve("classes"))
                + " meterveil.infrastructure.App infrastructure-cdk %s prod"
                    .formatted(target.resolve("cdk.out-prod")),
            "quotas prod",
            "npm ci --prefix infrastructure-cdk --no-audit --no-fund",
            "npx --prefix infrastructure-cdk --no-install cdk"
                + " --no-notices --app infrastructure-cdk/target/cdk.out-prod"
                + " deploy prod/* --require-approval never");
  }

  @Test
  @DisplayName("U12 CDK's command line does not call home")
  void tellsNobodyThatItDeploys() throws Exception {
    run("", "deploy", "dev");

    assertThat(folder.resolve("calls.telemetry-npx")).hasContent("true");
  }

  @ParameterizedTest
  @ValueSource(strings = {"mvnw", "java"})
  void deploysNothingThatCouldNotBeWritten(String tool) throws Exception {
    Files.createFile(folder.resolve("calls.fails-" + tool));

    var run = run("", "deploy", "dev");

    assertThat(run.exitCode).isNotZero();
    assertThat(run.printed).as("more than the tool says itself").isEmpty();
    assertThat(calls().getLast()).startsWith(tool);
  }

  @Test
  void deploysNoProdBelowItsQuotas() throws Exception {
    Files.createFile(folder.resolve("calls.fails-quotas"));

    assertThat(run("", "deploy", "prod").exitCode).isNotZero();

    assertThat(calls()).noneMatch(call -> call.startsWith("npx"));
  }

  @Test
  void deploysAnotherStageBelowItsQuotas() throws Exception {
    Files.createFile(folder.resolve("calls.fails-quotas"));

    assertThat(run("", "deploy", "dev").exitCode).isZero();

    assertThat(calls().getLast()).endsWith("deploy dev/*");
  }

  @Test
  void preparesAnAccountUnderAKeyOfItsOwn() throws Exception {
    assertThat(run("", "bootstrap", "prod").exitCode).isZero();

    assertThat(calls().getLast())
        .endsWith(
            "--app infrastructure-cdk/target/cdk.out-prod bootstrap --bootstrap-customer-key");
  }

  @Test
  void installsTheCommandLineOnce() throws Exception {
    run("", "deploy", "dev");
    run("", "deploy", "dev");

    assertThat(calls()).filteredOn(call -> call.startsWith("npm")).hasSize(1);
  }

  @Test
  void installsTheCommandLineAgainWhenAnotherIsPinned() throws Exception {
    run("", "deploy", "dev");
    Files.writeString(folder.resolve("infrastructure-cdk").resolve(LOCK), "{}");
    run("", "deploy", "dev");

    assertThat(calls()).filteredOn(call -> call.startsWith("npm")).hasSize(2);
  }

  @Test
  void triesAgainToInstallWhatCouldNotBeInstalled() throws Exception {
    Files.createFile(folder.resolve("calls.fails-npm"));

    assertThat(run("", "deploy", "dev").exitCode).isNotZero();
    assertThat(run("", "deploy", "dev").exitCode).isNotZero();

    assertThat(calls()).filteredOn(call -> call.startsWith("npm")).hasSize(2);
    assertThat(calls()).noneMatch(call -> call.startsWith("npx"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"bootstrap", "deploy", "destroy"})
  void asksForTheStage(String script) throws Exception {
    var run = run("", script);

    assertThat(run.exitCode).isEqualTo(2);
    assertThat(run.printed).startsWith("Which stage? scripts/" + script + " STAGE");
    assertThat(calls()).isEmpty();
  }

  /// The build deletes the folder that is named after the stage, wherever that is.
  @ParameterizedTest
  @ValueSource(
      strings = {
        "../../..",
        "dev/../../..",
        "..",
        "Dev",
        "1st",
        "-v",
        "a b",
        "dev\n",
        "abcdefghijklmnopq"
      })
  void buildsNothingForWhatIsNoStage(String stage) throws Exception {
    for (var script : List.of("synth", "bootstrap", "deploy", "destroy")) {
      var run = run("", script, stage);

      assertThat(run.exitCode).isEqualTo(2);
      assertThat(run.printed)
          .isEqualTo(stage + " is no stage: a name of up to 16 small letters and digits is.\n");
    }
    assertThat(run("", "cdk", stage, "diff").exitCode).isEqualTo(2);
    assertThat(calls()).isEmpty();
  }

  @Test
  void buildsForTheLongestNameOfAStage() throws Exception {
    assertThat(run("", "cdk", "abcdefghijklmnop", "diff").exitCode).isNotEqualTo(2);

    assertThat(calls().getFirst()).contains("-Dcdk.assembly=cdk.out-abcdefghijklmnop");
  }

  @Test
  void asksForTheCommandToo() throws Exception {
    assertThat(run("", "cdk", "dev").exitCode).isEqualTo(2);
    assertThat(calls()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\n", "yes\n", "production\n", "PROD\n"})
  void destroysProdOnlyWhenItsNameIsTyped(String typed) throws Exception {
    var run = run(typed, "destroy", "prod", "--force");

    assertThat(run.exitCode).isEqualTo(1);
    assertThat(run.printed).endsWith("Nothing was deleted.\n");
    assertThat(calls()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"dev", "prod"})
  void destroysAStage(String stage) throws Exception {
    assertThat(run("prod\n", "destroy", stage, "--force").exitCode).isZero();

    assertThat(calls().getLast())
        .isEqualTo(
            "npx --prefix infrastructure-cdk --no-install cdk"
                + " --no-notices --app infrastructure-cdk/target/cdk.out-%s destroy %s/* --force",
            stage, stage);
  }

  @Test
  void givesTheCommandLineWhatItWasGiven() throws Exception {
    assertThat(run("", "cdk", "dev", "rollback", "dev/Data", "--orphan", "Meters1").exitCode)
        .isZero();

    assertThat(calls().getLast())
        .isEqualTo(
            "npx --prefix infrastructure-cdk --no-install cdk --no-notices"
                + " --app infrastructure-cdk/target/cdk.out-dev"
                + " rollback dev/Data --orphan Meters1");
    assertThat(folder.resolve("calls.telemetry-npx")).hasContent("true");
  }

  @ParameterizedTest
  @ValueSource(strings = {"bootstrap", "deploy", "destroy"})
  void leavesWhatHasAScriptOfItsOwnToThat(String command) throws Exception {
    var run = run("prod\n", "cdk", "prod", command, "prod/*", "--force");

    assertThat(run.exitCode).isEqualTo(2);
    assertThat(run.printed).startsWith("scripts/" + command + " prod does that");
    assertThat(calls()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"package.json", LOCK})
  void pinsTheCommandLineExactly(String file) throws IOException {
    assertThat(Synthesis.MODULE.resolve(file)).content().contains("\"aws-cdk\": \"2.1148.1\"");
  }

  @ParameterizedTest
  @ValueSource(strings = {"bootstrap", "cdk", "deploy", "destroy", "synth", "quotas"})
  void isShort(String script) throws IOException {
    assertThat(Files.readAllLines(SCRIPTS.resolve(script))).hasSizeLessThan(30);
  }

  private record Run(int exitCode, String printed) {}

  private Run run(String typed, String... command) throws IOException, InterruptedException {
    var script = folder.resolve("scripts").resolve(command[0]).toString();
    var arguments = List.of(command).subList(1, command.length);
    var builder = new ProcessBuilder("/bin/bash", script).redirectErrorStream(true);
    builder.command().addAll(arguments);
    var environment = builder.environment();
    environment.put("PATH", folder.resolve("bin") + ":" + environment.get("PATH"));
    environment.put("JAVA_HOME", folder.resolve("jdk").toString());
    environment.put("CALLS", folder.resolve("calls").toString());
    builder.redirectInput(Files.writeString(folder.resolve("typed"), typed).toFile());
    var process = builder.start();
    var printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Run(process.waitFor(), printed);
  }

  private List<String> calls() throws IOException {
    var calls = folder.resolve("calls");
    return Files.exists(calls) ? Files.readAllLines(calls) : List.of();
  }

  private static void standIn(Path file) throws IOException {
    Files.writeString(file, STAND_IN);
    assertThat(file.toFile().setExecutable(true)).isTrue();
  }
}

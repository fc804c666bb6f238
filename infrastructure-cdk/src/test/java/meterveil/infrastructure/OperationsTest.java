package meterveil.infrastructure;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;
import meterveil.infrastructure.Templates.Resource;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;

/// What `docs/operations.md` says of going back and starting again, on templates: `dev` once more,
/// with another version of collect.
@TestInstance(Lifecycle.PER_CLASS)
class OperationsTest {

  /// What an account has once, so that nobody can make it who does not find it unmade.
  private static final Set<String> ONE_IN_AN_ACCOUNT =
      Set.of("AWS::IoT::EncryptionConfiguration", "AWS::IoT::Logging");

  private Templates before;
  private Templates after;

  @BeforeAll
  void changeCollect(@TempDir Path folder) throws IOException {
    before = Synthesis.dev();
    var module = Files.createDirectory(folder.resolve("infrastructure-cdk"));
    Files.copy(Synthesis.MODULE.resolve("cdk.json"), module.resolve("cdk.json"));
    for (var name :
        List.of(
            "collect",
            "resend",
            "release",
            "status",
            "admit",
            "register",
            "presence",
            "survey",
            "plan")) {
      var zip = Path.of(name, "target", "function.zip");
      var built = Synthesis.MODULE.resolveSibling("functions").resolve(zip);
      var copy = folder.resolve("functions").resolve(zip);
      Files.createDirectories(copy.getParent());
      if (name.equals("collect")) {
        changed(built, copy);
      } else {
        Files.copy(built, copy);
      }
    }
    var assembly = folder.resolve("cdk.out");
    App.of(module, Synthesis.settings("dev"), assembly).synth();
    after = Templates.of(assembly, "dev");
  }

  @Test
  void movesTheAliasToANewVersionAndLeavesTheOldOneWhereItIs() {
    var old = versionOf(before, "CollectLive");
    var now = versionOf(after, "CollectLive");

    assertThat(now.id()).isNotEqualTo(old.id());
    assertThat(after.resources()).doesNotContainKey(old.id());
    // Not plain Retain, by which a version would stay of an update that is taken back.
    assertThat(old.definition()).containsEntry("DeletionPolicy", "RetainExceptOnCreate");
    assertThat(now.definition()).containsEntry("DeletionPolicy", "RetainExceptOnCreate");
    assertThat(Changes.resource(after, "CollectLive").id())
        .isEqualTo(Changes.resource(before, "CollectLive").id());
  }

  @Test
  void touchesNothingElse() {
    var touched =
        Stream.of(before, after)
            .flatMap(stage -> stage.resources().values().stream())
            .filter(resource ->
                !resource.equals(before.resources().get(resource.id()))
                    || !resource.equals(after.resources().get(resource.id())))
            .toList();

    assertThat(touched).map(Resource::id).allMatch(id -> id.startsWith("Collect"));
    assertThat(touched)
        .map(Resource::type)
        .containsOnly("AWS::Lambda::Alias", "AWS::Lambda::Function", "AWS::Lambda::Version");
  }

  /// A function that was replaced would have another name, and its alias another ARN.
  @Test
  void keepsTheFunctionThatChanges() {
    assertThat(Changes.resource(after, "CollectFunction").id())
        .isEqualTo(Changes.resource(before, "CollectFunction").id());
    assertThat(Changes.resource(after, "CollectFunction").textAt("Code", "S3Key"))
        .isNotEqualTo(Changes.resource(before, "CollectFunction").textAt("Code", "S3Key"));
  }

  @Test
  void leavesNothingBehindThatStandsInTheWayOfAnotherDeploymentButTheRegistrysEncryption() {
    for (var stage : List.of(Synthesis.dev(), Synthesis.prod())) {
      assertThat(standingInTheWay(stage))
          .map(Resource::construct)
          .containsExactly("RegistryEncryption");
    }
  }

  /// So a first deployment that fails, and is taken back, has mostly not come to it.
  @Test
  void makesTheRegistrysEncryptionLast() throws IOException {
    var folder = Synthesis.ASSEMBLY.resolve("assembly-dev");
    try (var data = Files.newDirectoryStream(folder, "devData*.template.json")) {
      var ofItsStack = Templates.mapOf(CdkJson.read(data.iterator().next()).get("Resources"));

      assertThat(Changes.resource(before, "RegistryEncryption").dependsOn())
          .containsAll(
              ofItsStack.keySet().stream().filter(id -> !id.startsWith("Registry")).toList());
    }
  }

  @Test
  void findsWhatStandsInTheWay() {
    var named = Changes.set(before, "DayKeys", "day-keys", "Properties", "TableName");
    var kept = Changes.set(named, "DayKeys", "Retain", "DeletionPolicy");
    var logging = Changes.set(before, "BrokerLogging", "Retain", "DeletionPolicy");

    assertThat(standingInTheWay(named)).isEqualTo(standingInTheWay(before));
    assertThat(standingInTheWay(kept)).map(Resource::construct).contains("DayKeys");
    assertThat(standingInTheWay(logging)).map(Resource::construct).contains("BrokerLogging");
  }

  @Test
  void findsEachNameThatStandsInTheWay() {
    for (var id :
        List.of("MeterGroup", "MeterType", "AdmitClaimTemplate", "CollectRule", "Meter")) {
      var kept = Changes.set(before, id, "Retain", "DeletionPolicy");

      assertThat(standingInTheWay(kept)).map(Resource::construct).contains(id);
    }
  }

  @Test
  void keepsTheAddressThatIsInEveryMeter() {
    assertThat(Changes.resource(before, "MeterEndpoint").definition())
        .containsEntry("DeletionPolicy", "Retain")
        .containsEntry("UpdateReplacePolicy", "Retain");
  }

  @Test
  void deletesLogGroupsAndTheAlarmsKeyInEveryStage() {
    for (var stage : List.of(Synthesis.dev(), Synthesis.prod())) {
      var groups = stage.ofType("AWS::Logs::LogGroup");

      assertThat(groups).hasSizeGreaterThan(stage.ofType("AWS::Lambda::Function").size());
      assertThat(groups).allSatisfy(OperationsTest::goes);
      goes(Changes.resource(stage, "OperatorKey"));
    }
  }

  private static void goes(Resource resource) {
    assertThat(resource.definition())
        .containsEntry("DeletionPolicy", "Delete")
        .containsEntry("UpdateReplacePolicy", "Delete");
  }

  /// What stays when its stack goes, and has a name or a place that it would keep from the next
  /// one. A version goes with its function; a role's own policy has its name to itself.
  private static List<Resource> standingInTheWay(Templates stage) {
    return stage.resources().values().stream()
        .filter(resource ->
            Templates.text(resource.definition().get("DeletionPolicy")).startsWith("Retain"))
        .filter(resource ->
            !Set.of("AWS::Lambda::Version", "AWS::IAM::Policy").contains(resource.type()))
        .filter(resource ->
            ONE_IN_AN_ACCOUNT.contains(resource.type())
                || Templates.mapOf(resource.definition().get("Properties")).keySet().stream()
                    .anyMatch(property -> property.endsWith("Name")))
        .toList();
  }

  private static Resource versionOf(Templates stage, String alias) {
    var version = Changes.resource(stage, alias).textAt("FunctionVersion");
    return stage.named(version.replace(".Version}", "}")).orElseThrow();
  }

  private static void changed(Path built, Path copy) throws IOException {
    try (var from = new ZipInputStream(Files.newInputStream(built));
        var to = new ZipOutputStream(Files.newOutputStream(copy))) {
      for (var entry = from.getNextEntry(); entry != null; entry = from.getNextEntry()) {
        to.putNextEntry(new ZipEntry(entry.getName()));
        from.transferTo(to);
      }
      to.putNextEntry(new ZipEntry("changed"));
    }
  }
}

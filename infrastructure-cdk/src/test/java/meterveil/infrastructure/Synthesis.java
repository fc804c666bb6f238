package meterveil.infrastructure;

import io.github.cdklabs.cdknag.AwsSolutionsChecks;
import io.github.cdklabs.cdknag.NagPackProps;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Map;
import java.util.stream.Stream;
import software.amazon.awscdk.Aspects;
import software.amazon.awscdk.Stack;

/// The syntheses all tests look at: the stages `dev` and `prod` of `cdk.json`, with cdk-nag
/// watching.
///
/// jsii takes seconds to start and is not made for several threads.
final class Synthesis {

  /// The folder of this module, where Maven runs its tests.
  static final Path MODULE = Path.of("").toAbsolutePath();

  /// Where the stage `dev` is written to.
  static final Path ASSEMBLY = MODULE.resolve("target", "test", "cdk.out");

  /// No more than the form of one.
  private static final String AUTHORITY_PEM =
      "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

  private static final Synthesis DEV = new Synthesis(settings("dev"), ASSEMBLY);

  private final software.amazon.awscdk.App app;
  private final Templates templates;

  private Synthesis(StageSettings settings, Path assembly) {
    try {
      deleteWhatIsOld(assembly);
      app = App.of(MODULE, settings, assembly);
      watch(app);
      app.synth();
      templates = Templates.of(assembly, settings.name());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Made when the first test asks for it.
  private static final class Prod {
    private static final Synthesis STAGE =
        new Synthesis(settings("prod"), ASSEMBLY.resolveSibling("cdk.out-prod"));
  }

  /// The templates of the stage `dev`.
  static Templates dev() {
    return DEV.templates;
  }

  /// The templates of the stage `prod`.
  static Templates prod() {
    return Prod.STAGE.templates;
  }

  /// The stacks of `dev` and `prod`.
  static Stream<Stack> stacks() {
    return Stream.of(DEV, Prod.STAGE)
        .flatMap(stage -> stage.app.getNode().findAll().stream())
        .filter(Stack.class::isInstance)
        .map(Stack.class::cast);
  }

  /// A stage of `cdk.json`, with an account and an address, which the project leaves to operators;
  /// `dev` goes without.
  static StageSettings settings(String stage) {
    try {
      var node = CdkJson.read(MODULE.resolve("cdk.json"));
      var stages = Templates.mapOf(node.get("stages"));
      var settings = Templates.mapOf(stages.get(stage));
      if (!stage.equals("dev")) {
        settings.put("account", "123456789012");
        settings.put("alarmAddress", "operator@example.com");
        settings.put("authorityPem", AUTHORITY_PEM);
      }
      var filledIn = Files.createDirectories(ASSEMBLY.getParent()).resolve(stage + ".json");
      Files.writeString(filledIn, CdkJson.text(Map.of("stages", Map.of(stage, settings))));
      return CdkJson.stage(filledIn, stage);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Lets cdk-nag look at everything in an app.
  static void watch(software.amazon.awscdk.App app) {
    Aspects.of(app).add(new AwsSolutionsChecks(NagPackProps.builder().reports(false).build()));
  }

  /// CDK leaves an older synthesis's zips where they are.
  private static void deleteWhatIsOld(Path assembly) throws IOException {
    if (Files.exists(assembly)) {
      try (var files = Files.walk(assembly)) {
        for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }
}

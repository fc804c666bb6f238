package meterveil.infrastructure;

import io.github.cdklabs.cdknag.AwsSolutionsChecks;
import io.github.cdklabs.cdknag.NagPackProps;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;
import software.amazon.awscdk.Aspects;
import software.amazon.awscdk.Stack;

/// The one synthesis all tests look at: the stages of `cdk.json`, with cdk-nag watching.
///
/// jsii takes seconds to start and is not made for several threads.
final class Synthesis {

  /// The folder of this module, where Maven runs its tests.
  static final Path MODULE = Path.of("").toAbsolutePath();

  static final Path ASSEMBLY = MODULE.resolve("target", "test", "cdk.out");

  private static final software.amazon.awscdk.App APP = synthesize();
  private static final Templates DEV = read();

  private Synthesis() {}

  /// The templates of the stage `dev`.
  static Templates dev() {
    return DEV;
  }

  static Stream<Stack> stacks() {
    return APP.getNode().findAll().stream().filter(Stack.class::isInstance).map(Stack.class::cast);
  }

  /// Lets cdk-nag look at everything in an app.
  static void watch(software.amazon.awscdk.App app) {
    Aspects.of(app).add(new AwsSolutionsChecks(NagPackProps.builder().reports(false).build()));
  }

  private static software.amazon.awscdk.App synthesize() {
    try {
      deleteWhatIsOld();
      var app = App.of(MODULE, CdkJson.stages(MODULE.resolve("cdk.json")), ASSEMBLY);
      watch(app);
      app.synth();
      return app;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// CDK leaves an older synthesis's zips where they are.
  private static void deleteWhatIsOld() throws IOException {
    if (Files.exists(ASSEMBLY)) {
      try (var files = Files.walk(ASSEMBLY)) {
        for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  private static Templates read() {
    try {
      return Templates.of(ASSEMBLY, "dev");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

package meterveil.infrastructure;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import software.amazon.awscdk.AppProps;

/// Writes the CloudFormation templates of every stage in `cdk.json`.
public final class App {

  private App() {}

  /// @param arguments the folder of this module, and the folder to write the cloud assembly to
  /// @throws IllegalArgumentException naming a setting that is wrong, or a function's zip that has
  ///   not been built
  /// @throws IllegalStateException listing each promise that a template breaks
  public static void main(String[] arguments) throws IOException {
    if (arguments.length != 2) {
      throw new IllegalArgumentException("usage: App MODULE_FOLDER ASSEMBLY_FOLDER");
    }
    var module = Path.of(arguments[0]).toAbsolutePath().normalize();
    var assembly = Path.of(arguments[1]).toAbsolutePath().normalize();
    var stages = CdkJson.stages(module.resolve("cdk.json"));

    of(module, stages, assembly).synth();
    judge(assembly, stages);
  }

  /// Reads what has been written and looks for broken promises.
  ///
  /// @throws IllegalStateException listing each promise that a template breaks
  static void judge(Path assembly, List<StageSettings> stages) throws IOException {
    for (var stage : stages) {
      var broken = Promises.brokenBy(Templates.of(assembly, stage.name()), stage.region());
      if (!broken.isEmpty()) {
        throw new IllegalStateException(String.join(System.lineSeparator(), broken));
      }
    }
  }

  /// The stages, not yet written: taken from `cdk.json`, the functions' zips and nothing else.
  ///
  /// @param module where `cdk.json` lies; the functions' modules are found from there
  static software.amazon.awscdk.App of(Path module, List<StageSettings> stages, Path assembly)
      throws IOException {
    onePerAccountAndRegion(stages);
    var app =
        new software.amazon.awscdk.App(
            AppProps.builder()
                .context(CdkJson.context(module.resolve("cdk.json")))
                .outdir(assembly.toString())
                .analyticsReporting(false)
                .build());
    for (var stage : stages) {
      new PlatformStage(app, stage, module.resolveSibling("functions"));
    }
    return app;
  }

  /// Rule names and IoT Core's encryption belong to an account and region as a whole.
  private static void onePerAccountAndRegion(List<StageSettings> stages) {
    var taken = new HashSet<String>();
    for (var stage : stages) {
      if (!taken.add(stage.account().orElse("any account") + " " + stage.region())) {
        throw new IllegalArgumentException(
            "stages.%s shares its account and region with another stage".formatted(stage.name()));
      }
    }
  }
}

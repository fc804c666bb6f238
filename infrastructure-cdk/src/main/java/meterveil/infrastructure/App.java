package meterveil.infrastructure;

import java.io.IOException;
import java.nio.file.Path;
import software.amazon.awscdk.AppProps;

/// Writes the CloudFormation templates of a stage in `cdk.json`.
public final class App {

  private static final int REFUSED = 1;

  private App() {}

  /// Ends the process with 1 and a word on what is wrong with the settings, or with what it wrote.
  ///
  /// @param arguments the folder of this module, the folder to write the cloud assembly to, and the
  ///   name of the stage
  public static void main(String[] arguments) {
    try {
      write(arguments);
    } catch (IllegalArgumentException | IllegalStateException | IOException e) {
      System.err.println(e.getMessage());
      System.exit(REFUSED);
    }
  }

  /// @throws IllegalArgumentException naming a setting that is wrong or missing, or a function's
  ///   zip that has not been built
  /// @throws IllegalStateException listing each promise that a template breaks
  private static void write(String[] arguments) throws IOException {
    if (arguments.length != 3) {
      throw new IllegalArgumentException("usage: App MODULE_FOLDER ASSEMBLY_FOLDER STAGE");
    }
    var module = Path.of(arguments[0]).toAbsolutePath().normalize();
    var assembly = Path.of(arguments[1]).toAbsolutePath().normalize();
    var stage = CdkJson.stage(module.resolve("cdk.json"), arguments[2]);

    of(module, stage, assembly).synth();
    judge(assembly, stage);
  }

  /// Reads what has been written and looks for broken promises.
  ///
  /// @throws IllegalStateException listing each promise that a template breaks
  static void judge(Path assembly, StageSettings stage) throws IOException {
    var broken = Promises.brokenBy(Templates.of(assembly, stage.name()), stage);
    if (!broken.isEmpty()) {
      throw new IllegalStateException(String.join(System.lineSeparator(), broken));
    }
  }

  /// The stage, not yet written: taken from its settings, the functions' zips and nothing else.
  ///
  /// @param module where `cdk.json` lies; the functions' modules are found from there
  static software.amazon.awscdk.App of(Path module, StageSettings stage, Path assembly)
      throws IOException {
    var app =
        new software.amazon.awscdk.App(
            AppProps.builder()
                .context(CdkJson.context(module.resolve("cdk.json")))
                .outdir(assembly.toString())
                .analyticsReporting(false)
                .build());
    new PlatformStage(app, stage, module.resolveSibling("functions"));
    return app;
  }
}

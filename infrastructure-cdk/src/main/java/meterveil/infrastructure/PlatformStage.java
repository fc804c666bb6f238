package meterveil.infrastructure;

import java.nio.file.Path;
import software.amazon.awscdk.Environment;
import software.amazon.awscdk.Stage;
import software.amazon.awscdk.StageProps;
import software.constructs.Construct;

/// One environment of the platform: what it keeps, what moves through it, and who looks after it.
final class PlatformStage extends Stage {

  /// @param functions the folder of the functions' modules
  PlatformStage(Construct scope, StageSettings settings, Path functions) {
    super(
        scope,
        settings.name(),
        StageProps.builder()
            .env(
                Environment.builder()
                    .account(settings.account().orElse(null))
                    .region(settings.region())
                    .build())
            .build());
    var data = new Data(this, settings);
    var ingest = new Ingest(this, settings, data, functions);
    new Ops(this, settings, data, ingest);
  }
}

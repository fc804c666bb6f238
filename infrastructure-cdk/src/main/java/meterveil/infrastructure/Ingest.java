package meterveil.infrastructure;

import java.nio.file.Path;
import software.amazon.awscdk.Stack;
import software.constructs.Construct;

/// What moves: from a meter's certificate to released usage, in the order of a reading's way.
final class Ingest extends Stack {

  /// @param functions the folder of the functions' modules
  Ingest(Construct scope, StageSettings settings, Data data, Path functions) {
    super(scope, "Ingest");
    var surroundings =
        new PlatformFunction.Surroundings(
            functions, data.logsKey, data.functionsKey, settings.load());

    new MeterIdentity(this);
    var resend = new Resend(this, surroundings);
    new Collection(this, data, surroundings, resend.function);
    new Release(this, data, surroundings);

    new Status(this, data, surroundings);
    new Planning(this, data);
  }
}

package meterveil.infrastructure;

import java.nio.file.Path;
import software.amazon.awscdk.Stack;
import software.constructs.Construct;

/// What moves: from a meter's certificate to released usage, in the order of a reading's way; then
/// how meters come in and are looked after.
final class Ingest extends Stack {

  final PlatformFunction collect;
  final PlatformFunction resend;
  final Release release;
  final PlatformFunction status;
  final PlatformFunction admit;
  final PlatformFunction register;
  final PlatformFunction presence;
  final PlatformFunction survey;
  final PlatformFunction plan;

  /// @param functions the folder of the functions' modules
  Ingest(Construct scope, StageSettings settings, Data data, Path functions) {
    super(scope, "Ingest");
    var surroundings =
        new PlatformFunction.Surroundings(
            functions, data.logsKey, data.functionsKey, settings.load());

    new MeterIdentity(this);
    resend = new Resend(this, surroundings).function;
    collect = new Collection(this, data, surroundings, resend).function;
    release = new Release(this, data, surroundings);

    status = new Status(this, data, surroundings).function;

    admit = new Admit(this, data, surroundings).function;
    register = new Register(this, settings, data, surroundings).function;
    presence = new Presence(this, data, surroundings).function;
    survey = new Survey(this, data, surroundings, release.schedules).function;
    plan = new EpochPlan(this, data, surroundings, release.schedules).function;
    new Registrar(this, data);
  }
}

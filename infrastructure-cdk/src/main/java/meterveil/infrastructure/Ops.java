package meterveil.infrastructure;

import software.amazon.awscdk.Stack;
import software.constructs.Construct;

/// What looks after the platform and takes no part in a reading's way.
final class Ops extends Stack {

  Ops(Construct scope, Data data) {
    super(scope, "Ops");
    new DefaultEndpoint(this, data);
    new AuditTrail(this, data);
  }
}

package meterveil.infrastructure;

import java.util.List;
import software.amazon.awscdk.services.iam.PolicyStatement;
import software.constructs.Construct;

/// What roles may do in IoT Core's registry, where one role serves every meter.
final class RegistryRights {

  static final String ANY_THING = "thing/*";
  static final String ANY_CERTIFICATE = "cert/*";
  static final String ANY_CLIENT = "client/*";

  private RegistryRights() {}

  /// @param resource as [#ANY_THING]
  /// @param actions of IoT Core, as `UpdateThing`
  static PolicyStatement allow(Construct scope, String resource, String... actions) {
    var slash = resource.indexOf('/');
    return PolicyStatement.Builder.create()
        .actions(iot(actions))
        .resources(
            List.of(Topics.arn(scope, resource.substring(0, slash), resource.substring(slash + 1))))
        .build();
  }

  /// For actions that IoT Core allows on every resource or on none.
  static PolicyStatement allowOnAll(String... actions) {
    return PolicyStatement.Builder.create().actions(iot(actions)).resources(List.of("*")).build();
  }

  private static List<String> iot(String... actions) {
    return List.of(actions).stream().map("iot:"::concat).toList();
  }
}

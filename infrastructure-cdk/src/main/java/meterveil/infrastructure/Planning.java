package meterveil.infrastructure;

import java.util.List;
import java.util.stream.Stream;
import software.amazon.awscdk.services.iam.AccountRootPrincipal;
import software.amazon.awscdk.services.iam.Policy;
import software.amazon.awscdk.services.iam.PolicyStatement;
import software.amazon.awscdk.services.iam.Role;
import software.constructs.Construct;

/// What the operator's planning job may do: make cohorts, and tell each meter its own.
///
/// Whoever the account lets take on the role may: it is a person's or a pipeline's, not a
/// function's.
final class Planning extends Construct {

  Planning(Construct scope, Data data) {
    super(scope, "Planner");
    var role = Role.Builder.create(this, "Role").assumedBy(new AccountRootPrincipal()).build();
    var settings = Topics.settings("*", "*");
    var policy =
        Policy.Builder.create(this, "Policy")
            .roles(List.of(role))
            .statements(
                Stream.of(
                        data.tenants.allow("GetItem", "PutItem", "Scan"),
                        data.cohorts.allow("PutItem", "Query"),
                        List.of(
                            Topics.mayPublish(this, settings, "iot:Publish", "iot:RetainPublish"),
                            updateThings(),
                            EncryptionKeys.openRegistry(data.registryKey)))
                    .flatMap(List::stream)
                    .toList())
            .build();
    Nag.acceptWildcard(policy, "topic/" + settings, "Every meter is told its settings.");
    Nag.acceptWildcard(policy, "thing/*", "Every meter's thing is given its next cohort.");
  }

  private PolicyStatement updateThings() {
    return PolicyStatement.Builder.create()
        .actions(List.of("iot:UpdateThing"))
        .resources(List.of(Topics.arn(this, "thing", "*")))
        .build();
  }
}

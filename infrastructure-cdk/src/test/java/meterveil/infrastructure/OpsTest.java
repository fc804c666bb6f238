package meterveil.infrastructure;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/// What looks after the platform.
class OpsTest {

  @Test
  @DisplayName("T45 the function that pins TLS may change that endpoint and nothing else")
  void limitsWhoPinsTls() {
    var rights =
        Statement.ofRoles(Synthesis.dev()).stream()
            .filter(statement -> statement.policy().construct().equals("DefaultEndpointPolicy"))
            .toList();

    assertThat(rights)
        .flatExtracting(Statement::actions)
        .containsExactlyInAnyOrder(
            "iot:UpdateDomainConfiguration",
            "kms:Decrypt",
            "logs:CreateLogStream",
            "logs:PutLogEvents");
    assertThat(rights.getFirst().resources())
        .isEqualTo(
            List.of("arn:aws:iot:us-west-2:${AWS::AccountId}:domainconfiguration/iot:Data-ATS"));
  }

  @Test
  void claimsTheAccountBeforeItChangesAnythingThatIsSharedInIt() {
    var claim = Changes.resource(Synthesis.dev(), "BrokerLogs");

    assertThat(claim.textAt("LogGroupName")).isEqualTo("AWSIotLogsV2");
    assertThat(Changes.resource(Synthesis.dev(), "RegistryEncryption").dependsOn())
        .contains(claim.id());
  }

  /// Lambda takes on a role for a function that names it; CloudTrail does not say for whom it takes
  /// on the role that it writes to its log group with.
  @Test
  void letsServicesTakeOnRolesForThisAccountWhereTheySayForWhom() {
    var forAnybody =
        Statement.ofTrust(Synthesis.dev()).stream()
            .filter(
                trust -> trust.principals().stream().anyMatch(p -> p.endsWith(".amazonaws.com")))
            .filter(trust -> !trust.principals().equals(List.of("lambda.amazonaws.com")))
            .filter(trust ->
                !Templates.mapOf(trust.conditions().get("StringEquals"))
                    .containsKey("aws:SourceAccount"));

    assertThat(forAnybody)
        .singleElement()
        .satisfies(trust -> {
          assertThat(trust.policy().construct()).isEqualTo("TrailRole");
          assertThat(trust.conditions()).isEmpty();
        });
  }
}

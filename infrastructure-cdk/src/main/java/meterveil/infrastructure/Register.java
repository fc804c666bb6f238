package meterveil.infrastructure;

import java.util.Map;
import java.util.stream.Stream;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.services.iot.CfnCACertificate;
import software.constructs.Construct;

/// How a meter comes in with a certificate that its utility's own authority signed: rule → register
/// → thing.
///
/// Templates of that kind take no hook, so a function makes what the template of [Admit] would.
final class Register extends Construct {

  private static final Duration TIMEOUT = Duration.seconds(30);

  private static final String SQL =
      "SELECT certificateId FROM '$aws/events/certificates/registered/+'";

  final PlatformFunction function;

  Register(
      Construct scope,
      StageSettings settings,
      Data data,
      PlatformFunction.Surroundings surroundings) {
    super(scope, "Register");
    function =
        new PlatformFunction(
            this,
            "register",
            surroundings,
            PlatformFunction.role(this, "Role"),
            TIMEOUT,
            surroundings.load().registerAtOnce(),
            Map.of(
                "METERS_TABLE", data.meters.name(),
                "METER_POLICIES", String.join(",", MeterIdentity.POLICIES),
                "METER_GROUP", MeterIdentity.GROUP),
            Stream.concat(
                    data.meters.allow("GetItem", "UpdateItem").stream(),
                    Stream.of(
                        RegistryRights.allow(
                            this, RegistryRights.ANY_THING, "AddThingToThingGroup", "CreateThing"),
                        RegistryRights.allow(
                            this, "thinggroup/" + MeterIdentity.GROUP, "AddThingToThingGroup"),
                        RegistryRights.allow(
                            this,
                            RegistryRights.ANY_CERTIFICATE,
                            "AttachPolicy",
                            "DescribeCertificate",
                            "UpdateCertificate"),
                        RegistryRights.allowOnAll("AttachThingPrincipal"),
                        EncryptionKeys.openRegistry(data.registryKey)))
                .toList());
    function.anyIsNeeded(RegistryRights.ANY_THING, "Any meter may come for the first time.");
    function.anyIsNeeded(RegistryRights.ANY_CERTIFICATE, "Each comes with its certificate.");
    function.allIsNeeded("IoT Core knows no resource for this action.");
    new TopicRule(this, "register_meter", SQL, function, null);

    settings.authorityPem().ifPresent(this::trust);
  }

  /// Whose certificates register themselves when they first come, and wait for the function.
  private void trust(String pem) {
    CfnCACertificate.Builder.create(this, "Authority")
        .caCertificatePem(pem)
        .certificateMode("SNI_ONLY")
        .status("ACTIVE")
        .autoRegistrationStatus("ENABLE")
        .build();
  }
}

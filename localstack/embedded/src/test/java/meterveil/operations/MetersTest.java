package meterveil.operations;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.tuple;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.IntStream;
import meterveil.block.BlockLength;
import meterveil.connection.JdkHttp;
import meterveil.embedded.EmbeddedPlatform;
import meterveil.embedded.aws.AwsStandIns.Access;
import meterveil.embedded.aws.Faults.Fault;
import meterveil.embedded.iot.CertificateAuthority;
import meterveil.embedded.iot.DeviceCertificate;
import meterveil.embedded.iot.TestMeter;
import meterveil.embedded.iot.ThingRegistry;
import meterveil.meter.Admission;
import meterveil.meter.Meter;
import meterveil.meter.MeterTable;
import meterveil.meter.ThingName;
import meterveil.plan.MeterListCsv;
import meterveil.registry.Registry;
import meterveil.simulator.CertificateFolder;
import meterveil.simulator.Endpoint;
import meterveil.simulator.MeterCertificate;
import meterveil.simulator.Pauses;
import meterveil.simulator.Provisioning;
import meterveil.status.DeviceStatusTable;
import meterveil.status.StatusReport;
import meterveil.tenant.Tenant;
import meterveil.tenant.TenantId;
import meterveil.tenant.TenantTable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import software.amazon.awssdk.regions.Region;

/// The commands in the name of the stage's role `Registrar`, so that what it may not do fails.
class MetersTest {

  private static final Instant NOW = Instant.parse("2026-11-20T12:00:00Z");
  private static final Path CLOUD_ASSEMBLY = Path.of("../../infrastructure-cdk/target/cdk.out");
  private static final String HEADER = "thing,tenant,district,tariffClass,commodity\n";

  @TempDir static Path folder;
  private static EmbeddedPlatform embedded;
  private static Platform platform;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @BeforeAll
  static void start() throws Exception {
    embedded =
        EmbeddedPlatform.start(
            CLOUD_ASSEMBLY, folder.resolve("platform"), EmbeddedPlatform.Options.startingAt(NOW));
    Access access = embedded.aws().as("Registrar");
    platform =
        new Platform(
            new MeterTable(embedded.dynamoDb("Registrar"), embedded.table("Meters")),
            new TenantTable(embedded.dynamoDb("Registrar"), embedded.table("Tenants")),
            new DeviceStatusTable(embedded.dynamoDb("Registrar"), embedded.table("DeviceStatus")),
            new Registry(
                access.iot(), Region.of(access.region()), access.credentials(), new JdkHttp()),
            embedded.downlink("Registrar"));
  }

  @AfterAll
  static void stop() throws IOException {
    embedded.close();
  }

  private int run(String... arguments) {
    return runAt(NOW, arguments);
  }

  private int runAt(Instant now, String... arguments) {
    out.getBuffer().setLength(0);
    err.getBuffer().setLength(0);
    return Meters.commandLine(new Meters(_ -> platform, Clock.fixed(now, ZoneOffset.UTC)))
        .setOut(new PrintWriter(out))
        .setErr(new PrintWriter(err))
        .execute(arguments);
  }

  private static String file(String name, String lines) throws IOException {
    return Files.writeString(folder.resolve(name), HEADER + lines).toString();
  }

  private static String line(String tenant, String thing) {
    return "%s,%s,north,residential,electricity%n".formatted(thing, tenant);
  }

  private static Optional<Meter> meter(String thing) {
    return platform.meters().find(new ThingName(thing));
  }

  @Test
  void importsThousandsOnce() throws Exception {
    String many =
        file(
            "many.csv",
            IntStream.range(0, 3_000).mapToObj(i -> line("many", "many-" + i)).collect(joining()));
    assertThat(run("import", many)).as(err.toString()).isZero();
    assertThat(out.toString())
        .contains("3,000 meters", "1,000 of 3,000 checked", "2,000 of 3,000 written")
        .contains("3,000 added, 0 there before", "many is new");
    assertThat(run("import", many)).isZero();
    assertThat(out.toString()).contains("0 added, 3,000 there before").doesNotContain("is new");
    assertThat(run("list", "--tenant", "many", "--state", "listed")).isZero();
    assertThat(out.toString().lines()).hasSize(3_001);
    assertThat(out.toString())
        .contains("many-0,many,north,residential,electricity,listed,\n")
        .doesNotContain("another");
  }

  @Test
  void importsNothingOfAFileWithAWrongLine() throws Exception {
    String wrong =
        file(
            "wrong.csv",
            line("wrong", "wrong-1")
                + "wrong-2,wrong,north,residential,water\n"
                + line("wrong", "wrong-1")
                + "wrong-5,wrong,north\n"
                + line("wrong", "no name"));
    assertThat(run("import", wrong)).isOne();
    assertThat(err.toString())
        .contains(
            "line 3: ",
            "water",
            "line 4: wrong-1 is listed twice",
            "line 5: 3 fields in place of 5",
            "line 6: ")
        .contains("Nothing of " + wrong + " was imported: 4 of its lines are wrong");
    assertThat(meter("wrong-1")).isEmpty();
    assertThat(run("import", folder.resolve("absent.csv").toString())).isOne();
    assertThat(err.toString()).contains("absent.csv");
  }

  @Test
  @DisplayName("U14 a meter of another tenant is not taken over by a list")
  void importsNothingOfAFileWithAnotherTenantsMeter() throws Exception {
    assertThat(run("import", file("first.csv", line("tenant-1", "theirs")))).isZero();
    String second = file("second.csv", line("tenant-2", "ours") + line("tenant-2", "theirs"));
    assertThat(run("import", second)).isOne();
    assertThat(err.toString()).contains("line 3: theirs is another tenant's");
    assertThat(meter("ours")).isEmpty();
    assertThat(platform.tenants().all()).noneMatch(t -> t.id().value().equals("tenant-2"));
  }

  @Test
  void importsNothingWhenItIsStopped() throws Exception {
    String half =
        file(
            "half.csv",
            IntStream.range(0, 50).mapToObj(i -> line("half", "half-" + i)).collect(joining()));
    try (var _ =
        embedded
            .faults()
            .inject("Registrar", "PutItem", number -> number > 20, new Fault.ServerError())) {
      assertThat(run("import", half)).isOne();
      assertThat(err.toString()).contains("It was not all done", "can be asked for again");
    }
    assertThat(out.toString()).doesNotContain("half is new");
    assertThat(platform.meters().of(new TenantId("half"))).isEmpty();
    assertThat(run("show", "half-7")).isOne();

    assertThat(run("import", half)).isZero();

    assertThat(out.toString()).contains("half is new", "50 added, 0 there before");
    assertThat(platform.meters().of(new TenantId("half"))).hasSize(50);
  }

  @Test
  @DisplayName("U15 revoking a meter revokes its certificate, cuts it and keeps it out")
  void revokes() throws Exception {
    DeviceCertificate certificate = provisioned("lost", CertificateAuthority.VALID_UNTIL);
    try (var meter = connected("lost", certificate)) {
      assertThat(run("revoke", "lost")).as(err.toString()).isZero();
      assertThat(out.toString()).contains("lost is revoked, with 1 certificate.");
      assertThat(meter.disconnection()).isEqualTo("ADMINISTRATIVE_ACTION");
      assertThat(meter.isLetIn()).isFalse();
    }
    assertShutOut("lost", certificate, Meter.State.REVOKED);
    assertThat(run("revoke", "lost")).isZero();
    assertThat(run("show", "lost")).isZero();
    assertThat(out.toString()).contains("state                revoked", "revoked\n");
    assertThat(run("import", file("again.csv", line("operators", "lost")))).isOne();
    assertThat(err.toString()).contains("line 2: lost was revoked");
    assertThat(run("revoke", "nobody")).isOne();
    assertThat(run("again", "lost")).isOne();
    assertThat(err.toString()).contains("lost was revoked, and stays so");
  }

  @Test
  @DisplayName(
      "U15 a meter that lost its certificate comes in by a claim again, without the lost one")
  void listsAgain() throws Exception {
    DeviceCertificate former = provisioned("back", CertificateAuthority.VALID_UNTIL);
    try (var meter = connected("back", former)) {
      assertThat(run("again", "back")).as(err.toString()).isZero();
      assertThat(out.toString())
          .contains("back may come in by a claim, and 1 certificate of it is");
      assertThat(meter.disconnection()).isEqualTo("ADMINISTRATIVE_ACTION");
      assertThat(meter.isLetIn()).isFalse();
    }
    assertShutOut("back", former, Meter.State.LISTED);
    assertThat(run("again", "back")).isZero();

    var thing = new ThingName("back");
    var certificates = new CertificateFolder(folder.resolve("back"));
    DeviceCertificate claim = embedded.claim("claim");
    try (var provisioning =
        new Provisioning(
            new Endpoint(
                "localhost", embedded.broker().port(), embedded.authority().certificatePem()),
            new MeterCertificate(claim.certificatePem(), claim.privateKeyPem()),
            certificates,
            5,
            Pauses.NONE)) {
      MeterCertificate _ = provisioning.provision(thing).join();
    }
    assertThat(meter("back").map(Meter::state)).contains(Meter.State.PROVISIONED);
    String id = meter("back").flatMap(Meter::certificate).orElseThrow().id();
    assertThat(id).isNotEqualTo(id(former));
    MeterCertificate own = certificates.keep(thing);
    var issued =
        new DeviceCertificate(
            Objects.requireNonNull(embedded.registry().certificate(id)).x509(),
            own.certificate(),
            own.privateKey());
    try (var _ = connected("back", issued)) {
      assertThat(run("show", "back")).isZero();
      assertThat(out.toString())
          .contains("attached             " + id + " active")
          .contains("attached             " + id(former) + " revoked");
    }
    assertThat(run("again", "nobody")).isOne();
  }

  @ParameterizedTest
  @CsvSource({
    "revoke, ListThingPrincipals, REVOKED",
    "revoke, UpdateCertificate, REVOKED",
    "revoke, DeleteConnection, REVOKED",
    "revoke, UpdateItem, REVOKED",
    "again, ListThingPrincipals, LISTED",
    "again, UpdateCertificate, LISTED",
    "again, DeleteConnection, LISTED",
    "again, UpdateItem, LISTED"
  })
  @DisplayName("U15 a revocation that stopped at any step is finished by another")
  void finishesARevocationThatStopped(String command, String step, Meter.State state)
      throws Exception {
    String thing = command + "-stopped-" + step;
    DeviceCertificate certificate = provisioned(thing, CertificateAuthority.VALID_UNTIL);
    try (var meter = connected(thing, certificate)) {
      try (var _ = embedded.faults().inject("Registrar", step, new Fault.ServerError())) {
        assertThat(run(command, thing)).isOne();
        assertThat(err.toString()).contains("It was not all done").doesNotContain(thing);
      }
      assertThat(run(command, thing)).as(err.toString()).isZero();
      assertThat(meter.disconnection()).isNotEmpty();
      assertThat(meter.isLetIn()).isFalse();
    }
    assertShutOut(thing, certificate, state);
  }

  @Test
  @DisplayName("U15 a meter that comes in by a claim while it is listed again is not locked out")
  void leavesInAMeterThatCameInMeanwhile() throws Exception {
    provisioned("meanwhile", CertificateAuthority.VALID_UNTIL);
    assertThat(run("again", "meanwhile")).isZero();
    DeviceCertificate claimed =
        embedded
            .authority()
            .issue(
                "meanwhile-2", CertificateAuthority.VALID_FROM, CertificateAuthority.VALID_UNTIL);
    try (var read =
        embedded
            .faults()
            .inject(
                "Registrar",
                "GetItem",
                number -> number == 1,
                new Fault.After(() -> {
                  assertThat(
                          new Admission(platform.meters())
                              .byClaim(new ThingName("meanwhile"), listedAs(claimed)))
                      .isInstanceOf(Admission.Verdict.Admitted.class);
                  embedded.attach("meanwhile", claimed);
                }))) {
      assertThat(run("again", "meanwhile")).isOne();
      assertThat(read.hits()).isOne();
    }

    assertThat(err.toString()).contains("changed its certificate meanwhile");
    assertThat(meter("meanwhile").flatMap(Meter::certificate)).contains(listedAs(claimed));
    assertThat(Objects.requireNonNull(embedded.registry().certificate(id(claimed))).status())
        .isEqualTo(ThingRegistry.Status.ACTIVE);
  }

  @ParameterizedTest
  @CsvSource({"revoke, REVOKED", "again, LISTED"})
  @DisplayName("U15 a rotation that ends after its certificate was revoked does not undo that")
  void revokesWhatARotationActivatesMeanwhile(String command, Meter.State state) throws Exception {
    String thing = command + "-rotating";
    provisioned(thing, CertificateAuthority.VALID_UNTIL);
    DeviceCertificate newer =
        embedded
            .authority()
            .issue(thing + "-2", CertificateAuthority.VALID_FROM, CertificateAuthority.VALID_UNTIL);
    String id =
        embedded
            .registry()
            .registerCertificate(newer.certificate(), ThingRegistry.Status.PENDING_ACTIVATION)
            .id();
    assertThat(
            new Admission(platform.meters())
                .byOwnCertificate(new ThingName(thing), thing, listedAs(newer)))
        .isInstanceOf(Admission.Verdict.Admitted.class);
    try (var meter = meter(thing, newer);
        var listing =
            embedded
                .faults()
                .inject(
                    "Registrar",
                    "UpdateItem",
                    new Fault.After(() -> {
                      embedded.attach(thing, newer);
                      embedded.registry().setStatus(id, ThingRegistry.Status.ACTIVE);
                      assertThatCode(meter::connected).doesNotThrowAnyException();
                    }))) {
      assertThat(run(command, thing)).as(err.toString()).isZero();
      assertThat(listing.hits()).isOne();
      assertThat(meter.disconnection()).isEqualTo("ADMINISTRATIVE_ACTION");
      assertThat(meter.isLetIn()).isFalse();
    }
    assertThat(meter(thing).map(Meter::state)).contains(state);
    assertThat(embedded.registry().certificatesOf(thing))
        .hasSize(2)
        .extracting(ThingRegistry.Certificate::status)
        .containsOnly(ThingRegistry.Status.REVOKED);
  }

  @Test
  void showsAMeter() throws Exception {
    DeviceCertificate certificate = provisioned("shown", NOW.plus(Duration.ofDays(400)));
    assertThat(run("show", "shown")).isZero();
    assertThat(out.toString())
        .contains("tenant               operators", "state                provisioned")
        .contains("attribute cohortA    none")
        .contains("attached             " + id(certificate) + " active");
    assertThat(out.toString()).contains("last heard of        never");
    assertThat(run("show", "nobody")).isOne();
    assertThat(run("show", "no name")).isEqualTo(2);
  }

  @Test
  @DisplayName("U6 an operator sees whether a meter is connected and how it is")
  void showsWhenAMeterWasLastHeardOf() throws Exception {
    DeviceCertificate certificate = provisioned("heard", NOW.plus(Duration.ofDays(400)));
    try (var _ = connected("heard", certificate)) {
      assertThat(embedded.awaitQuiet(Duration.ofMinutes(1))).isTrue();
      assertThat(run("show", "heard")).isZero();
      assertThat(out.toString())
          .contains("last heard of        in the hour from 2026-11-20T12:00:00Z")
          .contains("connected            yes")
          .doesNotContain("firmware");
    }
    var statuses = new DeviceStatusTable(embedded.dynamoDb(), embedded.table("DeviceStatus"));
    var operators = platform.tenants().find(new TenantId("operators")).orElseThrow();
    statuses.keep(
        operators,
        new ThingName("heard"),
        new StatusReport(1, "1.4.2", 81, -93, List.of(), 77, 2),
        embedded.clock().instant());
    assertThat(embedded.awaitQuiet(Duration.ofMinutes(1))).isTrue();

    assertThat(run("show", "heard")).isZero();
    assertThat(out.toString())
        .contains("connected            no", "firmware             1.4.2")
        .contains("battery              81 %", "blocks given up      2")
        .doesNotContain("offline");
    assertThat(run("list", "--offline")).isZero();
    assertThat(out.toString()).doesNotContain("heard,");
  }

  @Test
  @DisplayName("U6 an operator sees which meters have given no sign of life for two days")
  void showsWhoIsOffline() throws Exception {
    DeviceCertificate certificate = provisioned("silent", NOW.plus(Duration.ofDays(400)));
    try (var _ = connected("silent", certificate)) {
      assertThat(embedded.awaitQuiet(Duration.ofMinutes(1))).isTrue();
    }
    assertThat(embedded.awaitQuiet(Duration.ofMinutes(1))).isTrue();
    Instant last = NOW.plus(Duration.ofHours(49));
    assertThat(runAt(last.minusSeconds(1), "list", "--offline", "--tenant", "operators")).isZero();
    assertThat(out.toString()).doesNotContain("silent,");

    assertThat(runAt(last, "list", "--offline", "--tenant", "operators")).isZero();
    assertThat(out.toString()).contains("silent,operators,north,residential,electricity");
    assertThat(runAt(last, "show", "silent")).isZero();
    assertThat(out.toString()).contains("offline              no sign of life for 49 hours");
  }

  @Test
  void leavesAMeterOutOfWhatIsYetToBePlanned() throws Exception {
    provisioned("mover", NOW.plus(Duration.ofDays(400)));
    assertThat(run("leave", "mover")).isZero();
    assertThat(meter("mover").map(Meter::takesPart)).contains(false);
    assertThat(run("show", "mover")).isZero();
    assertThat(out.toString()).contains("state                provisioned, leaving");

    assertThat(run("leave", "mover", "--undo")).isZero();
    assertThat(meter("mover").map(Meter::takesPart)).contains(true);
    assertThat(run("leave", "nobody")).isOne();
  }

  @Test
  void listsCertificatesThatExpire() throws Exception {
    provisioned("in-20-days", NOW.plus(Duration.ofDays(20)));
    provisioned("in-10-days", NOW.plus(Duration.ofDays(10)));
    provisioned("in-40-days", NOW.plus(Duration.ofDays(40)));
    assertThat(run("expiring")).isZero();
    assertThat(out.toString().lines().skip(1))
        .containsExactly(
            "in-10-days,operators,north,2026-11-30T12:00:00Z",
            "in-20-days,operators,north,2026-12-10T12:00:00Z");
    assertThat(run("expiring", "--days", "40")).isZero();
    assertThat(out.toString()).contains("in-40-days");
    assertThat(run("expiring", "--days", "-1")).isEqualTo(2);
  }

  @Test
  @DisplayName("T54 U22 an operator sets a tenant's retention, and an import keeps it")
  void setsWhatATenantHasChosen() throws Exception {
    assertThat(run("import", file("chooses.csv", line("chooses", "chooses-1")))).isZero();
    assertThat(run("tenant", "chooses")).isZero();
    assertThat(out.toString())
        .contains("tenant               chooses\n", "retention            30 days\n")
        .contains("block length         24 hours\n");

    assertThat(run("tenant", "chooses", "--retention-days", "90")).as(err.toString()).isZero();
    assertThat(out.toString())
        .contains("retention            90 days, was 30 days\n")
        .contains("block length         24 hours\n")
        .doesNotContain("next epoch");
    assertThat(run("tenant", "chooses", "--block", "1")).isZero();
    assertThat(out.toString())
        .contains("retention            90 days\n")
        .contains("block length         1 hour, was 24 hours\n")
        .contains("holds from the next epoch that is planned");
    assertThat(run("tenant", "chooses", "--block", "1", "--retention-days", "90")).isZero();
    assertThat(out.toString()).contains("block length         1 hour\n").doesNotContain("was");

    assertThat(run("import", file("chooses.csv", line("chooses", "chooses-2")))).isZero();
    assertThat(out.toString()).contains("1 added").doesNotContain("is new");
    var id = new TenantId("chooses");
    assertThat(platform.tenants().find(id))
        .contains(new Tenant(id, Duration.ofDays(90), BlockLength.HOUR));
  }

  @ParameterizedTest
  @CsvSource({
    "--retention-days, 4, retention is 5 to 3653 whole days",
    "--retention-days, 3654, retention is 5 to 3653 whole days",
    "--retention-days, soon, soon",
    "--block, 12, 'a block has 1, 6 or 24 hours, not 12'"
  })
  void setsNothingThatATenantMayNotChoose(String option, String value, String why) {
    var tenant = new Tenant(new TenantId("within"), Tenant.RETENTION);
    platform.tenants().add(tenant);
    assertThat(run("tenant", "within", option, value)).isEqualTo(2);
    assertThat(err.toString()).contains(why);
    assertThat(platform.tenants().find(tenant.id())).contains(tenant);
  }

  @Test
  void makesNoTenantOfANameThatIsMistyped() {
    assertThat(run("tenant", "mistyped")).isOne();
    assertThat(run("tenant", "mistyped", "--block", "6")).isOne();
    assertThat(err.toString()).contains("There is no tenant mistyped");
    assertThat(platform.tenants().find(new TenantId("mistyped"))).isEmpty();
    assertThat(run("tenant", "no name")).isEqualTo(2);
  }

  @Test
  void doesNotUndoWhatAnotherOperatorSetsMeanwhile() throws Exception {
    var tenant = new Tenant(new TenantId("twice"), Tenant.RETENTION);
    var theirs = new Tenant(tenant.id(), Duration.ofDays(90));
    platform.tenants().add(tenant);
    try (var read =
        embedded
            .faults()
            .inject(
                "Registrar",
                "GetItem",
                new Fault.After(
                    () -> assertThat(platform.tenants().replace(tenant, theirs)).isTrue()))) {
      assertThat(run("tenant", "twice", "--block", "6")).isOne();
      assertThat(read.hits()).isOne();
    }
    assertThat(err.toString()).contains("twice was changed meanwhile: ask again");
    assertThat(platform.tenants().find(tenant.id())).contains(theirs);

    assertThat(run("tenant", "twice", "--block", "6")).isZero();
    assertThat(platform.tenants().find(tenant.id()))
        .contains(new Tenant(tenant.id(), Duration.ofDays(90), BlockLength.QUARTER_DAY));
  }

  @Test
  @DisplayName("T45 the registrar may find the tables of its stage, and no other stack's")
  void mayAskCloudFormationForTheTables() {
    assertThat(mayAskFor("dev-Data")).isTrue();
    assertThat(mayAskFor("dev-Ingest")).isFalse();
    assertThat(mayAskFor("prod-Data")).isFalse();
  }

  private static boolean mayAskFor(String stack) {
    return embedded
        .aws()
        .roleMay(
            "Registrar",
            "cloudformation:" + DeployedStack.ACTION,
            "arn:aws:cloudformation:us-west-2:%s:stack/%s/made-up"
                .formatted(embedded.registry().account(), stack));
  }

  @Test
  void saysWhatCanBeAskedFor() {
    assertThat(run("help")).isZero();
    assertThat(out.toString())
        .contains("import", "list", "show", "leave", "revoke", "again", "expiring", "tenant")
        .contains("--stage");
    assertThat(run("help", "import")).isZero();
    assertThat(out.toString()).contains("thing,tenant,district,tariffClass,commodity");
    assertThat(run("forget")).isEqualTo(2);
    assertThat(run()).isEqualTo(2);
    assertThat(
            Meters.commandLine(
                    new Meters(
                        stage -> Platform.connect(stage, Map.of(), Path.of("cdk.json")),
                        Clock.systemUTC()))
                .setErr(new PrintWriter(err))
                .execute("list"))
        .isEqualTo(2);
    assertThat(err.toString()).contains("Which meters?");
  }

  /// A meter that came in, as the functions that admit leave it.
  private static DeviceCertificate provisioned(String thing, Instant until) throws Exception {
    var listed = MeterListCsv.read(Path.of(file(thing + ".csv", line("operators", thing))));
    platform.meters().add(listed, NOW);
    if (platform.tenants().all().stream().noneMatch(t -> t.id().value().equals("operators"))) {
      platform.tenants().add(new Tenant(listed.getFirst().tenant(), Tenant.RETENTION));
    }
    DeviceCertificate certificate =
        embedded.authority().issue(thing, CertificateAuthority.VALID_FROM, until);
    assertThat(
            new Admission(platform.meters())
                .byClaim(listed.getFirst().thing(), new Meter.Certificate(id(certificate), until)))
        .isInstanceOf(Admission.Verdict.Admitted.class);
    embedded
        .registry()
        .createThing(
            thing, "meter", Map.of("tenant", "operators", "cohortA", "none", "cohortB", "none"));
    embedded.attach(thing, certificate);
    return certificate;
  }

  /// As the list has it.
  private static Meter.Certificate listedAs(DeviceCertificate certificate) {
    return new Meter.Certificate(id(certificate), CertificateAuthority.VALID_UNTIL);
  }

  private static TestMeter connected(String thing, DeviceCertificate certificate)
      throws InterruptedException {
    return meter(thing, certificate).connected();
  }

  private static TestMeter meter(String thing, DeviceCertificate certificate) {
    return new TestMeter(
        thing, certificate, embedded.authority().certificatePem(), embedded.broker().port());
  }

  private static void assertShutOut(
      String thing, DeviceCertificate certificate, Meter.State state) {
    assertThat(meter(thing).map(Meter::state)).contains(state);
    assertThat(embedded.registry().certificatesOf(thing))
        .extracting(ThingRegistry.Certificate::id, ThingRegistry.Certificate::status)
        .isEqualTo(List.of(tuple(id(certificate), ThingRegistry.Status.REVOKED)));
  }

  private static String id(DeviceCertificate certificate) {
    return ThingRegistry.certificateId(certificate.certificate());
  }
}

package meterveil.operations;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.Supplier;
import java.util.stream.Stream;
import meterveil.block.BlockLength;
import meterveil.meter.ListedMeter;
import meterveil.meter.Meter;
import meterveil.meter.MeterTable;
import meterveil.meter.ThingName;
import meterveil.plan.MeterListCsv;
import meterveil.plan.MeterListCsv.BadListException;
import meterveil.registry.Certificate;
import meterveil.registry.Thing;
import meterveil.status.DeviceStatusTable;
import meterveil.status.Heard;
import meterveil.status.StatusReport;
import meterveil.tenant.Tenant;
import meterveil.tenant.TenantId;
import meterveil.tenant.TenantTable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;
import software.amazon.awssdk.core.exception.SdkException;

/// The meters of a platform, from a command line: `scripts/meters`.
///
/// Ends with 0 when all was done, with 1 when something was refused or failed, with 2 when what was
/// asked for is wrong. Whatever failed half-way can be asked for again.
@Command(
    name = "scripts/meters",
    description = {
      "Says which meters may come onto the platform, shows how far they have come, shuts meters out,"
          + " and lets them come in again; and sets what a tenant has chosen.",
      "",
      "--embedded, as the first word, means the platform that scripts/run --keep runs on this"
          + " machine; --stage means a deployed one, by the credentials of the AWS SDK's default"
          + " chain.",
      ""
    },
    subcommands = CommandLine.HelpCommand.class,
    usageHelpAutoWidth = true,
    synopsisSubcommandLabel = "COMMAND")
final class Meters {

  /// How many meters go by between two lines of progress.
  private static final int PROGRESS_METERS = 1_000;

  private static final int EXPIRING_DAYS = 30;

  /// How a platform is reached.
  interface Connecting {
    /// @throws IllegalArgumentException if it is not said which
    Platform to(Optional<String> stage) throws IOException;
  }

  @Option(
      names = "--stage",
      paramLabel = "STAGE",
      scope = ScopeType.INHERIT,
      description = "The stage of infrastructure-cdk/cdk.json whose meters are meant.")
  private Optional<String> stage = Optional.empty();

  @Spec private CommandSpec spec = CommandSpec.create();

  private final Connecting connecting;
  private final Clock clock;

  Meters(Connecting connecting, Clock clock) {
    this.connecting = connecting;
    this.clock = clock;
  }

  /// Ends the process with the command's exit code.
  public static void main(String... arguments) {
    var repository = Path.of(System.getProperty("meterveil.repository", "")).toAbsolutePath();
    var cdkJson = repository.resolve("infrastructure-cdk").resolve("cdk.json");
    var meters =
        new Meters(stage -> Platform.connect(stage, System.getenv(), cdkJson), Clock.systemUTC());
    System.exit(commandLine(meters).execute(arguments));
  }

  static CommandLine commandLine(Meters meters) {
    return new CommandLine(meters)
        .setParameterExceptionHandler((e, _) -> {
          e.getCommandLine().getErr().println(e.getMessage());
          e.getCommandLine().getErr().println("scripts/meters help says what can be asked for.");
          return CommandLine.ExitCode.USAGE;
        })
        .setExecutionExceptionHandler((e, line, _) -> {
          if (e instanceof SdkException || e instanceof IOException) {
            line.getErr().println("It was not all done: " + e.getMessage());
            line.getErr().println("It can be asked for again; what was done is not done twice.");
            return CommandLine.ExitCode.SOFTWARE;
          }
          throw e;
        });
  }

  private Platform platform() throws IOException {
    try {
      return connecting.to(stage);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
    }
  }

  private PrintWriter out() {
    return spec.commandLine().getOut();
  }

  private PrintWriter err() {
    return spec.commandLine().getErr();
  }

  @Command(
      name = "import",
      description = {
        "Puts meters onto the list: all of the file at one moment, or none if one line of it is"
            + " wrong or the import is interrupted.",
        "",
        "The file is CSV with the header thing,tenant,district,tariffClass,commodity. Meters that"
            + " are there already as the file says stay as they are."
      })
  int importList(@Parameters(paramLabel = "FILE.csv", description = "The meters.") Path file)
      throws IOException {
    SequencedMap<ListedMeter, Long> lines;
    try {
      lines = MeterListCsv.lines(file);
    } catch (BadListException e) {
      return refuse(file, e.problems());
    }
    out().printf("%,d meters in %s.%n", lines.size(), file);
    Platform platform = platform();
    var imported =
        platform
            .meters()
            .add(
                List.copyOf(lines.keySet()),
                clock.instant(),
                new Spoken(lines.size(), out(), () -> putTenants(platform, lines.keySet())));
    if (!imported.problems().isEmpty()) {
      return refuse(
          file,
          lines.entrySet().stream()
              .flatMap(line ->
                  Stream.ofNullable(imported.problems().get(line.getKey().thing()))
                      .map(why ->
                          "line %d: %s %s"
                              .formatted(line.getValue(), line.getKey().thing(), because(why))))
              .toList());
    }
    out().printf("%,d added, %,d there before.%n", imported.added(), imported.unchanged());
    return CommandLine.ExitCode.OK;
  }

  /// Before their meters, as a meter whose tenant is not there would be in nobody's list.
  private void putTenants(Platform platform, Collection<ListedMeter> meters) {
    meters.stream()
        .map(ListedMeter::tenant)
        .distinct()
        .sorted()
        .filter(tenant -> platform.tenants().add(new Tenant(tenant, Tenant.RETENTION)))
        .forEach(tenant ->
            out()
                .printf(
                    "%s is new; what is released of it is kept for %d days.%n",
                    tenant, Tenant.RETENTION.toDays()));
  }

  private int refuse(Path file, List<String> problems) {
    problems.forEach(err()::println);
    err()
        .printf(
            "Nothing of %s was imported: %,d of its lines %s wrong.%n",
            file, problems.size(), problems.size() == 1 ? "is" : "are");
    return CommandLine.ExitCode.SOFTWARE;
  }

  private static String because(MeterTable.Problem why) {
    return switch (why) {
      case OTHER_TENANTS -> "is another tenant's";
      case LISTED_OTHERWISE -> "is listed with another district, tariff class or commodity";
      case REVOKED -> "was revoked";
      case LISTED_MEANWHILE -> "was imported otherwise at the same time";
    };
  }

  /// Says how far an import has come.
  private static final class Spoken implements MeterTable.Progress {

    private final int all;
    private final PrintWriter out;
    private final Runnable last;
    private int checked;
    private int added;

    /// @param last what comes before they are on the list
    Spoken(int all, PrintWriter out, Runnable last) {
      this.all = all;
      this.out = out;
      this.last = last;
    }

    @Override
    public void allAdded() {
      last.run();
    }

    @Override
    public void checked() {
      checked++;
      say("checked", checked);
    }

    @Override
    public void added() {
      added++;
      say("written", added);
    }

    private void say(String what, int count) {
      if (count % PROGRESS_METERS == 0) {
        out.printf("%,d of %,d %s%n", count, all, what);
        out.flush();
      }
    }
  }

  @Command(description = "Lists meters as CSV, in the order of tenants and names.")
  int list(
      @Option(names = "--tenant", paramLabel = "TENANT", description = "Only this tenant's.")
          Optional<String> tenant,
      @Option(
              names = "--state",
              paramLabel = "STATE",
              description = "Only those that are listed, provisioned or revoked.")
          Optional<String> state,
      @Option(
              names = "--offline",
              description = "Only those in service that have given no sign of life for two days.")
          boolean offline)
      throws IOException {
    Optional<Meter.State> only = state.map(this::state);
    Optional<TenantId> of = tenant.map(this::tenant);
    Platform platform = platform();
    out().println("thing,tenant,district,tariffClass,commodity,state,certificateExpiresAt");
    (of.isPresent() ? platform.tenants().find(of.get()).stream() : tenants(platform))
        .flatMap(it -> offline ? offline(platform, it) : platform.meters().of(it.id()))
        .filter(meter -> only.isEmpty() || only.get() == meter.state())
        .forEach(meter -> out().println(csv(meter)));
    return CommandLine.ExitCode.OK;
  }

  /// In the order of names.
  private static Stream<Tenant> tenants(Platform platform) {
    return platform.tenants().all().stream().sorted(Comparator.comparing(Tenant::id));
  }

  private Stream<Meter> offline(Platform platform, Tenant tenant) {
    Instant now = clock.instant();
    return Heard.of(platform.meters().of(tenant.id()), platform.statuses().signs(tenant, now))
        .filter(heard -> heard.isOffline(now))
        .map(Heard::meter);
  }

  private static String csv(Meter meter) {
    ListedMeter listed = meter.listed();
    return String.join(
        ",",
        listed.thing().value(),
        listed.tenant().value(),
        listed.district().value(),
        word(listed.tariffClass()),
        word(listed.commodity()),
        word(meter.state()),
        meter.certificate().map(certificate -> certificate.expiresAt().toString()).orElse(""));
  }

  /// As the file of an import has it.
  private static String word(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  @Command(
      description =
          "Shows one meter: what the list says of it, when it was last heard of and how it was, and"
              + " what IoT Core knows.")
  int show(@Parameters(paramLabel = "THING", description = "Its name.") String thing)
      throws IOException {
    ThingName name = thing(thing);
    Platform platform = platform();
    Optional<Meter> meter = listed(platform, name);
    if (meter.isEmpty()) {
      return CommandLine.ExitCode.SOFTWARE;
    }
    ListedMeter listed = meter.get().listed();
    say("thing", name);
    say("tenant", listed.tenant());
    say("district", listed.district());
    say("tariff class", word(listed.tariffClass()));
    say("commodity", word(listed.commodity()));
    say("state", word(meter.get().state()) + (meter.get().leaving() ? ", leaving" : ""));
    say("listed at", meter.get().listedAt());
    meter
        .get()
        .certificate()
        .ifPresent(certificate -> {
          say("certificate", certificate.id());
          say("expires at", certificate.expiresAt());
        });
    platform
        .tenants()
        .find(listed.tenant())
        .ifPresent(tenant -> showStatus(platform, tenant, meter.get()));
    platform.registry().thing(name).map(Thing::attributes).orElse(Map.of()).entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .forEach(attribute -> say("attribute " + attribute.getKey(), attribute.getValue()));
    for (String arn : platform.registry().principals(name)) {
      String id = arn.substring(arn.lastIndexOf('/') + 1);
      platform
          .registry()
          .certificate(id)
          .map(Certificate::status)
          .ifPresent(status -> say("attached", id + " " + word(status)));
    }
    return CommandLine.ExitCode.OK;
  }

  private void showStatus(Platform platform, Tenant tenant, Meter meter) {
    ThingName name = meter.thing();
    Instant now = clock.instant();
    Optional<DeviceStatusTable.Sign> sign = platform.statuses().sign(tenant, name, now);
    if (new Heard(meter, sign).isOffline(now)) {
      say("offline", "no sign of life for %d hours".formatted(Heard.HEARTBEAT_LIMIT.toHours()));
    }
    if (sign.isEmpty()) {
      say("last heard of", "never, or longer ago than is kept");
      return;
    }
    say("last heard of", "in the hour from " + sign.get().at());
    say("connected", sign.get().online() ? "yes" : "no");
    platform
        .statuses()
        .find(tenant, name, now)
        .ifPresent(status -> {
          StatusReport newest = status.newest();
          say("firmware", newest.firmware());
          say("battery", newest.batteryPercent() + " %");
          say("signal", newest.signalDbm() + " dBm");
          say("faults", newest.faults().isEmpty() ? "none" : newest.faults());
          say("blocks given up", newest.blocksGivenUp());
        });
  }

  private void say(String what, Object value) {
    out().printf("%-20s %s%n", what, value);
  }

  @Command(
      description = {
        "Shuts a meter out for good: revokes its certificates, cuts its connection, and takes it off"
            + " those that are ever admitted.",
        "",
        "What stopped half-way is asked for again."
      })
  int revoke(@Parameters(paramLabel = "THING", description = "Its name.") String thing)
      throws IOException {
    ThingName name = thing(thing);
    Platform platform = platform();
    Optional<Meter> meter = listed(platform, name);
    if (meter.isEmpty()) {
      return CommandLine.ExitCode.SOFTWARE;
    }
    int revoked = new Revocation(platform).revoke(meter.get());
    out().printf("%s is revoked, with %d certificate%s.%n", name, revoked, revoked == 1 ? "" : "s");
    return CommandLine.ExitCode.OK;
  }

  @Command(
      description = {
        "Lets a meter that lost its certificate, or let it expire, come in by a claim once more:"
            + " revokes its certificates, cuts its connection, and lists it again.",
        "",
        "Its thing stays, and with it its cohorts. What stopped half-way is asked for again."
      })
  int again(@Parameters(paramLabel = "THING", description = "Its name.") String thing)
      throws IOException {
    ThingName name = thing(thing);
    Platform platform = platform();
    Optional<Meter> meter = listed(platform, name);
    if (meter.isEmpty()) {
      return CommandLine.ExitCode.SOFTWARE;
    }
    if (meter.get().state() == Meter.State.REVOKED) {
      err().println("%s was revoked, and stays so.".formatted(name));
      return CommandLine.ExitCode.SOFTWARE;
    }
    Optional<Integer> revoked = new Revocation(platform).listAgain(meter.get());
    if (revoked.isEmpty()) {
      err().println("%s changed its certificate meanwhile: ask again.".formatted(name));
      return CommandLine.ExitCode.SOFTWARE;
    }
    out()
        .printf(
            "%s may come in by a claim, and %d certificate%s revoked.%n",
            name, revoked.get(), revoked.get() == 1 ? " of it is" : "s of it are");
    return CommandLine.ExitCode.OK;
  }

  @Command(
      description = {
        "Leaves a meter out of every epoch that is yet to be planned.",
        "",
        "Until then it goes on in its cohort, which would tell more without it. Its certificate"
            + " stays good: revoke it when the meter is gone."
      })
  int leave(
      @Parameters(paramLabel = "THING", description = "Its name.") String thing,
      @Option(names = "--undo", description = "Takes it in again.") boolean undo)
      throws IOException {
    ThingName name = thing(thing);
    Platform platform = platform();
    Optional<Meter> meter = listed(platform, name);
    if (meter.isEmpty()) {
      return CommandLine.ExitCode.SOFTWARE;
    }
    TenantId tenant = meter.get().tenant();
    if (undo) {
      platform.meters().stay(tenant, name);
      out().println("%s takes part in the epochs that are yet to be planned.".formatted(name));
    } else {
      platform.meters().leave(tenant, name);
      out().println("%s is left out of the epochs that are yet to be planned.".formatted(name));
    }
    return CommandLine.ExitCode.OK;
  }

  @Command(
      name = "tenant",
      description = {
        "Shows what a tenant has chosen, or sets what is said.",
        "",
        "A retention that is shortened takes effect on reads at once; one that is lengthened, on"
            + " what is released from then on. A new length of blocks holds from the next epoch that"
            + " is planned, which is done a day before it begins."
      })
  int choose(
      @Parameters(paramLabel = "TENANT", description = "Its name.") String tenant,
      @Option(
              names = "--retention-days",
              paramLabel = "N",
              description = "How long what is released of it is kept: 5 to 3653 days.")
          Optional<Integer> retentionDays,
      @Option(
              names = "--block",
              paramLabel = "HOURS",
              description = "What its meters report at once: 1, 6 or 24 hours.")
          Optional<Integer> block)
      throws IOException {
    TenantId id = tenant(tenant);
    Optional<BlockLength> blockLength = block.map(hours -> valid(() -> BlockLength.ofHours(hours)));
    TenantTable tenants = platform().tenants();
    Optional<Tenant> found = tenants.find(id);
    if (found.isEmpty()) {
      err()
          .println(
              "There is no tenant %s: it comes with the first import of its meters.".formatted(id));
      return CommandLine.ExitCode.SOFTWARE;
    }
    Tenant before = found.get();
    Tenant chosen =
        valid(() ->
            new Tenant(
                id,
                retentionDays.map(Duration::ofDays).orElse(before.retention()),
                blockLength.orElse(before.blockLength())));
    boolean isSet = retentionDays.isPresent() || block.isPresent();
    if (isSet && !tenants.replace(before, chosen)) {
      err().println("%s was changed meanwhile: ask again.".formatted(id));
      return CommandLine.ExitCode.SOFTWARE;
    }
    say("tenant", id);
    say("retention", changed(before.retention().toDays(), chosen.retention().toDays(), "day"));
    say(
        "block length",
        changed(before.blockLength().hours(), chosen.blockLength().hours(), "hour"));
    if (chosen.blockLength() != before.blockLength()) {
      out().println("The new block length holds from the next epoch that is planned.");
    }
    return CommandLine.ExitCode.OK;
  }

  private static String changed(long before, long now, String unit) {
    return many(now, unit) + (now == before ? "" : ", was " + many(before, unit));
  }

  private static String many(long count, String unit) {
    return count + " " + unit + (count == 1 ? "" : "s");
  }

  @Command(
      description =
          "Lists, as CSV, the meters whose certificates expire soon or have expired, soonest first.")
  int expiring(
      @Option(
              names = "--days",
              paramLabel = "N",
              description = "Within how many days. Default: " + EXPIRING_DAYS)
          Optional<Integer> days)
      throws IOException {
    int within = days.orElse(EXPIRING_DAYS);
    if (within < 0) {
      throw new ParameterException(spec.commandLine(), "--days must be 0 or more, not " + within);
    }
    Instant until = clock.instant().plus(Duration.ofDays(within));
    record Expiring(Meter meter, Instant at) {}
    var expiring = new ArrayList<Expiring>();
    Platform platform = platform();
    tenants(platform)
        .flatMap(tenant -> platform.meters().of(tenant.id()))
        .filter(meter -> meter.state() == Meter.State.PROVISIONED)
        .forEach(meter ->
            meter
                .certificate()
                .map(Meter.Certificate::expiresAt)
                .filter(at -> !at.isAfter(until))
                .ifPresent(at -> expiring.add(new Expiring(meter, at))));
    expiring.sort(Comparator.comparing(Expiring::at).thenComparing(one -> one.meter().thing()));
    out().println("thing,tenant,district,certificateExpiresAt");
    for (Expiring one : expiring) {
      ListedMeter listed = one.meter().listed();
      out()
          .println(
              String.join(
                  ",",
                  listed.thing().value(),
                  listed.tenant().value(),
                  listed.district().value(),
                  one.at().toString()));
    }
    return CommandLine.ExitCode.OK;
  }

  /// The meter of that name, or else says that there is none.
  private Optional<Meter> listed(Platform platform, ThingName name) {
    Optional<Meter> meter = platform.meters().find(name);
    if (meter.isEmpty()) {
      err().println("There is no meter %s on the list.".formatted(name));
    }
    return meter;
  }

  private ThingName thing(String name) {
    return valid(() -> new ThingName(name));
  }

  private TenantId tenant(String name) {
    return valid(() -> new TenantId(name));
  }

  private Meter.State state(String name) {
    return valid(() -> {
      for (Meter.State state : Meter.State.values()) {
        if (state.name().equals(name.toUpperCase(Locale.ROOT))) {
          return state;
        }
      }
      throw new IllegalArgumentException("There is no state " + name);
    });
  }

  private <T> T valid(Supplier<T> value) {
    try {
      return value.get();
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
    }
  }
}

package meterveil.simulator;

import static java.util.concurrent.TimeUnit.SECONDS;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import meterveil.block.Epoch;
import meterveil.block.Times;
import meterveil.meter.ListedMeter;
import meterveil.meter.ThingName;
import meterveil.plan.MeterListCsv;
import meterveil.plan.MeterListCsv.BadListException;
import meterveil.tenant.TenantId;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import software.amazon.awssdk.crt.CrtRuntimeException;

/// Lets meters report to a real endpoint, by the real clock: `scripts/simulate`.
///
/// Ends with 0 when it was stopped or everything is sent, with 1 when a meter could not connect or
/// got no certificate, with 2 when what was asked for is wrong.
@Command(
    name = "scripts/simulate",
    description = {
      "Connects meters to IoT Core, or to anything that speaks as it does, and lets them report as"
          + " the hours pass, until Ctrl-C.",
      "",
      "Each meter needs a certificate, or a claim to get one by, and its settings from the platform's"
          + " planner: one without settings connects and waits. A certificate is changed for a new"
          + " one 30 days before it ends.",
      ""
    },
    sortOptions = false,
    usageHelpAutoWidth = true)
final class Simulate implements Callable<Integer> {

  private static final int PORT = 8883;

  private static final int PROGRESS_SECONDS = 10;
  private static final int STOPPING_SECONDS_MAX = 30;

  @Option(
      names = "--endpoint",
      paramLabel = "HOST[:PORT]",
      required = true,
      description = "Where the meters connect to, with MQTT over TLS. Default port: 8883")
  private String endpoint = "";

  @Option(
      names = "--tenant",
      paramLabel = "TENANT",
      required = true,
      description = "The utility whose meters they are.")
  private String tenant = "";

  @Option(
      names = "--certificates",
      paramLabel = "FOLDER",
      required = true,
      description =
          "Certificates and private keys: THING.cert.pem and THING.key.pem of each meter.")
  private Path certificates = Path.of("");

  @Option(
      names = "--list",
      paramLabel = "FILE.csv",
      description =
          "The utility's list of meters, as scripts/meters import takes it: those of the tenant take"
              + " part, too.")
  private Optional<Path> list = Optional.empty();

  @Option(
      names = "--claim-certificate",
      paramLabel = "FILE",
      description =
          "A claim: meters of the list or the readings that have no certificate in the folder get"
              + " theirs by it.")
  private Optional<Path> claimCertificate = Optional.empty();

  @Option(names = "--claim-key", paramLabel = "FILE", description = "The claim's private key.")
  private Optional<Path> claimKey = Optional.empty();

  @Option(
      names = "--server-ca",
      paramLabel = "FILE",
      description = "What the endpoint's certificate is signed with. Default: the system's list")
  private Optional<Path> serverCa = Optional.empty();

  @Option(
      names = "--readings",
      paramLabel = "FILE.csv",
      description =
          "Replay real data instead of made-up homes: quarter-hours in Dutch local time, a column for each meter.")
  private Optional<Path> readings = Optional.empty();

  @Option(
      names = "--first-day",
      paramLabel = "DAY",
      description =
          "The UTC day, such as 2026-01-31, on which the data begins; what is too old to be taken is left"
              + " out. Say it to go on with the same data after a stop. Default: yesterday, or"
              + " today on the first day of an epoch")
  private Optional<LocalDate> firstDay = Optional.empty();

  @Option(
      names = "--days",
      paramLabel = "N",
      defaultValue = "30",
      description = "How many days to make up. Default: 30")
  private int days;

  @Option(
      names = "--connections-per-second",
      paramLabel = "N",
      defaultValue = "100",
      description = "How many meters start to connect in a second, at most. Default: 100")
  private int connectionsPerSecond;

  @Option(
      names = "--messages-per-second",
      paramLabel = "N",
      defaultValue = "1000",
      description = "How many messages all meters publish in a second, at most. Default: 1000")
  private int messagesPerSecond;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      description = "What made-up homes and pauses depend on. Default: 1")
  private long seed;

  @Spec private CommandSpec spec = CommandSpec.create();

  private final Clock clock;
  private final CountDownLatch stop = new CountDownLatch(1);
  private final CountDownLatch ended = new CountDownLatch(1);

  /// @param clock by which the hours pass
  Simulate(Clock clock) {
    this.clock = clock;
  }

  /// Ends the process with the command's exit code.
  public static void main(String... arguments) {
    var simulate = new Simulate(Clock.systemUTC());
    Runtime.getRuntime().addShutdownHook(new Thread(simulate::stop));
    int code = commandLine(simulate).execute(arguments);
    simulate.ended.countDown();
    System.exit(code);
  }

  static CommandLine commandLine(Simulate simulate) {
    var help = OptionSpec.builder("-h", "--help").usageHelp(true).description("Say this.").build();
    return new CommandLine(CommandSpec.forAnnotatedObject(simulate).addOption(help))
        .setParameterExceptionHandler((e, _) -> {
          e.getCommandLine().getErr().println(e.getMessage());
          e.getCommandLine()
              .getErr()
              .println("scripts/simulate --help says what can be asked for.");
          return CommandLine.ExitCode.USAGE;
        })
        .setExecutionExceptionHandler((e, line, _) -> {
          if (e instanceof IOException) {
            line.getErr().println("It ended early: " + reason(e));
            return CommandLine.ExitCode.SOFTWARE;
          }
          throw e;
        });
  }

  /// Lets all meters leave, and waits until they have.
  void stop() {
    stop.countDown();
    try {
      boolean _ = ended.await(STOPPING_SECONDS_MAX, SECONDS);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public Integer call() throws InterruptedException, IOException {
    try {
      Job job = asked(this::job);
      Optional<Integer> ends = provision(job);
      if (ends.isPresent()) {
        return ends.get();
      }
      try (Fleet fleet = asked(() -> fleet(job))) {
        return run(fleet, new Renewals(fleet, job.folder(), clock, this::changed));
      }
    } finally {
      ended.countDown();
    }
  }

  private interface Question<T> {
    T answer() throws IOException;
  }

  private <T> T asked(Question<T> question) throws IOException {
    try {
      return question.answer();
    } catch (IllegalArgumentException | BadFileException e) {
      throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
    }
  }

  /// What was asked for.
  ///
  /// @param folder of the meters' certificates
  /// @param measurements of the meters that take part
  /// @param without those that have no certificate with which they ever connected; none if there is
  ///   no claim
  private record Job(
      Endpoint endpoint,
      TenantId utility,
      FleetOptions options,
      CertificateFolder folder,
      Measurements measurements,
      List<ThingName> without,
      Optional<MeterCertificate> claim) {}

  /// Gets certificates for those that have none.
  ///
  /// @return the exit code, if it ends with that
  private Optional<Integer> provision(Job job) throws InterruptedException {
    if (job.without().isEmpty()) {
      return Optional.empty();
    }
    say(
        spec.commandLine().getOut(),
        "%,d meters get certificates from %s by the claim."
            .formatted(job.without().size(), job.endpoint()));
    try (var provisioning =
        new Provisioning(
            job.endpoint(),
            job.claim().orElseThrow(),
            job.folder(),
            Provisioning.PER_SECOND_MAX,
            Provisioning.PAUSES)) {
      List<CompletableFuture<MeterCertificate>> each =
          job.without().stream().map(provisioning::provision).toList();
      var all = CompletableFuture.allOf(each.toArray(CompletableFuture[]::new));
      while (!all.isDone()) {
        if (stop.await(1, SECONDS)) {
          return Optional.of(CommandLine.ExitCode.OK);
        }
      }
      each.stream()
          .filter(CompletableFuture::isCompletedExceptionally)
          .forEach(failed -> spec.commandLine().getErr().println(reason(failed.exceptionNow())));
      return all.isCompletedExceptionally()
          ? Optional.of(CommandLine.ExitCode.SOFTWARE)
          : Optional.empty();
    }
  }

  private void changed(ThingName thing, @Nullable Throwable e) {
    if (e == null) {
      say(spec.commandLine().getOut(), thing + " has a new certificate.");
    } else {
      spec.commandLine().getErr().println(reason(e));
    }
  }

  private int run(Fleet fleet, Renewals renewals) throws InterruptedException, IOException {
    PrintWriter out = spec.commandLine().getOut();
    int meters = fleet.meters().size();
    var blocks = new AtomicLong();
    fleet.onProgress(blocks::set);
    say(out, "%,d meters connect to %s. Ctrl-C ends it.".formatted(meters, fleet.endpoint));
    CompletableFuture<Void> connected = fleet.connectAll();
    String last = "";
    for (long second = 1; !stop.await(1, SECONDS); second++) {
      if (connected.isCompletedExceptionally()) {
        spec.commandLine().getErr().println(reason(connected.exceptionNow()));
        return CommandLine.ExitCode.SOFTWARE;
      }
      CompletableFuture<Void> _ = fleet.sendDue();
      if (connected.isDone() && fleet.isDone() && fleet.books().blocks() > 0) {
        say(out, "All is sent.");
        break;
      }
      renewals.startDue();
      if (second % PROGRESS_SECONDS == 0) {
        long ready = fleet.meters().stream().filter(Meter::isReady).count();
        String now =
            "%,d of %,d meters are in and have settings, %,d blocks delivered"
                .formatted(ready, meters, blocks.get());
        if (!now.equals(last)) {
          say(out, now);
          last = now;
        }
      }
    }
    Books books = fleet.books();
    say(
        out,
        ("%,d messages and %,d repeats with %,d blocks of %,d meter-hours: %,d Wh, of which %,d Wh are"
                + " not delivered and %,d Wh were to be refused.")
            .formatted(
                books.messages(),
                books.repeats(),
                books.blocks(),
                books.meterHours(),
                books.sent().value(),
                books.undelivered().value(),
                books.refused().value()));
    return CommandLine.ExitCode.OK;
  }

  private static void say(PrintWriter out, String line) {
    out.println(line);
    out.flush();
  }

  private static String reason(Throwable e) {
    Throwable cause = e.getCause() instanceof IOException c ? c : e;
    // Of these the message is the file, and what is wrong with it is in the name of the class.
    return cause instanceof FileSystemException
        ? cause.toString()
        : String.valueOf(cause.getMessage());
  }

  private Job job() throws IOException {
    Optional<MeterCertificate> claim = claim();
    Endpoint to = endpoint();
    var utility = new TenantId(tenant);
    FleetOptions options =
        FleetOptions.DEFAULT.withRates(connectionsPerSecond, messagesPerSecond).withSeed(seed);
    boolean isThere = Files.isDirectory(certificates);
    if (claim.isEmpty() && !isThere) {
      throw new BadFileException(certificates, "no such folder");
    }
    List<ThingName> there =
        isThere ? new CertificateFolder(certificates).things() : List.<ThingName>of();
    Measurements measurements = measurements(things(there, utility));
    // Made only now that nothing is wrong with what was asked for.
    var folder = new CertificateFolder(certificates);
    var without = new ArrayList<ThingName>();
    for (ThingName thing : measurements.things()) {
      if (folder.current(thing).isEmpty()) {
        without.add(thing);
      }
    }
    if (claim.isEmpty() && !without.isEmpty()) {
      throw noCertificate(folder, without.getFirst());
    }
    return new Job(to, utility, options, folder, measurements, without, claim);
  }

  private BadFileException noCertificate(CertificateFolder folder, ThingName thing)
      throws IOException {
    Optional<MeterCertificate> cutOff = folder.renewed(thing);
    return cutOff.isPresent()
        ? new BadFileException(
            cutOff.get().certificate(),
            "comes, with %s, of a claim that was cut off, and no --claim-certificate to go on with"
                .formatted(cutOff.get().privateKey()))
        : new BadFileException(
            certificates,
            "no certificate of %s, and no --claim-certificate to get it one".formatted(thing));
  }

  private Optional<MeterCertificate> claim() {
    if (claimCertificate.isPresent() != claimKey.isPresent()) {
      throw new IllegalArgumentException("--claim-certificate and --claim-key go together");
    }
    return claimCertificate.map(certificate ->
        new MeterCertificate(
            readable("--claim-certificate", certificate),
            readable("--claim-key", claimKey.orElseThrow())));
  }

  private Fleet fleet(Job job) throws IOException {
    var fleet = new Fleet(job.endpoint(), job.utility(), clock, job.options());
    try {
      for (ThingName thing : job.measurements().things()) {
        // One that has just come in by a claim has only a new pair.
        Optional<MeterCertificate> current = job.folder().current(thing);
        add(
            fleet,
            thing,
            current.isPresent() ? current.get() : job.folder().keep(thing),
            job.measurements().of(thing));
      }
    } catch (IOException | IllegalArgumentException e) {
      fleet.close();
      throw e;
    }
    return fleet;
  }

  private static void add(
      Fleet fleet, ThingName thing, MeterCertificate certificate, LoadProfile profile) {
    try {
      var _ = fleet.add(thing, certificate, profile);
    } catch (CrtRuntimeException e) {
      throw new IllegalArgumentException(
          "the certificate or key of %s, or --server-ca, cannot be used: %s"
              .formatted(thing, e.getMessage()),
          e);
    }
  }

  private Endpoint endpoint() {
    String[] parts = endpoint.split(":", -1);
    boolean right =
        !parts[0].isBlank()
            && (parts.length == 1 || (parts.length == 2 && parts[1].matches("[0-9]{1,5}")));
    if (!right) {
      throw new IllegalArgumentException(
          "--endpoint must be HOST or HOST:PORT, not %s".formatted(endpoint));
    }
    return new Endpoint(
        parts[0],
        parts.length == 1 ? PORT : Integer.parseInt(parts[1]),
        serverCa.map(file -> readable("--server-ca", file)).orElse(null));
  }

  private static Path readable(String option, Path file) {
    if (!Files.isReadable(file)) {
      throw new IllegalArgumentException(option + " cannot be read: " + file);
    }
    return file;
  }

  /// The meters that have a certificate, and those of the list, by name.
  private List<ThingName> things(List<ThingName> there, TenantId utility) throws IOException {
    var things = new TreeSet<ThingName>(there);
    if (list.isPresent()) {
      try {
        MeterListCsv.read(readable("--list", list.get())).stream()
            .filter(meter -> meter.tenant().equals(utility))
            .map(ListedMeter::thing)
            .forEach(things::add);
      } catch (BadListException e) {
        throw new BadFileException(list.get(), e.problems().getFirst());
      }
    }
    return List.copyOf(things);
  }

  private Measurements measurements(List<ThingName> things) throws IOException {
    LocalDate today = LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC);
    Instant yesterday = midnight(today.minusDays(1));
    Instant epochStart = Epoch.containing(clock.instant()).start();
    Instant first =
        firstDay
            .map(Simulate::midnight)
            .orElse(yesterday.isBefore(epochStart) ? midnight(today) : yesterday);
    Measurements all;
    if (readings.isPresent()) {
      all = ReadingsCsv.read(readable("--readings", readings.get())).measurements().movedTo(first);
    } else if (things.isEmpty()) {
      throw new BadFileException(
          certificates, "holds no THING.cert.pem, and neither --list nor --readings names a meter");
    } else {
      LocalDate day = LocalDate.ofInstant(first, ZoneOffset.UTC);
      Iterator<LoadProfile> homes =
          SyntheticLoad.of(seed, things.size(), day, days).profiles().values().iterator();
      var named = new LinkedHashMap<ThingName, LoadProfile>();
      things.forEach(thing -> named.put(thing, homes.next()));
      all = new Measurements(named);
    }
    return from(all, midnight(today).minus(Times.ACCEPTED_FOR));
  }

  /// Leaves out what was measured before.
  private static Measurements from(Measurements all, Instant start) {
    if (!all.start().isBefore(start)) {
      return all;
    }
    if (!start.isBefore(all.end())) {
      throw new IllegalArgumentException("the data ended on " + all.end() + ", too long ago");
    }
    long hours = (all.end().getEpochSecond() - start.getEpochSecond()) / 3_600;
    var later = new LinkedHashMap<ThingName, LoadProfile>();
    all.profiles()
        .forEach((thing, profile) ->
            later.put(
                thing,
                new LoadProfile(
                    start,
                    IntStream.range(0, Math.toIntExact(hours))
                        .map(hour -> profile.energyWh(start.plusSeconds(hour * 3_600L)))
                        .toArray())));
    return new Measurements(later);
  }

  private static Instant midnight(LocalDate day) {
    return day.atStartOfDay(ZoneOffset.UTC).toInstant();
  }
}

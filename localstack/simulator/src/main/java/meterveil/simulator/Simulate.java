package meterveil.simulator;

import static java.util.concurrent.TimeUnit.SECONDS;

import java.io.IOException;
import java.io.PrintWriter;
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
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import meterveil.block.Epoch;
import meterveil.block.Times;
import meterveil.meter.ThingName;
import meterveil.tenant.TenantId;
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
/// Ends with 0 when it was stopped or everything is sent, with 1 when a meter could not connect,
/// with 2 when what was asked for is wrong.
@Command(
    name = "scripts/simulate",
    description = {
      "Connects meters to IoT Core, or to anything that speaks as it does, and lets them report as"
          + " the hours pass, until Ctrl-C.",
      "",
      "Each meter needs a certificate, and its settings from the platform's planner: one without"
          + " settings connects and waits.",
      ""
    },
    sortOptions = false,
    usageHelpAutoWidth = true)
final class Simulate implements Callable<Integer> {

  private static final int PORT = 8883;
  private static final String CERTIFICATE = ".cert.pem";
  private static final String PRIVATE_KEY = ".key.pem";
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
    try (Fleet fleet = fleet()) {
      return run(fleet);
    } finally {
      ended.countDown();
    }
  }

  private int run(Fleet fleet) throws InterruptedException {
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
      if (connected.isDone() && fleet.nextDue().isEmpty() && isAllSent(fleet)) {
        say(out, "All is sent.");
        break;
      }
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

  private static boolean isAllSent(Fleet fleet) {
    Books books = fleet.books();
    return books.blocks() > 0 && books.undelivered().value() == 0;
  }

  private static void say(PrintWriter out, String line) {
    out.println(line);
    out.flush();
  }

  private static String reason(Throwable e) {
    Throwable cause = e.getCause() instanceof ConnectionException c ? c : e;
    return String.valueOf(cause.getMessage());
  }

  private Fleet fleet() throws IOException {
    try {
      List<ThingName> things = things();
      Measurements measurements = measurements(things);
      var fleet =
          new Fleet(
              endpoint(),
              new TenantId(tenant),
              clock,
              FleetOptions.DEFAULT
                  .withRates(connectionsPerSecond, messagesPerSecond)
                  .withSeed(seed));
      try {
        measurements.profiles().forEach((thing, profile) -> add(fleet, thing, profile));
      } catch (IllegalArgumentException e) {
        fleet.close();
        throw e;
      }
      return fleet;
    } catch (IllegalArgumentException | BadFileException e) {
      throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
    }
  }

  private void add(Fleet fleet, ThingName thing, LoadProfile profile) {
    try {
      var _ =
          fleet.add(
              thing,
              new MeterCertificate(
                  certificates.resolve(thing + CERTIFICATE),
                  certificates.resolve(thing + PRIVATE_KEY)),
              profile);
    } catch (CrtRuntimeException e) {
      throw new IllegalArgumentException(
          "the certificate or key of %s cannot be used: %s".formatted(thing, e.getMessage()), e);
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
    serverCa.ifPresent(file -> {
      if (!Files.isReadable(file)) {
        throw new IllegalArgumentException("--server-ca cannot be read: " + file);
      }
    });
    return new Endpoint(
        parts[0], parts.length == 1 ? PORT : Integer.parseInt(parts[1]), serverCa.orElse(null));
  }

  /// The meters that have a certificate, by name.
  private List<ThingName> things() throws IOException {
    if (!Files.isDirectory(certificates)) {
      throw new BadFileException(certificates, "no such folder");
    }
    var things = new ArrayList<ThingName>();
    try (Stream<Path> files = Files.list(certificates)) {
      for (Path file : files.sorted().toList()) {
        String name = file.getFileName().toString();
        if (name.endsWith(CERTIFICATE)) {
          String thing = name.substring(0, name.length() - CERTIFICATE.length());
          if (!Files.isReadable(certificates.resolve(thing + PRIVATE_KEY))) {
            throw new BadFileException(file, "no %s%s beside it".formatted(thing, PRIVATE_KEY));
          }
          things.add(new ThingName(thing));
        }
      }
    }
    if (things.isEmpty()) {
      throw new BadFileException(certificates, "holds no THING" + CERTIFICATE);
    }
    return things;
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
      all = ReadingsCsv.read(readings.get()).measurements().movedTo(first);
      for (ThingName thing : all.things()) {
        if (!things.contains(thing)) {
          throw new BadFileException(
              certificates, "no certificate of %s, which has readings".formatted(thing));
        }
      }
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

package meterveil.benchmarks.speed;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.amazonaws.services.lambda.runtime.api.client.AWSLambda;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import meterveil.benchmarks.Chart;
import meterveil.benchmarks.Goal;
import meterveil.benchmarks.Outcome;
import meterveil.benchmarks.Spread;
import meterveil.benchmarks.Table;
import meterveil.block.Epoch;
import meterveil.embedded.aws.RuntimeInterfaceClient;
import meterveil.plan.AssignmentTable;

/// How long a function takes from the start of its process to its first answer, under AWS's runtime
/// interface client, in a fresh JVM with the memory it is deployed with and one core. Two are
/// started at once where there are two cores, each on its own.
final class ColdStart {

  /// Unless something else is asked for. All of them so often take more than a whole benchmark may.
  private static final int STARTS_OF_COLLECT = 15;

  private static final int STARTS_OF_OTHERS = 2;

  /// After so many the JVM has compiled what it will.
  private static final int WARM_EVENTS = 5_000;

  /// The last of them, which are measured.
  private static final int WARM_MEASURED = 500;

  private static final double MILLIS_MAX = 300;
  private static final double NANOS_PER_MILLI = 1e6;
  private static final double KB_PER_MB = 1_024;
  private static final int SECONDS_MAX = 60;

  /// Of the functions' environment: here it says how far they compile.
  private static final String JVM_OPTIONS = "JAVA_TOOL_OPTIONS";

  /// Of its memory, Lambda gives this share to the heap.
  private static final double HEAP_SHARE = 0.85;

  private static final int AT_ONCE = Math.min(2, Runtime.getRuntime().availableProcessors());

  private static final Path JAVA = Path.of(System.getProperty("java.home"), "bin", "java");
  private static final Path TASKSET = Path.of("/usr/bin/taskset");

  /// How a process is started. Lambda's Java 25 stops at C1 by itself, but not where it restores
  /// (AWS Lambda's developer guide, "Customize Java runtime startup behavior"); the functions'
  /// environment tells it to, there too.
  private enum Setting {
    PLAIN("plain"),
    C1("C1 alone"),
    APP_CDS("C1, AppCDS archive"),
    AOT("C1, AOT cache"),
    RESTORED_C2("restored, C2 too"),
    RESTORED("restored as deployed");

    private final String words;

    Setting(String words) {
      this.words = words;
    }

    boolean stopsAtC1() {
      return this != PLAIN && this != RESTORED_C2;
    }

    boolean isRestored() {
      return this == RESTORED || this == RESTORED_C2;
    }
  }

  /// What one start came to.
  ///
  /// @param millis to the first answer
  /// @param residentKb at most until then, as far as the system tells (Linux, in `/proc`)
  /// @param nanos each event took
  private record Start(double millis, long residentKb, List<Long> nanos) {

    Start {
      nanos = List.copyOf(nanos);
    }
  }

  /// A function made ready to be started.
  private record Prepared(
      Deployed function, Path unpacked, String jars, Path cds, Path aot, long classes) {}

  private final Path repository;
  private final Path work;
  private final Optional<Integer> starts;
  private final String nativeLibrary;

  /// @param repository its root folder, built
  /// @param work an empty folder
  /// @param starts of each function with each setting, if it is not to choose itself
  ColdStart(Path repository, Path work, Optional<Integer> starts) throws IOException {
    this.repository = repository;
    this.work = work;
    this.starts = starts;
    this.nativeLibrary = RuntimeInterfaceClient.nativeLibrary(work);
  }

  /// Measures each function with each setting.
  ///
  /// @throws IllegalStateException if a function does not answer
  Outcome measure() throws IOException, InterruptedException {
    var table =
        new Table(
            "Cold start: process start to first answer, ms; one core, deployed memory",
            "function",
            "plain",
            "C1",
            "C1+AppCDS",
            "C1+AOT",
            "C2 too, restored",
            "restored as deployed",
            "its resident MB",
            "classes",
            "zip MB");
    var warm =
        new Table(
            "Collect warm: ms a daily message on one core, the last %,d of %,d"
                .formatted(WARM_MEASURED, WARM_EVENTS),
            "compiled",
            "from event to answer");
    var chart = new Chart("Cold start of collect", "milliseconds to the first answer, median");
    var figures = new LinkedHashMap<String, Object>();
    double best = Double.NaN;
    List<OnCore<Prepared>> preparing =
        Deployed.all(repository).stream()
            .<OnCore<Prepared>>map(function -> core -> prepare(function, core))
            .toList();
    for (Prepared prepared : onEachCore(preparing)) {
      Deployed function = prepared.function();
      boolean collect = function.name().equals("collect");
      int times = starts.orElse(collect ? STARTS_OF_COLLECT : STARTS_OF_OTHERS);
      var json = new LinkedHashMap<String, Object>();
      var cells = new ArrayList<String>();
      cells.add(function.name());
      long residentKb = 0;
      for (Setting setting : Setting.values()) {
        List<Start> measured =
            onEachCore(
                Collections.nCopies(
                    times, core -> start(prepared, setting, archive(prepared, setting), 1, core)));
        Spread millis = Spread.of(measured.stream().map(Start::millis).toList());
        json.put(setting.name(), millis);
        cells.add(millis.text(0));
        if (collect) {
          chart.bar(setting.words, millis.median(), 0, setting == Setting.RESTORED);
          best = millis.median(); // the last one is what is deployed
        }
        residentKb = measured.stream().mapToLong(Start::residentKb).max().orElseThrow();
      }
      json.put("residentMbMax", residentKb / KB_PER_MB); // of the last one too
      cells.add("%,.0f".formatted(residentKb / KB_PER_MB));
      json.put("starts", times);
      json.put("classesLoaded", prepared.classes());
      json.put("zipBytes", Files.size(function.zip()));
      cells.add("%,d".formatted(prepared.classes()));
      cells.add("%.1f".formatted(Files.size(function.zip()) / 1e6));
      table.row(cells.toArray(String[]::new));
      figures.put(function.name(), json);
      if (collect) {
        json.put("warmMillis", warm(prepared, warm));
      }
    }
    return new Outcome(
        "coldStart",
        List.of(table, warm),
        figures,
        Map.of("cold-start", chart.svg()),
        List.of(
            Goal.atMost(
                "first answer of collect, restored by SnapStart as deployed",
                "ms",
                best,
                MILLIS_MAX)));
  }

  /// What an instance that lives on gives away by not compiling with C2.
  private Map<String, Spread> warm(Prepared prepared, Table table) throws InterruptedException {
    List<Setting> settings = List.of(Setting.RESTORED_C2, Setting.RESTORED);
    List<Start> starts =
        onEachCore(
            settings.stream()
                .<OnCore<Start>>map(
                    setting -> core -> start(prepared, setting, List.of(), WARM_EVENTS, core))
                .toList());
    var millis = new LinkedHashMap<String, Spread>();
    for (int i = 0; i < settings.size(); i++) {
      List<Long> nanos = starts.get(i).nanos();
      Spread spread =
          Spread.of(
              nanos.subList(nanos.size() - WARM_MEASURED, nanos.size()).stream()
                  .map(each -> each / NANOS_PER_MILLI)
                  .toList());
      millis.put(settings.get(i).name(), spread);
      table.row(settings.get(i).words, spread.text(2));
    }
    return millis;
  }

  private Prepared prepare(Deployed function, int core) throws IOException, InterruptedException {
    Path folder = Files.createDirectories(work.resolve(function.name()));
    Path unpacked = folder.resolve("task");
    function.unpack(unpacked);
    var jars = new ArrayList<String>();
    jars.add(Deployed.jar(unpacked, folder.resolve("function.jar")).toString());
    try (Stream<Path> lib = Files.list(unpacked.resolve("lib"))) {
      lib.sorted().map(Path::toString).forEach(jars::add);
    }
    Path log = folder.resolve("classes.log");
    var prepared =
        new Prepared(
            function,
            unpacked,
            String.join(File.pathSeparator, jars),
            folder.resolve("classes.jsa"),
            folder.resolve("classes.aot"),
            0);
    start(prepared, Setting.C1, List.of("-Xlog:class+load:file=" + log), 1, core);
    long classes;
    try (Stream<String> lines = Files.lines(log)) {
      classes = lines.filter(line -> line.contains(" source: ")).count();
    }
    start(
        prepared, Setting.APP_CDS, List.of("-XX:ArchiveClassesAtExit=" + prepared.cds()), 1, core);
    start(prepared, Setting.AOT, List.of("-XX:AOTCacheOutput=" + prepared.aot()), 1, core);
    for (Path archive : List.of(prepared.cds(), prepared.aot())) {
      if (!Files.exists(archive)) {
        throw new IllegalStateException("the JVM has not written " + archive.getFileName());
      }
    }
    return new Prepared(
        function, unpacked, prepared.jars(), prepared.cds(), prepared.aot(), classes);
  }

  private static List<String> archive(Prepared prepared, Setting setting) {
    return switch (setting) {
      case PLAIN, C1, RESTORED_C2, RESTORED -> List.of();
      case APP_CDS -> List.of("-XX:SharedArchiveFile=" + prepared.cds(), "-Xshare:on");
      case AOT -> List.of("-XX:AOTCache=" + prepared.aot(), "-XX:AOTMode=on");
    };
  }

  /// What is done on one core.
  private interface OnCore<T> {
    T on(int core) throws IOException, InterruptedException;
  }

  /// Does as much at once as there are cores for, each on its own.
  private static <T> List<T> onEachCore(List<OnCore<T>> tasks) throws InterruptedException {
    var cores =
        new ArrayBlockingQueue<>(AT_ONCE, true, IntStream.range(0, AT_ONCE).boxed().toList());
    try (var threads = Executors.newFixedThreadPool(AT_ONCE)) {
      var begun = new ArrayList<Future<T>>();
      for (OnCore<T> task : tasks) {
        begun.add(
            threads.submit(() -> {
              int core = cores.take();
              try {
                return task.on(core);
              } finally {
                cores.put(core);
              }
            }));
      }
      var done = new ArrayList<T>();
      for (Future<T> each : begun) {
        done.add(each.get());
      }
      return done;
    } catch (ExecutionException e) {
      throw new IllegalStateException("a function did not start", e);
    }
  }

  /// One start.
  ///
  /// @param events how many are answered, one after the other
  private Start start(
      Prepared prepared, Setting setting, List<String> options, int events, int core)
      throws IOException, InterruptedException {
    Deployed function = prepared.function();
    Path log = prepared.unpacked().resolveSibling("log-%d.txt".formatted(core));
    boolean archived = setting == Setting.APP_CDS || setting == Setting.AOT;
    try (var first = new OneStart(event(function.name()), events, answers(function.name()))) {
      var command = new ArrayList<String>();
      if (Files.isExecutable(TASKSET)) {
        command.addAll(List.of(TASKSET.toString(), "-c", Integer.toString(core)));
      }
      command.add(JAVA.toString());
      command.add("-XX:ActiveProcessorCount=1");
      command.add("-XX:+UseSerialGC");
      command.add("-Xmx" + (int) (function.memoryMb() * HEAP_SHARE) + "m");
      command.add("-Dorg.crac.Core.Compat=com.amazonaws.services.lambda.crac");
      command.add("--enable-native-access=ALL-UNNAMED");
      command.add(nativeLibrary);
      command.addAll(options);
      command.add("-cp");
      // Archives hold what the JVM's own class loader loads, as a container image has it.
      command.add(
          archived
              ? RuntimeInterfaceClient.classPath() + File.pathSeparator + prepared.jars()
              : RuntimeInterfaceClient.classPath());
      command.add(AWSLambda.class.getName());
      command.add(function.handler());
      var builder =
          new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
      builder.directory(prepared.unpacked().toFile()); // where it looks for classes
      builder.environment().clear();
      builder.environment().putAll(function.environment());
      builder.environment().putAll(environment(first, prepared, setting));
      long begun = System.nanoTime();
      Process process = builder.start();
      try {
        long answered = first.answered().get(SECONDS_MAX, TimeUnit.SECONDS);
        List<Long> nanos = first.all().get(SECONDS_MAX, TimeUnit.SECONDS);
        if (first.error().isPresent()) {
          throw new IllegalStateException(function.name() + " failed: " + first.error().get());
        }
        long from = setting.isRestored() ? first.restoredNanos() : begun;
        if (from == 0) {
          throw new IllegalStateException(function.name() + " never asked to be restored");
        }
        return new Start((answered - from) / NANOS_PER_MILLI, residentKb(process), nanos);
      } catch (ExecutionException | TimeoutException e) {
        throw new IllegalStateException(
            "%s gave no answer: %s".formatted(function.name(), Files.readString(log)), e);
      } finally {
        process.destroy(); // not by force: it may have an archive to write
        if (!process.waitFor(SECONDS_MAX, TimeUnit.SECONDS)) {
          process.destroyForcibly();
        }
      }
    }
  }

  private static long residentKb(Process process) throws IOException {
    Path status = Path.of("/proc", Long.toString(process.pid()), "status");
    if (!Files.exists(status)) {
      return 0;
    }
    try (Stream<String> lines = Files.lines(status)) {
      return lines
          .filter(line -> line.startsWith("VmHWM:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
          .sum();
    }
  }

  private static Map<String, String> environment(
      OneStart first, Prepared prepared, Setting setting) {
    var variables = new LinkedHashMap<String, String>();
    variables.put("PATH", "/usr/local/bin:/usr/bin:/bin");
    variables.put("LANG", "en_US.UTF-8");
    variables.put("TZ", ":UTC");
    variables.put("AWS_LAMBDA_RUNTIME_API", first.authority());
    variables.put("LAMBDA_TASK_ROOT", prepared.unpacked().toString());
    variables.put("AWS_REGION", "us-west-2");
    if (!setting.stopsAtC1()) {
      variables.put(JVM_OPTIONS, "");
    }
    if (setting.isRestored()) { // a snapshot holds no credentials: they are fetched
      variables.put("AWS_CONTAINER_CREDENTIALS_FULL_URI", first.credentials());
      variables.put("AWS_CONTAINER_AUTHORIZATION_TOKEN", "none");
    } else {
      variables.put("AWS_ACCESS_KEY_ID", "none");
      variables.put("AWS_SECRET_ACCESS_KEY", "none");
    }
    variables.put("AWS_ENDPOINT_URL", "http://" + first.authority());
    variables.put("AWS_ENDPOINT_URL_IOT_DATA_PLANE", "http://" + first.authority());
    variables.put("AWS_ENDPOINT_URL_IOT", "http://" + first.authority());
    variables.put("AWS_LAMBDA_FUNCTION_NAME", "one");
    variables.put("AWS_LAMBDA_FUNCTION_VERSION", "1");
    variables.put(
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", Integer.toString(prepared.function().memoryMb()));
    variables.put("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/one");
    variables.put("AWS_LAMBDA_LOG_STREAM_NAME", "one");
    variables.put(
        "AWS_LAMBDA_INITIALIZATION_TYPE", setting.isRestored() ? "snap-start" : "on-demand");
    return variables;
  }

  /// A first event that goes all the way; but admit and register turn the meter away.
  private static String event(String function) {
    String yesterday = yesterday().toString();
    String readings =
        IntStream.range(0, CollectBenchmark.HOURS)
            .mapToObj(hour -> Integer.toString(120 + hour))
            .collect(
                Collectors.joining(",", "{\"start\":\"" + yesterday + "\",\"energyWh\":[", "]}"));
    String status =
        "{\"sequence\":7,\"firmware\":\"1.0.0\",\"batteryPercent\":97,\"signalDbm\":-71,\"faults\":[],\"uptimeSeconds\":86400,\"blocksGivenUp\":0}";
    return switch (function) {
      case "collect" -> ruled(readings, ",\"cohort\":\"" + cohort() + "\"");
      case "status" -> ruled(status, "");
      case "resend" ->
          "{\"ruleName\":\"collect_readings\",\"topic\":\"mv/1/demo/%s/meter-000123/readings\",\"clientId\":\"meter-000123\",\"base64OriginalPayload\":\"%s\",\"failures\":[]}"
              .formatted(cohort(), base64(readings));
      case "admit" ->
          "{\"claimCertificateId\":\"1\",\"certificateId\":\"2\",\"certificatePem\":\"none\",\"templateArn\":\"arn:aws:iot:us-west-2:000000000000:provisioningtemplate/meter\",\"clientId\":\"meter-000123\",\"parameters\":{\"SerialNumber\":\"meter-000123\"}}";
      case "presence" ->
          "{\"clientId\":\"meter-000123\",\"eventType\":\"connected\",\"timestamp\":%d,\"versionNumber\":1,\"sessionIdentifier\":\"00000000-0000-0000-0000-000000000000\"}"
              .formatted(yesterday().toEpochMilli());
      case "register" -> "{\"certificateId\":\"%s\"}".formatted("0".repeat(64));
      default -> "{}"; // called by a schedule
    };
  }

  private static String ruled(String payload, String more) {
    return "{\"payload\":\"%s\",\"tenant\":\"demo\",\"thing\":\"meter-000123\"%s}"
        .formatted(base64(payload), more);
  }

  private static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(UTF_8));
  }

  private static Instant yesterday() {
    return LocalDate.ofInstant(Clock.systemUTC().instant(), ZoneOffset.UTC)
        .atStartOfDay(ZoneOffset.UTC)
        .toInstant()
        .minus(Duration.ofDays(1));
  }

  private static String cohort() {
    return "%05d-north-re-1".formatted(Epoch.containing(yesterday()).number());
  }

  /// One tenant with one cohort and one meter, a plan that is in force, and for release a day that
  /// is due.
  private static Map<String, String> answers(String function) {
    Instant today = yesterday().plus(Duration.ofDays(1));
    String cohort =
        "{\"tenant\":{\"S\":\"demo\"},\"cohort\":{\"S\":\"%s\"},\"district\":{\"S\":\"north\"},\"tariffClass\":{\"S\":\"RESIDENTIAL\"},\"commodity\":{\"S\":\"ELECTRICITY\"},\"members\":{\"N\":\"50\"},\"blockHours\":{\"N\":\"24\"}}"
            .formatted(cohort());
    String tenant = "{\"tenant\":{\"S\":\"demo\"},\"retentionDays\":{\"N\":\"30\"}}";
    String meter =
        "{\"thing\":{\"S\":\"meter-000123\"},\"tenant\":{\"S\":\"demo\"},\"district\":{\"S\":\"north\"},\"tariffClass\":{\"S\":\"RESIDENTIAL\"},\"commodity\":{\"S\":\"ELECTRICITY\"},\"state\":{\"S\":\"PROVISIONED\"},\"listedAt\":{\"S\":\"%s\"},\"certificateId\":{\"S\":\"%s\"},\"certificateExpiresAt\":{\"S\":\"2049-01-01T00:00:00Z\"},\"leaving\":{\"BOOL\":false}}"
            .formatted(yesterday(), "0".repeat(64));
    String sign =
        "{\"thing\":{\"S\":\"meter-000123\"},\"online\":{\"BOOL\":true},\"lastSeen\":{\"S\":\"%s\"},\"blocksGivenUp\":{\"N\":\"0\"},\"expiresAt\":{\"N\":\"%d\"}}"
            .formatted(today, today.plus(Duration.ofDays(30)).getEpochSecond());
    String plan =
        "{\"attempt\":{\"S\":\"1\"},\"kept\":{\"BOOL\":true},\"shardsDone\":{\"NS\":[%s]}}"
            .formatted(
                IntStream.range(0, AssignmentTable.SHARDS)
                    .mapToObj("\"%d\""::formatted)
                    .collect(Collectors.joining(",")));
    String dayKey =
        "{\"tenant\":{\"S\":\"demo\"},\"day\":{\"S\":\"%s\"},\"wrapped\":{\"B\":\"AAAA\"}}"
            .formatted(LocalDate.ofInstant(today, ZoneOffset.UTC).minusDays(2));
    var answers = new LinkedHashMap<String, String>();
    answers.put("GetItem COHORTS_TABLE", "{\"Item\":%s}".formatted(cohort));
    answers.put("Query COHORTS_TABLE", "{\"Items\":[%s]}".formatted(cohort));
    answers.put("GetItem TENANTS_TABLE", "{\"Item\":%s}".formatted(tenant));
    answers.put("Scan TENANTS_TABLE", "{\"Items\":[%s]}".formatted(tenant));
    answers.put("GetItem METERS_TABLE", "{\"Item\":%s}".formatted(meter));
    answers.put("Query METERS_TABLE", "{\"Items\":[%s]}".formatted(meter));
    answers.put("Query DEVICE_STATUS_TABLE", "{\"Items\":[%s]}".formatted(sign));
    answers.put("GetItem ASSIGNMENTS_TABLE", "{\"Item\":%s}".formatted(plan));
    if (function.equals("release")) { // for collect the day begins
      answers.put("GetItem DAY_KEYS_TABLE", "{\"Item\":%s}".formatted(dayKey));
      answers.put("Query DAY_KEYS_TABLE", "{\"Items\":[%s]}".formatted(dayKey));
    }
    return answers;
  }
}

package meterveil.embedded.aws;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.util.RawValue;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import meterveil.embedded.FunctionClock;
import meterveil.embedded.aws.CloudAssembly.Resource;
import meterveil.embedded.policy.PolicyDocument;
import meterveil.embedded.policy.Principal;
import meterveil.embedded.policy.Request;
import org.jspecify.annotations.Nullable;

/// The template's functions, and Lambda's asynchronous invocation of them: a queue for each,
/// retries, the age of events, and the destination of what failed.
///
/// Retries wait in real time, as short as the run wants; the age of an event is by the moved clock.
public final class Functions implements AutoCloseable {

  /// What every function's JVM is started with. Small and quick to start, as Lambda's small
  /// machines are too; the heap grows when it is needed. Compiling begins early (after 200 calls it
  /// would otherwise), as most functions are not called more often than that in a run.
  static final List<String> JVM_OPTIONS =
      List.of(
          "-Xms16m",
          "-XX:MaxNewSize=16m",
          "-XX:-UsePerfData",
          "-XX:+UseSerialGC",
          "-XX:ReservedCodeCacheSize=32m",
          "-XX:Tier3InvocationThreshold=30",
          "-XX:Tier3MinInvocationThreshold=15",
          "-XX:Tier3CompileThreshold=300",
          "--enable-native-access=ALL-UNNAMED",
          "-Dorg.crac.Core.Compat=com.amazonaws.services.lambda.crac");

  private static final JsonMapper MAPPER = new JsonMapper();

  /// Lambda's defaults for asynchronous invocation.
  private static final int RETRIES_MAX = 2;

  private static final Duration AGE_MAX = Duration.ofHours(6);

  /// Where the function's name stands in an ARN, counting from 0.
  private static final int FUNCTION_OF_ARN = 6;

  /// What a test makes of an event as it is about to be given to a process.
  public enum Delivery {
    DELIVER,
    /// The process is killed with the event in its hands.
    CRASH,
    /// The event disappears, without an error, a retry or a record.
    LOSE
  }

  /// Decides what becomes of events.
  public interface EventFault {
    /// @param number of the event given to this function since the fault was set, from 1
    Delivery of(int number, String payload);
  }

  /// How functions are run.
  ///
  /// @param retryDelays before the first, the second, … retry; the last one for all later ones
  /// @param processesMax of one function, unless the template reserves fewer
  /// @param kept a folder for unpacked functions and what their JVMs start faster from, from run to
  ///   run
  public record Settings(List<Duration> retryDelays, int processesMax, Path kept) {
    /// @throws IllegalArgumentException if there is no delay or no process
    public Settings {
      retryDelays = List.copyOf(retryDelays);
      if (retryDelays.isEmpty() || processesMax < 1) {
        throw new IllegalArgumentException("a delay and a process at least");
      }
    }
  }

  /// What can be invoked: a function by its ARN, or by the ARN of an alias or version of it.
  record Target(
      LambdaFunction function,
      String arn,
      int retriesMax,
      Duration ageMax,
      @Nullable String destination) {}

  private record Fault(EventFault fault, AtomicInteger seen) {}

  private final CloudAssembly assembly;
  private final Roles roles;
  private final Clock clock;
  private final Logs logs;
  private final Settings settings;
  private final Charges charges;
  private final Path work;
  private final List<String> processOptions;
  private final Map<String, String> platformVariables;
  private final Map<String, LambdaFunction> functions = new LinkedHashMap<>();
  private final Map<String, Target> targets = new LinkedHashMap<>();
  private final List<PolicyDocument> permissions = new ArrayList<>();
  private final Map<LambdaFunction, Fault> faults = new ConcurrentHashMap<>();
  private final Map<LambdaFunction, Consumer<byte[]>> listeners = new ConcurrentHashMap<>();
  private final Map<String, Long> givenUp = new ConcurrentHashMap<>();
  private final List<FailureRecord> failureRecords = new CopyOnWriteArrayList<>();
  private final AtomicLong pending = new AtomicLong();
  private final ScheduledThreadPoolExecutor timer;

  /// @param work for what the processes write beside their logs
  /// @param clockFile of the [meterveil.embedded.MovableClock]
  /// @param platformVariables what every function's environment has beside its own and Lambda's
  /// @throws IllegalArgumentException naming the resource, if a function cannot work as deployed
  Functions(
      CloudAssembly assembly,
      Roles roles,
      Clock clock,
      Logs logs,
      Path work,
      Settings settings,
      Charges charges,
      Path clockFile,
      Map<String, String> platformVariables)
      throws IOException {
    this.assembly = assembly;
    this.roles = roles;
    this.clock = clock;
    this.logs = logs;
    this.work = Files.createDirectories(work);
    this.settings = settings;
    this.charges = charges;
    this.platformVariables = Map.copyOf(platformVariables);
    this.timer = new ScheduledThreadPoolExecutor(1, Thread.ofPlatform().daemon().factory());
    timer.setRemoveOnCancelPolicy(true);
    Path temporary = Files.createDirectories(work.resolve("tmp"));
    this.processOptions =
        List.of(
            "-D" + FunctionClock.FILE + "=" + clockFile,
            "-Djava.io.tmpdir=" + temporary,
            RuntimeInterfaceClient.nativeLibrary(work));
    for (Resource function : assembly.ofType("AWS::Lambda::Function")) {
      functions.put(function.name(), function(function));
    }
    findTargets();
    assembly.ofType("AWS::Lambda::Permission").forEach(this::permit);
    targets.values().forEach(this::checkDestination);
  }

  private LambdaFunction function(Resource resource) {
    JsonNode properties = resource.properties();
    if (!properties.path("Runtime").asText().equals("java25")) {
      throw resource.refused("has a runtime that is not implemented");
    }
    String roleArn = properties.path("Role").asText();
    Resource role = assembly.withArn(roleArn);
    if (role == null || !roles.trusts(roleArn, "lambda.amazonaws.com", Map.of())) {
      throw resource.refused("has a role that Lambda may not assume");
    }
    String logGroup =
        properties.path("LoggingConfig").path("LogGroup").asText("/aws/lambda/" + resource.name());
    String stream =
        "arn:aws:logs:%s:%s:log-group:%s:log-stream:embedded"
            .formatted(assembly.region(), assembly.account(), logGroup);
    for (String action : List.of("logs:CreateLogStream", "logs:PutLogEvents")) {
      if (!roles.decide(roleArn, new Request(action, stream, Map.of())).allowed()) {
        throw resource.refused("has a role that may not write its log: " + action);
      }
    }
    return new LambdaFunction(
        resource,
        roles.of(role),
        roleArn,
        logGroup,
        Math.min(
            settings.processesMax,
            properties.path("ReservedConcurrentExecutions").asInt(settings.processesMax)),
        this);
  }

  private void findTargets() {
    var configurations = new LinkedHashMap<String, Resource>();
    for (Resource configuration : assembly.ofType("AWS::Lambda::EventInvokeConfig")) {
      String function = configuration.properties().path("FunctionName").asText();
      String qualifier = configuration.properties().path("Qualifier").asText();
      configurations.put(
          arn(function) + (qualifier.equals("$LATEST") ? "" : ":" + qualifier), configuration);
    }
    for (String type :
        List.of("AWS::Lambda::Function", "AWS::Lambda::Version", "AWS::Lambda::Alias")) {
      for (Resource resource : assembly.ofType(type)) {
        LambdaFunction function = functions.get(resource.arn().split(":", -1)[FUNCTION_OF_ARN]);
        if (function == null) {
          throw resource.refused("is of a function that is not there");
        }
        targets.put(
            resource.arn(),
            target(function, resource.arn(), configurations.remove(resource.arn())));
      }
    }
    for (Resource unused : configurations.values()) {
      throw unused.refused("is for a function or alias that is not there");
    }
  }

  private static Target target(
      LambdaFunction function, String arn, @Nullable Resource configuration) {
    if (configuration == null) {
      return new Target(function, arn, RETRIES_MAX, AGE_MAX, null);
    }
    ObjectNode properties = configuration.properties();
    JsonNode destinations = properties.path("DestinationConfig");
    if (destinations.has("OnSuccess")) {
      throw configuration.refused("has a destination of successes, which is not implemented");
    }
    return new Target(
        function,
        arn,
        properties.path("MaximumRetryAttempts").asInt(RETRIES_MAX),
        Duration.ofSeconds(properties.path("MaximumEventAgeInSeconds").asLong(AGE_MAX.toSeconds())),
        destinations.path("OnFailure").path("Destination").asText(null));
  }

  /// The ARN of a function that is given by name or ARN.
  private String arn(String function) {
    return function.startsWith("arn:")
        ? function
        : "arn:aws:lambda:%s:%s:function:%s"
            .formatted(assembly.region(), assembly.account(), function);
  }

  /// A permission is a statement of the function's own policy.
  private void permit(Resource permission) {
    ObjectNode properties = permission.properties();
    ObjectNode document = MAPPER.createObjectNode().put("Version", "2012-10-17");
    ObjectNode statement = document.putArray("Statement").addObject().put("Effect", "Allow");
    statement.set("Action", properties.path("Action"));
    statement.put("Resource", arn(properties.path("FunctionName").asText()));
    String principal = properties.path("Principal").asText();
    statement
        .putObject("Principal")
        .put(principal.endsWith(".amazonaws.com") ? "Service" : "AWS", principal);
    if (properties.has("SourceArn")) {
      statement.withObject("/Condition/ArnLike").set("aws:SourceArn", properties.path("SourceArn"));
    }
    if (properties.has("SourceAccount")) {
      statement
          .withObject("/Condition/StringEquals")
          .set("aws:SourceAccount", properties.path("SourceAccount"));
    }
    permissions.add(PolicyDocument.parse(document, permission.logicalId()));
  }

  private void checkDestination(Target target) {
    String destination = target.destination;
    if (destination != null && !roleMayInvoke(target.function.roleArn(), destination)) {
      throw new IllegalArgumentException(
          "%s: its role may not invoke its failure destination %s, or that is not a function here"
              .formatted(target.arn, destination));
    }
  }

  /// Whether a function, by the ARN of it or its alias, is there and a role's policies let it
  /// invoke that.
  public boolean roleMayInvoke(String roleArn, String functionArn) {
    return targets.containsKey(functionArn)
        && roles
            .decide(roleArn, new Request("lambda:InvokeFunction", functionArn, Map.of()))
            .allowed();
  }

  /// Whether a function, by the ARN of it or its alias, is there and has a permission for a
  /// service.
  ///
  /// @param service for instance `iot.amazonaws.com`
  /// @param sourceArn what of the service invokes
  public boolean serviceMayInvoke(String service, String sourceArn, String functionArn) {
    var request =
        new Request(
            "lambda:InvokeFunction",
            functionArn,
            Map.of(
                "aws:SourceArn",
                List.of(sourceArn),
                "aws:SourceAccount",
                List.of(assembly.account())),
            Set.of(Principal.service(service)));
    return targets.containsKey(functionArn)
        && permissions.stream().anyMatch(permission -> permission.evaluate(request).allowed());
  }

  /// Takes an event for a function, as Lambda takes an asynchronous invocation, and returns.
  ///
  /// @param functionArn of a function or an alias
  /// @throws IllegalArgumentException if there is no such function
  public void invokeAsync(String functionArn, byte[] payload) {
    submit(new Invocation(target(functionArn), payload, clock.instant(), null));
  }

  /// Invokes a function and hands over its answer. There are no retries.
  ///
  /// @param functionArn of a function or an alias
  /// @throws IllegalArgumentException if there is no such function
  public CompletableFuture<Outcome> invoke(String functionArn, byte[] payload) {
    var outcome = new CompletableFuture<Outcome>();
    submit(new Invocation(target(functionArn), payload, clock.instant(), outcome));
    return outcome;
  }

  private Target target(String functionArn) {
    Target target = targets.get(functionArn);
    if (target == null) {
      throw new IllegalArgumentException("there is no function " + functionArn);
    }
    return target;
  }

  private void submit(Invocation invocation) {
    pending.incrementAndGet();
    invocation.target().function().add(invocation);
  }

  Delivery delivery(LambdaFunction function, Invocation invocation) {
    Fault fault = faults.get(function);
    return fault == null
        ? Delivery.DELIVER
        : fault.fault.of(fault.seen.incrementAndGet(), text(invocation.payload()));
  }

  /// Gives an event up if it has waited for too long.
  boolean expired(Invocation invocation) {
    boolean expired =
        invocation.waiting() == null
            && invocation.accepted().plus(invocation.target().ageMax()).isBefore(clock.instant());
    if (expired) {
      giveUp(invocation, "EventAgeExceeded", null);
      done();
    }
    return expired;
  }

  void ended(Invocation invocation, Outcome outcome) {
    LambdaFunction function = invocation.target().function();
    charges.worked(function.logicalId(), invocation.busyNanos());
    if (outcome instanceof Outcome.Answered) {
      listeners.getOrDefault(function, _ -> {}).accept(invocation.payload());
    }
    CompletableFuture<Outcome> waiting = invocation.waiting();
    if (waiting != null) {
      done();
      waiting.complete(outcome);
      return;
    }
    switch (outcome) {
      case Outcome.Answered _ -> done();
      case Outcome.Failed failed -> {
        if (invocation.attempts() > invocation.target().retriesMax()) {
          giveUp(invocation, "RetriesExhausted", failed);
          done();
        } else {
          List<Duration> delays = settings.retryDelays;
          Duration delay = delays.get(Math.min(invocation.attempts(), delays.size()) - 1);
          var _ =
              timer.schedule(
                  () -> function.add(invocation), delay.toMillis(), TimeUnit.MILLISECONDS);
        }
      }
    }
  }

  private void giveUp(Invocation invocation, String condition, Outcome.@Nullable Failed failed) {
    String destination = invocation.target().destination();
    if (destination == null) {
      givenUp.merge(invocation.target().function().logicalId(), 1L, Long::sum);
      return;
    }
    String record = failureRecord(invocation, condition, failed);
    failureRecords.add(new FailureRecord(destination, record));
    invokeAsync(destination, record.getBytes(StandardCharsets.UTF_8));
  }

  /// The record in Lambda's own format ("Capturing records of Lambda asynchronous invocations").
  private String failureRecord(
      Invocation invocation, String condition, Outcome.@Nullable Failed failed) {
    var record = MAPPER.createObjectNode();
    record.put("version", "1.0");
    record.put("timestamp", clock.instant().truncatedTo(ChronoUnit.MILLIS).toString());
    record
        .putObject("requestContext")
        .put("requestId", invocation.requestId())
        .put("functionArn", invocation.target().arn())
        .put("condition", condition)
        .put("approximateInvokeCount", invocation.attempts());
    record.putRawValue("requestPayload", new RawValue(text(invocation.payload())));
    if (failed != null) {
      record
          .putObject("responseContext")
          .put("statusCode", 200)
          .put("executedVersion", "1")
          .put("functionError", "Unhandled");
      record.putRawValue("responsePayload", new RawValue(failed.payload()));
    }
    try {
      return MAPPER.writeValueAsString(record);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException("a record that was just made", e);
    }
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  /// An event is over, one way or another.
  void done() {
    if (pending.decrementAndGet() == 0) {
      synchronized (pending) {
        pending.notifyAll();
      }
    }
  }

  /// Waits until no event is pending at some moment, or the time is over.
  public void awaitNone(Duration atMost) throws InterruptedException {
    long deadline = System.nanoTime() + atMost.toNanos();
    synchronized (pending) {
      long left = atMost.toNanos();
      while (pending.get() > 0 && left > 0) {
        TimeUnit.NANOSECONDS.timedWait(pending, left);
        left = deadline - System.nanoTime();
      }
    }
  }

  /// Events that wait, run, or are to be tried again.
  public long pending() {
    return pending.get();
  }

  /// How many events failed every time, or waited for too long, and were handed to nobody, by the
  /// function's logical id.
  public Map<String, Long> givenUp() {
    return Map.copyOf(givenUp);
  }

  /// Every record that was sent to a failure destination.
  public List<FailureRecord> failureRecords() {
    return List.copyOf(failureRecords);
  }

  /// What Lambda says of an event that it gave up.
  ///
  /// @param destination ARN of the function that it was handed to
  /// @param json the record, with the event as it was
  public record FailureRecord(String destination, String json) {}

  /// Tells somebody of each event that a function has dealt with, as it was given to it. Called on
  /// the thread that took the function's answer.
  ///
  /// @param constructId the beginning of the function's logical id
  public void onAnswer(String constructId, Consumer<byte[]> listener) {
    listeners.put(function(constructId), listener);
  }

  /// Lets a test decide what becomes of a function's events from now on.
  ///
  /// @param constructId the beginning of the function's logical id
  public void setFault(String constructId, EventFault fault) {
    faults.put(function(constructId), new Fault(fault, new AtomicInteger()));
  }

  /// Lets all events of a function be delivered again.
  public void clearFault(String constructId) {
    faults.remove(function(constructId));
  }

  /// Starts a process of a function ahead of its first event, as publishing a version with
  /// SnapStart does.
  ///
  /// @param constructId the beginning of the function's logical id
  public void startAhead(String constructId) {
    function(constructId).startAhead();
  }

  /// Ends every process of a function at once, as a crash would.
  public void kill(String constructId) {
    function(constructId).kill();
  }

  private LambdaFunction function(String constructId) {
    String name = assembly.named("AWS::Lambda::Function", constructId).name();
    return Objects.requireNonNull(functions.get(name));
  }

  /// The ARN by which a function is invoked: its alias's, if it has one.
  ///
  /// @param constructId the beginning of the function's logical id
  public String functionArn(String constructId) {
    LambdaFunction function = function(constructId);
    return assembly.ofType("AWS::Lambda::Alias").stream()
        .map(Resource::arn)
        .filter(arn -> target(arn).function == function)
        .findFirst()
        .orElseGet(() -> arn(function.name()));
  }

  String region() {
    return assembly.region();
  }

  Logs logs() {
    return logs;
  }

  ScheduledExecutorService timer() {
    return timer;
  }

  List<String> processOptions() {
    return processOptions;
  }

  Map<String, String> platformVariables() {
    return platformVariables;
  }

  /// A function's zip, unpacked.
  FunctionCode code(Resource function) throws IOException {
    String key = function.properties().path("Code").path("S3Key").asText();
    return FunctionCode.of(function.name(), assembly.asset(key), settings.kept, work);
  }

  /// Ends every process.
  @Override
  public void close() {
    CompletableFuture.allOf(
            functions.values().stream()
                .map(LambdaFunction::close)
                .toArray(CompletableFuture[]::new))
        .join();
    timer.shutdownNow();
  }
}

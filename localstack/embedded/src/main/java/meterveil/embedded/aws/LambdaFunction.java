package meterveil.embedded.aws;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import meterveil.embedded.aws.CloudAssembly.Resource;
import meterveil.embedded.aws.Functions.Delivery;
import org.jspecify.annotations.Nullable;

/// One function of the template: its queue of events, and as many processes as these need and it
/// may have.
final class LambdaFunction {

  /// Lambda's own defaults.
  private static final int MEMORY_MB = 128;

  private static final int TIMEOUT_SECONDS = 3;

  /// What Lambda's Java runtime leaves of the memory to the heap.
  private static final double HEAP_SHARE = 0.85;

  /// How long events have to wait before a second process is started, and each after that: most
  /// bursts are over by then, and a start costs as much as a hundred events.
  private static final int GROWN_AFTER_MILLIS = 2_500;

  /// Functions give way to the database and the platform, for which all of them wait.
  private static final List<String> GIVING_WAY = List.of("nice", "-n", "5");

  /// An event for a process.
  ///
  /// @param crash whether the process is to be killed with it
  record Taken(Invocation invocation, boolean crash) {}

  private final Resource resource;
  private final Roles.Credentials credentials;
  private final String roleArn;
  private final String logGroup;
  private final int processesMax;
  private final Functions functions;
  private final BlockingQueue<Invocation> queue = new LinkedBlockingQueue<>();
  private final Set<ExecutionEnvironment> environments = new HashSet<>();
  private final Set<ExecutionEnvironment> spare = new HashSet<>();
  private @Nullable ExecutionEnvironment starting;
  private boolean waiting;
  private @Nullable FunctionCode code;

  /// The process that records the archive of classes.
  private @Nullable ExecutionEnvironment recording;

  private boolean closed;

  LambdaFunction(
      Resource resource,
      Roles.Credentials credentials,
      String roleArn,
      String logGroup,
      int processesMax,
      Functions functions) {
    this.resource = resource;
    this.credentials = credentials;
    this.roleArn = roleArn;
    this.logGroup = logGroup;
    this.processesMax = processesMax;
    this.functions = functions;
  }

  /// The beginning of its logical id names it, as with tables and roles.
  String logicalId() {
    return resource.logicalId();
  }

  String name() {
    return resource.name();
  }

  String roleArn() {
    return roleArn;
  }

  Roles.Credentials credentials() {
    return credentials;
  }

  boolean snapStart() {
    return resource
        .properties()
        .path("SnapStart")
        .path("ApplyOn")
        .asText()
        .equals("PublishedVersions");
  }

  Duration timeout() {
    return Duration.ofSeconds(resource.properties().path("Timeout").asInt(TIMEOUT_SECONDS));
  }

  private int memoryMb() {
    return resource.properties().path("MemorySize").asInt(MEMORY_MB);
  }

  /// Queues an event, and starts a process if there is none, or later if all stay busy.
  void add(Invocation invocation) {
    queue.add(invocation);
    grow();
  }

  /// Starts a process before there is an event for it, unless there is one already.
  synchronized void startAhead() {
    if (!closed && environments.isEmpty()) {
      startOne();
    }
  }

  private synchronized void grow() {
    if (!needsAnother()) {
      return;
    }
    if (environments.isEmpty()) {
      startOne();
    } else if (!waiting) {
      waiting = true;
      var _ =
          functions.timer().schedule(this::hasWaited, GROWN_AFTER_MILLIS, TimeUnit.MILLISECONDS);
    }
  }

  /// Whether all are busy, none is about to come up, and it may have another.
  private boolean needsAnother() {
    return !closed
        && starting == null
        && environments.size() < processesMax
        && queue.size() > spare.size();
  }

  private void startOne() {
    try {
      var environment = start();
      environments.add(environment);
      spare.add(environment);
      starting = environment;
      environment.watch();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot start " + resource.logicalId(), e);
    }
  }

  private synchronized void isUp(ExecutionEnvironment environment) {
    if (environment == starting) {
      starting = null;
    }
    grow();
  }

  private synchronized void hasWaited() {
    waiting = false;
    if (needsAnother()) {
      startOne();
    }
  }

  private ExecutionEnvironment start() throws IOException {
    FunctionCode unpacked = code;
    if (unpacked == null) {
      unpacked = functions.code(resource);
      code = unpacked;
    }
    Path log = functions.logs().stream(logGroup);
    var command = new ArrayList<>(GIVING_WAY);
    command.add(DynamoDbLocal.JAVA.toString());
    command.add("-Xmx" + (int) (memoryMb() * HEAP_SHARE) + "m");
    command.addAll(Functions.JVM_OPTIONS);
    command.addAll(functions.processOptions());
    boolean records = recording == null && !unpacked.archive().exists();
    if (recording == null) {
      command.addAll(unpacked.archive().options());
    }
    command.add("-cp");
    command.add(unpacked.classPath());
    command.add("com.amazonaws.services.lambda.runtime.api.client.AWSLambda");
    command.add(resource.properties().path("Handler").asText());
    var environment =
        new ExecutionEnvironment(
            this,
            command,
            environment(unpacked.folder(), log),
            unpacked.folder(),
            log,
            functions.timer());
    if (records) {
      recording = environment;
    }
    return environment;
  }

  /// What the template says, then what Lambda adds.
  private Map<String, String> environment(Path unpacked, Path log) {
    var variables = new LinkedHashMap<String, String>();
    for (Map.Entry<String, JsonNode> variable :
        resource.properties().path("Environment").path("Variables").properties()) {
      variables.put(variable.getKey(), variable.getValue().asText());
    }
    variables.put("LANG", "en_US.UTF-8");
    variables.put("TZ", ":UTC");
    variables.put("PATH", String.join(File.pathSeparator, "/usr/local/bin", "/usr/bin", "/bin"));
    variables.put("LAMBDA_TASK_ROOT", unpacked.toString());
    variables.put("_HANDLER", resource.properties().path("Handler").asText());
    variables.put("AWS_REGION", functions.region());
    variables.put("AWS_DEFAULT_REGION", functions.region());
    variables.put("AWS_EXECUTION_ENV", "AWS_Lambda_java25");
    variables.put("AWS_LAMBDA_FUNCTION_NAME", resource.name());
    variables.put("AWS_LAMBDA_FUNCTION_VERSION", "1");
    variables.put("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", Integer.toString(memoryMb()));
    variables.put("AWS_LAMBDA_LOG_GROUP_NAME", logGroup);
    variables.put("AWS_LAMBDA_LOG_STREAM_NAME", log.getFileName().toString());
    variables.put("AWS_LAMBDA_INITIALIZATION_TYPE", snapStart() ? "snap-start" : "on-demand");
    JsonNode logging = resource.properties().path("LoggingConfig");
    if (logging.path("LogFormat").asText().equals("JSON")) {
      variables.put("AWS_LAMBDA_LOG_FORMAT", "JSON");
      variables.put("AWS_LAMBDA_LOG_LEVEL", logging.path("ApplicationLogLevel").asText("INFO"));
    }
    if (!snapStart()) {
      variables.put("AWS_ACCESS_KEY_ID", credentials.accessKeyId());
      variables.put("AWS_SECRET_ACCESS_KEY", credentials.secretAccessKey());
      variables.put("AWS_SESSION_TOKEN", credentials.sessionToken());
    }
    variables.putAll(functions.platformVariables());
    return variables;
  }

  /// The next event, when there is one.
  ///
  /// @param first whether the process asks for the first time: until then it counts as free
  Taken take(ExecutionEnvironment environment, boolean first) throws InterruptedException {
    if (first) {
      isUp(environment);
    } else {
      synchronized (this) {
        spare.add(environment);
      }
    }
    while (true) {
      Invocation invocation = queue.take();
      Delivery delivery = functions.delivery(this, invocation);
      if (delivery == Delivery.LOSE) {
        functions.done();
      } else if (!functions.expired(invocation)) {
        synchronized (this) {
          spare.remove(environment);
        }
        grow();
        return new Taken(invocation, delivery == Delivery.CRASH);
      }
    }
  }

  void ended(Invocation invocation, Outcome outcome) {
    functions.ended(invocation, outcome);
  }

  /// A process has ended; the events that wait may need another.
  void gone(ExecutionEnvironment environment) {
    synchronized (this) {
      environments.remove(environment);
      spare.remove(environment);
      if (environment == starting) {
        starting = null;
      }
      if (environment == recording) {
        recording = null;
      }
    }
    grow();
  }

  /// A process ended before it asked for an event. One event has failed by it, so that a function
  /// that cannot start is tried as often as its events are, and no more.
  void initFailed(Outcome outcome) {
    Invocation invocation = queue.poll();
    if (invocation != null) {
      invocation.begin();
      ended(invocation, outcome);
    }
  }

  /// Ends every process at once, as a crash would.
  synchronized void kill() {
    List.copyOf(environments).forEach(ExecutionEnvironment::kill);
  }

  /// Ends every process for good.
  ///
  /// @return when one that records the archive of its classes is done with it
  synchronized CompletableFuture<Void> close() {
    closed = true;
    ExecutionEnvironment last = recording;
    if (last == null || code == null) {
      kill();
      return CompletableFuture.completedFuture(null);
    }
    environments.stream().filter(other -> other != last).forEach(ExecutionEnvironment::kill);
    return last.end(code.archive());
  }
}

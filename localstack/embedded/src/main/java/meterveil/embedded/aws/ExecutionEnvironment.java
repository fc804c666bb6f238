package meterveil.embedded.aws;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// One process of a function and the Runtime API it speaks to: what Lambda calls an execution
/// environment.
///
/// The process asks for the next event and is kept waiting until there is one; it posts the answer
/// or the error. When it takes too long it is killed, and when it ends, by whatever cause, the
/// event it had has failed.
final class ExecutionEnvironment {

  private static final String RUNTIME = "/2018-06-01/runtime/";
  private static final String INVOCATION = RUNTIME + "invocation/";
  private static final String CREDENTIALS = "/2021-04-23/credentials";
  private static final byte[] NOTHING = {};

  /// Deadlines are in real time: the function's process compares them with the machine's clock.
  private static final Clock MACHINE = Clock.systemUTC();

  private record Running(Invocation invocation, ScheduledFuture<?> timeout) {}

  private final LambdaFunction function;
  private final ScheduledExecutorService timer;
  private final LoopbackServer server;
  private final Process process;
  private volatile boolean asked;
  private volatile @Nullable String initError;
  private @Nullable Running running;

  /// It takes no event any more: the process has ended, or is about to.
  private volatile boolean over;

  /// Starts the process.
  ///
  /// @param command without the environment's own variables
  /// @param log takes what the process writes
  ExecutionEnvironment(
      LambdaFunction function,
      List<String> command,
      Map<String, String> environment,
      Path folder,
      Path log,
      ScheduledExecutorService timer)
      throws IOException {
    this.function = function;
    this.timer = timer;
    this.server = LoopbackServer.start("runtime-api", this::answer);
    var builder = new ProcessBuilder(command);
    builder.directory(folder.toFile());
    builder.environment().clear();
    builder.environment().putAll(environment);
    builder.environment().put("AWS_LAMBDA_RUNTIME_API", server.authority());
    if (function.snapStart()) {
      // A snapshot holds no credentials: they are fetched after it was restored.
      builder
          .environment()
          .put("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://" + server.authority() + CREDENTIALS);
      builder
          .environment()
          .put("AWS_CONTAINER_AUTHORIZATION_TOKEN", function.credentials().sessionToken());
    }
    builder.redirectErrorStream(true).redirectOutput(log.toFile());
    this.process = builder.start();
  }

  /// Begins to watch for the end of the process.
  void watch() {
    var _ = process.onExit().thenAccept(_ -> exited());
  }

  private @Nullable Message answer(Message request) throws InterruptedException {
    String path = request.target();
    if (path.equals(INVOCATION + "next")) {
      return next();
    }
    if (path.startsWith(INVOCATION) && path.endsWith("/response")) {
      return ended(path, new Outcome.Answered(request.text()));
    }
    if (path.startsWith(INVOCATION) && path.endsWith("/error")) {
      return ended(path, new Outcome.Failed(request.text()));
    }
    return switch (path) {
      case RUNTIME + "init/error", RUNTIME + "restore/error" -> {
        initError = request.text();
        yield Message.answer(202, Map.of(), NOTHING);
      }
      case RUNTIME + "restore/next" -> Message.answer(200, Map.of(), NOTHING);
      case CREDENTIALS -> credentials();
      default -> Message.answer(404, Map.of(), NOTHING);
    };
  }

  private @Nullable Message next() throws InterruptedException {
    LambdaFunction.Taken taken = function.take(this, !asked);
    asked = true;
    Invocation invocation = taken.invocation();
    synchronized (this) {
      if (over) {
        function.add(invocation); // its event was on the way
        return null;
      }
      invocation.begin();
      running =
          new Running(
              invocation,
              timer.schedule(
                  () -> timedOut(invocation),
                  function.timeout().toMillis(),
                  TimeUnit.MILLISECONDS));
    }
    if (taken.crash()) {
      kill();
      return null;
    }
    long deadline = MACHINE.instant().plus(function.timeout()).toEpochMilli();
    return Message.answer(
        200,
        Map.of(
            "Content-Type", "application/json",
            "Lambda-Runtime-Aws-Request-Id", invocation.requestId(),
            "Lambda-Runtime-Deadline-Ms", Long.toString(deadline),
            "Lambda-Runtime-Invoked-Function-Arn", invocation.target().arn(),
            "Lambda-Runtime-Trace-Id",
                "Root=1-00000000-%s;Parent=%1$.16s;Sampled=0"
                    .formatted(invocation.requestId().replace("-", "").substring(0, 24))),
        invocation.payload());
  }

  private Message ended(String path, Outcome outcome) {
    String requestId = path.substring(INVOCATION.length(), path.lastIndexOf('/'));
    finish(requestId, outcome);
    return Message.answer(202, Map.of(), NOTHING);
  }

  /// Whoever comes first with an outcome decides: the process, the timer or the end of the process.
  private void finish(String requestId, Outcome outcome) {
    Running ended;
    synchronized (this) {
      ended = running;
      if (ended == null || !ended.invocation.requestId().equals(requestId)) {
        return;
      }
      running = null;
    }
    ended.timeout.cancel(false);
    function.ended(ended.invocation, outcome);
  }

  private void timedOut(Invocation invocation) {
    String requestId = invocation.requestId();
    kill();
    finish(
        requestId,
        failure(
            "Sandbox.Timedout",
            "RequestId: %s Error: Task timed out after %d.00 seconds"
                .formatted(requestId, function.timeout().toSeconds())));
  }

  private void exited() {
    server.close();
    @Nullable String requestId;
    synchronized (this) {
      over = true;
      requestId = running == null ? null : running.invocation.requestId();
    }
    if (requestId != null) {
      finish(requestId, exitError("RequestId: " + requestId));
    } else if (!asked) {
      function.initFailed(
          Optional.ofNullable(initError)
              .<Outcome>map(Outcome.Failed::new)
              .orElseGet(() -> exitError("Init")));
    }
    function.gone(this);
  }

  private Outcome exitError(String prefix) {
    return failure(
        "Runtime.ExitError",
        prefix + " Error: Runtime exited with error: exit status " + process.exitValue());
  }

  private static Outcome failure(String type, String message) {
    return new Outcome.Failed(
        JsonNodeFactory.instance
            .objectNode()
            .put("errorType", type)
            .put("errorMessage", message)
            .toString());
  }

  private Message credentials() {
    Roles.Credentials own = function.credentials();
    return Message.json(
        200,
        JsonNodeFactory.instance
            .objectNode()
            .put("AccessKeyId", own.accessKeyId())
            .put("SecretAccessKey", own.secretAccessKey())
            .put("Token", own.sessionToken())
            .put("Expiration", "2099-01-01T00:00:00Z")
            .toString()
            .getBytes(StandardCharsets.UTF_8));
  }

  /// Lets the process end by itself.
  ///
  /// @param archive of its classes, to be kept when it has
  CompletableFuture<Void> end(ClassArchive archive) {
    process.destroy();
    return archive.keepAfter(process);
  }

  /// Ends the process at once, as a crash would.
  void kill() {
    over = true;
    process.destroyForcibly();
  }
}

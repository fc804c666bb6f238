package meterveil.benchmarks.speed;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/// What a function's process talks to from its start to its first answers: Lambda's Runtime API,
/// and AWS's services, which answer at once with the least that lets it go on.
///
/// Credentials that are fetched before a snapshot have expired when it is restored, as they have on
/// Lambda but for the first hours after a version is published.
final class OneStart implements AutoCloseable {

  private static final int OK = 200;
  private static final int ACCEPTED = 202;
  private static final int NOT_FOUND = 404;
  private static final String CREDENTIALS = "/2021-04-23/credentials";

  /// The SDK fetches new credentials a minute before they expire.
  private static final Duration RENEWED_BEFORE = Duration.ofMinutes(1);

  private static final Duration SNAPSHOT_CREDENTIALS = Duration.ofSeconds(1);
  private static final String KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

  private final HttpServer server;
  private final String event;
  private final int events;
  private final Map<String, String> answers;
  private final CompletableFuture<Long> answered = new CompletableFuture<>();
  private final CompletableFuture<List<Long>> all = new CompletableFuture<>();
  private final List<Long> took = new ArrayList<>();
  private final Clock clock = Clock.systemUTC();
  private volatile Instant renewed = Instant.MIN;
  private volatile long restoredNanos;
  private volatile long givenNanos;
  private volatile @Nullable String error;

  /// @param event the first one, and each later one
  /// @param events how many there are
  /// @param answers of DynamoDB, by operation and table, as `GetItem COHORTS_TABLE`; for others
  ///   `{}`
  OneStart(String event, int events, Map<String, String> answers) throws IOException {
    this.event = event;
    this.events = events;
    this.answers = answers;
    this.server =
        HttpServer.create(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0), 0);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/", this::answer);
    server.start();
  }

  /// Host and port.
  String authority() {
    return "127.0.0.1:" + server.getAddress().getPort();
  }

  /// Where credentials are fetched.
  String credentials() {
    return "http://" + authority() + CREDENTIALS;
  }

  /// What went wrong, if an answer was an error.
  Optional<String> error() {
    return Optional.ofNullable(error);
  }

  /// When the first answer came, by the system's nanosecond clock.
  CompletableFuture<Long> answered() {
    return answered;
  }

  /// Nanoseconds from each event to its answer, when all are answered.
  CompletableFuture<List<Long>> all() {
    return all;
  }

  /// When the process was told that it has been restored; 0 if it never asked.
  long restoredNanos() {
    return restoredNanos;
  }

  private void answer(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    byte[] body = exchange.getRequestBody().readAllBytes();
    if (path.endsWith("/invocation/next")) {
      next(exchange);
    } else if (path.endsWith("/restore/next")) {
      restore(exchange);
    } else if (path.equals(CREDENTIALS)) {
      sendCredentials(exchange);
    } else if (path.endsWith("/response")) {
      isAnswered();
      send(exchange, ACCEPTED, "");
    } else if (path.endsWith("/error")) {
      error = new String(body, UTF_8);
      isAnswered();
      send(exchange, ACCEPTED, "");
    } else if (path.startsWith("/certificates/")) {
      send(exchange, NOT_FOUND, "{}");
    } else {
      String target = exchange.getRequestHeaders().getFirst("X-Amz-Target");
      String operation = target == null ? "" : target.substring(target.indexOf('.') + 1);
      exchange.getResponseHeaders().set("Content-Type", "application/x-amz-json-1.0");
      send(
          exchange,
          OK,
          operation.equals("GenerateDataKey") || operation.equals("Decrypt")
              ? "{\"KeyId\":\"k\",\"Plaintext\":\"%s\",\"CiphertextBlob\":\"%1$s\"}".formatted(KEY)
              : answer(operation, new String(body, UTF_8)));
    }
  }

  private synchronized void isAnswered() {
    long now = System.nanoTime();
    answered.complete(now);
    took.add(now - givenNanos);
    if (took.size() == events) {
      all.complete(List.copyOf(took));
    }
  }

  private String answer(String operation, String request) {
    return answers.entrySet().stream()
        .filter(answer -> {
          String[] operationAndTable = answer.getKey().split(" ", -1);
          return operation.equals(operationAndTable[0])
              && request.contains("\"" + operationAndTable[1] + "\"");
        })
        .map(Map.Entry::getValue)
        .findFirst()
        .orElse("{}");
  }

  private void restore(HttpExchange exchange) throws IOException {
    try {
      while (!clock.instant().isAfter(renewed)) {
        Thread.sleep(Duration.ofMillis(10));
      }
    } catch (InterruptedException e) {
      throw new InterruptedIOException(e.getMessage());
    }
    restoredNanos = System.nanoTime();
    send(exchange, OK, "");
  }

  private void sendCredentials(HttpExchange exchange) throws IOException {
    Instant until = Instant.parse("2099-01-01T00:00:00Z");
    if (restoredNanos == 0) {
      renewed = clock.instant().plus(SNAPSHOT_CREDENTIALS);
      until = renewed.plus(RENEWED_BEFORE);
    }
    send(
        exchange,
        OK,
        "{\"AccessKeyId\":\"none\",\"SecretAccessKey\":\"none\",\"Token\":\"none\",\"Expiration\":\"%s\"}"
            .formatted(until));
  }

  private void next(HttpExchange exchange) throws IOException {
    synchronized (this) {
      if (took.size() == events) {
        return; // it waits for ever, and is ended meanwhile
      }
    }
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    exchange.getResponseHeaders().set("Lambda-Runtime-Aws-Request-Id", "one");
    exchange.getResponseHeaders().set("Lambda-Runtime-Deadline-Ms", "4102444800000");
    exchange
        .getResponseHeaders()
        .set(
            "Lambda-Runtime-Invoked-Function-Arn",
            "arn:aws:lambda:us-west-2:000000000000:function:one");
    givenNanos = System.nanoTime();
    send(exchange, OK, event);
  }

  private static void send(HttpExchange exchange, int status, String body) throws IOException {
    byte[] bytes = body.getBytes(UTF_8);
    exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }

  @Override
  public void close() {
    server.stop(0);
  }
}

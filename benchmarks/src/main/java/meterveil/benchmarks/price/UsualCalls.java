package meterveil.benchmarks.price;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.amazonaws.services.lambda.runtime.api.client.AWSLambda;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import meterveil.benchmarks.speed.UsualDesign;
import meterveil.embedded.EmbeddedPlatform;
import meterveil.embedded.aws.AwsStandIns.Access;
import meterveil.embedded.aws.RuntimeInterfaceClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/// How long [UsualFunction] works on a message, as Lambda would bill it: under AWS's runtime
/// interface client and against DynamoDB Local, as our functions work in a run.
///
/// What differs is in its favour: it is alone on the machine and reaches the database directly;
/// ours share two cores with meters and broker, and are asked for their rights at a door.
final class UsualCalls {

  static final String TABLE = "Readings";

  private static final Instant START = Instant.parse("2026-01-12T00:00:00Z");
  private static final int WARM_UPS = 200;
  private static final int CALLS = 200;
  private static final int MINUTES_MAX = 5;
  private static final int OK = 200;
  private static final int ACCEPTED = 202;
  private static final double NANOS_PER_MILLI = 1e6;

  /// Of its memory, Lambda gives this share to the heap.
  private static final double HEAP_SHARE = 0.85;

  private final Path work;
  private final double memoryMb;
  private final Access database;
  private final String nativeLibrary;

  private UsualCalls(Path work, double memoryMb, Access database) throws IOException {
    this.work = work;
    this.memoryMb = memoryMb;
    this.database = database;
    this.nativeLibrary = RuntimeInterfaceClient.nativeLibrary(work);
  }

  /// What it takes.
  ///
  /// @param billedMillis of a call, by the number of readings in its message; the mean of what
  ///   would be billed for each
  /// @param itemBytes of a reading while it is kept
  record Measured(Map<Integer, Double> billedMillis, double itemBytes) {}

  /// Measures it.
  ///
  /// @param repository its root folder, built
  /// @param work an empty folder
  /// @param memoryMb what the function is given
  /// @param readings of a message: so many items a call
  static Measured measure(Path repository, Path work, double memoryMb, List<Integer> readings)
      throws IOException, InterruptedException {
    Path assembly = repository.resolve("infrastructure-cdk/target/cdk.out");
    try (var platform =
            EmbeddedPlatform.start(
                assembly, work.resolve("platform"), EmbeddedPlatform.Options.startingAt(START));
        DynamoDbClient dynamoDb = platform.dynamoDb()) {
      new UsualDesign(dynamoDb, TABLE).createTable();
      var calls = new UsualCalls(work, memoryMb, platform.aws().database());
      var millis = new LinkedHashMap<Integer, Double>();
      for (int count : readings) {
        millis.put(count, calls.billedMillis(count));
      }
      long items = dynamoDb.scanPaginator(scan -> scan.tableName(TABLE)).items().stream().count();
      return new Measured(millis, (double) platform.aws().storedBytes(TABLE) / items);
    }
  }

  private double billedMillis(int readings) throws IOException, InterruptedException {
    var lambda = new Lambda(readings);
    Process function = start(lambda.authority());
    try {
      return lambda.taken.get(MINUTES_MAX, TimeUnit.MINUTES);
    } catch (ExecutionException | TimeoutException e) {
      throw new IllegalStateException("the usual function gives no answer: see its log", e);
    } finally {
      function.destroyForcibly();
      lambda.server.stop(0);
    }
  }

  private Process start(String lambda) throws IOException {
    var builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx" + (int) (memoryMb * HEAP_SHARE) + "m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "--enable-native-access=ALL-UNNAMED",
            nativeLibrary,
            "-cp",
            System.getProperty("java.class.path"),
            AWSLambda.class.getName(),
            UsualFunction.class.getName());
    var credentials = database.credentials().resolveCredentials();
    builder.environment().clear();
    builder
        .environment()
        .putAll(
            Map.of(
                "PATH", "/usr/local/bin:/usr/bin:/bin",
                "AWS_LAMBDA_RUNTIME_API", lambda,
                "LAMBDA_TASK_ROOT", work.toString(),
                "AWS_REGION", database.region(),
                "AWS_ACCESS_KEY_ID", credentials.accessKeyId(),
                "AWS_SECRET_ACCESS_KEY", credentials.secretAccessKey(),
                "AWS_ENDPOINT_URL_DYNAMODB", database.dynamoDb().toString()));
    return builder
        .redirectErrorStream(true)
        .redirectOutput(work.resolve("usual-function.log").toFile())
        .start();
  }

  /// Lambda's Runtime API for one process: gives it the same message again and again, each for a
  /// later time. Used by one thread.
  private static final class Lambda {
    private final int readings;
    private final HttpServer server;
    private final List<Double> millis = new ArrayList<>();
    private final CompletableFuture<Double> taken = new CompletableFuture<>();
    private int given;
    private long givenNanos;

    Lambda(int readings) throws IOException {
      this.readings = readings;
      this.server =
          HttpServer.create(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0), 0);
      server.createContext("/", this::answer);
      server.start();
    }

    String authority() {
      return "127.0.0.1:" + server.getAddress().getPort();
    }

    private void answer(HttpExchange exchange) throws IOException {
      long nanos = System.nanoTime();
      String path = exchange.getRequestURI().getPath();
      String body = new String(exchange.getRequestBody().readAllBytes(), UTF_8);
      if (path.endsWith("/next")) {
        exchange.getResponseHeaders().set("Lambda-Runtime-Aws-Request-Id", "call-" + given);
        exchange.getResponseHeaders().set("Lambda-Runtime-Deadline-Ms", "4102444800000");
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        byte[] message = message(START.plus(Duration.ofHours((long) given++ * readings)));
        givenNanos = System.nanoTime();
        send(exchange, OK, message);
        return;
      }
      if (path.endsWith("/response")) {
        millis.add((nanos - givenNanos) / NANOS_PER_MILLI);
      } else {
        taken.completeExceptionally(new IllegalStateException(body));
      }
      if (millis.size() == WARM_UPS + CALLS) {
        taken.complete(
            millis.stream().skip(WARM_UPS).mapToDouble(Math::ceil).average().orElseThrow());
      }
      send(exchange, ACCEPTED, new byte[0]);
    }

    private byte[] message(Instant start) {
      return IntStream.range(0, readings)
          .mapToObj(hour -> Integer.toString(120 + hour))
          .collect(Collectors.joining(",", "{\"start\":\"" + start + "\",\"energyWh\":[", "]}"))
          .getBytes(UTF_8);
    }

    private static void send(HttpExchange exchange, int status, byte[] body) throws IOException {
      exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
      exchange.getResponseBody().write(body);
      exchange.close();
    }
  }
}

package meterveil.embedded.cloud;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import meterveil.embedded.cloud.Assembly.Stack;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What becomes of stacks when not all of them are made; CloudFormation is stood in for by a server
/// that makes the first and says of the second what a test says.
class TablesAndKeysTest {

  private static final int SECONDS_MAX = 30;

  private final List<String> made = new CopyOnWriteArrayList<>();
  private final List<String> deleted = new CopyOnWriteArrayList<>();
  private final CountDownLatch waitsForTheSecond = new CountDownLatch(1);
  private volatile String second = "CREATE_COMPLETE";
  private volatile int ofDeletion = 200;
  private HttpServer server;

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::answer);
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  private void answer(HttpExchange exchange) throws IOException {
    String form = new String(exchange.getRequestBody().readAllBytes(), UTF_8);
    Map<String, String> parameters =
        Arrays.stream(form.split("&"))
            .map(parameter -> parameter.split("=", 2))
            .collect(Collectors.toMap(p -> p[0], p -> URLDecoder.decode(p[1], UTF_8)));
    String stack = parameters.getOrDefault("StackName", "");
    String status = made.indexOf(stack) == 1 ? second : "CREATE_COMPLETE";
    int code = 200;
    switch (parameters.getOrDefault("Action", "")) {
      case "CreateStack" -> made.add(stack);
      case "DeleteStack" -> {
        deleted.add(stack);
        code = ofDeletion;
      }
      default -> {
        if (status.endsWith("IN_PROGRESS")) {
          waitsForTheSecond.countDown();
        }
      }
    }
    byte[] answer =
        "<Answer><StackStatus>%s</StackStatus></Answer>".formatted(status).getBytes(UTF_8);
    exchange.sendResponseHeaders(code, answer.length);
    exchange.getResponseBody().write(answer);
    exchange.close();
  }

  private static TablesAndKeys deploy(int port) throws IOException, InterruptedException {
    var template =
        new JsonMapper()
            .readTree(
                "{\"Resources\": {\"Key\": {\"Type\": \"AWS::KMS::Key\", \"Properties\": {}}}}");
    var cloud = Cloud.localStack(URI.create("http://127.0.0.1:" + port), "us-west-2");
    return TablesAndKeys.deploy(
        cloud,
        new Assembly(
            List.of(new Stack("one", template, List.of()), new Stack("two", template, List.of()))));
  }

  private int port() {
    return server.getAddress().getPort();
  }

  @Test
  void deletesWhatItMade() throws Exception {
    deploy(port()).close();

    assertThat(deleted).hasSize(2).isEqualTo(made);
  }

  @Test
  void deletesWhatItMadeIfNotAllIsMade() {
    second = "CREATE_FAILED";

    assertThatIOException()
        .isThrownBy(() -> deploy(port()))
        .withMessageContaining("CREATE_FAILED")
        .satisfies(failed -> assertThat(failed).hasNoSuppressedExceptions());

    assertThat(deleted).hasSize(2).isEqualTo(made);
  }

  @Test
  void saysTooWhatCouldNotBeDeleted() {
    second = "CREATE_FAILED";
    ofDeletion = 403;

    assertThatIOException()
        .isThrownBy(() -> deploy(port()))
        .withMessageContaining("CREATE_FAILED")
        .satisfies(failed -> assertThat(failed.getSuppressed()).hasSize(1));
  }

  @Test
  void deletesWhatItMadeIfTheProcessIsEnded() throws Exception {
    second = "CREATE_IN_PROGRESS";
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Deploying.class.getName(),
                Integer.toString(port()))
            .inheritIO()
            .start();
    try {
      assertThat(waitsForTheSecond.await(SECONDS_MAX, TimeUnit.SECONDS)).isTrue();
      process.destroy();
      assertThat(process.waitFor(SECONDS_MAX, TimeUnit.SECONDS)).isTrue();
    } finally {
      process.destroyForcibly();
    }

    assertThat(deleted).hasSize(2).isEqualTo(made);
  }

  /// Deploys in a process of its own.
  static final class Deploying {

    private Deploying() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
      deploy(Integer.parseInt(arguments[0]));
    }
  }
}

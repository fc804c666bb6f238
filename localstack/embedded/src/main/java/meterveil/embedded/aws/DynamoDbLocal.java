package meterveil.embedded.aws;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.File;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.lang.reflect.Field;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import meterveil.embedded.aws.CloudAssembly.Resource;
import meterveil.simulator.FreePort;

/// DynamoDB Local, in memory, as a process of its own, with the template's tables.
///
/// Its licence lets it be used for development and tests as it is. So nothing of ours is compiled
/// against it: its class path comes from the build, and what needs to be said to it before it
/// starts is said by reflection, in its process, by [#main].
final class DynamoDbLocal implements AutoCloseable {

  private static final JsonMapper MAPPER = new JsonMapper();
  private static final Duration START_MAX = Duration.ofSeconds(60);
  private static final Duration POLL = Duration.ofMillis(20);

  /// The Java of this process, for others.
  static final Path JAVA = Path.of(System.getProperty("java.home"), "bin", "java");

  /// What tables need that DynamoDB Local knows.
  private static final List<String> TABLE_PROPERTIES =
      List.of(
          "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "LocalSecondaryIndexes");

  private final Process process;
  private final int port;
  private final LoopbackClient client;
  private final Database database;

  private DynamoDbLocal(Process process, int port) {
    this.process = process;
    this.port = port;
    this.client = new LoopbackClient(port);
    this.database = new Database(client);
  }

  /// Starts it, without waiting for it to be up.
  ///
  /// @param classPath of DynamoDB Local
  /// @param work an empty folder, where it runs and writes
  static DynamoDbLocal start(String classPath, Path work) throws IOException {
    Path temporary = Files.createDirectories(work.resolve("tmp"));
    int port = FreePort.any();
    var builder =
        new ProcessBuilder(
            JAVA.toString(),
            "-Xmx256m",
            "-XX:-UsePerfData",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:C1MaxInlineSize=70", // twice the usual size is inlined
            "-XX:C1MaxInlineLevel=15",
            "--enable-native-access=ALL-UNNAMED",
            "-Djava.io.tmpdir=" + temporary,
            "-cp",
            classPath + File.pathSeparator + ownClasses(),
            DynamoDbLocal.class.getName(),
            "-inMemory",
            "-sharedDb",
            "-disableTelemetry",
            "-port",
            Integer.toString(port));
    builder.directory(work.toFile());
    builder.environment().clear();
    builder.environment().put("DDB_LOCAL_TELEMETRY", "0");
    builder.redirectErrorStream(true).redirectOutput(work.resolve("log").toFile());
    builder.redirectInput(Redirect.PIPE);
    return new DynamoDbLocal(builder.start(), port);
  }

  /// The main class of its process. Its server would listen on every interface and outlive a run
  /// that is killed; neither has an option.
  ///
  /// @throws ReflectiveOperationException if DynamoDB Local is built otherwise than 2.6.1
  public static void main(String[] arguments) throws ReflectiveOperationException {
    Object proxy =
        Class.forName("com.amazonaws.services.dynamodbv2.local.main.ServerRunner")
            .getMethod("createServerFromCommandLineArgs", String[].class)
            .invoke(null, (Object) arguments);
    Field field = proxy.getClass().getDeclaredField("server");
    field.setAccessible(true);
    Object server = field.get(proxy);
    for (Object connector :
        (Object[]) server.getClass().getMethod("getConnectors").invoke(server)) {
      connector.getClass().getMethod("setHost", String.class).invoke(connector, "127.0.0.1");
    }
    proxy.getClass().getMethod("start").invoke(proxy);
    try {
      System.in.readAllBytes(); // until whoever started it is gone
    } catch (IOException _) {
      // Gone as well.
    }
    Runtime.getRuntime().halt(0);
  }

  private static String ownClasses() {
    try {
      return Path.of(
              DynamoDbLocal.class.getProtectionDomain().getCodeSource().getLocation().toURI())
          .toString();
    } catch (URISyntaxException e) {
      throw new IllegalStateException("classes from no file", e);
    }
  }

  /// Waits until it is up and makes the tables of the template.
  ///
  /// @throws IOException if it does not come up, with what it wrote
  void createTables(CloudAssembly assembly) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + START_MAX.toNanos();
    while (!up()) {
      if (!process.isAlive() || System.nanoTime() > deadline) {
        throw new IOException("DynamoDB Local does not start: see the file log in its folder");
      }
      Thread.sleep(POLL);
    }
    for (Resource table : assembly.ofType("AWS::DynamoDB::Table")) {
      var request = MAPPER.createObjectNode();
      request.put("TableName", table.name()).put("BillingMode", "PAY_PER_REQUEST");
      if (!table.properties().path("BillingMode").asText().equals("PAY_PER_REQUEST")) {
        throw table.refused("has a billing mode that is not implemented");
      }
      for (String property : TABLE_PROPERTIES) {
        if (table.properties().has(property)) {
          request.set(property, table.properties().path(property));
        }
      }
      database.call("CreateTable", request);
    }
  }

  private boolean up() {
    try {
      database.call("ListTables", MAPPER.createObjectNode());
      return true;
    } catch (IOException _) {
      return false;
    }
  }

  Database database() {
    return database;
  }

  URI uri() {
    return URI.create("http://127.0.0.1:" + port);
  }

  @Override
  public void close() throws IOException {
    client.close();
    process.destroyForcibly();
  }
}

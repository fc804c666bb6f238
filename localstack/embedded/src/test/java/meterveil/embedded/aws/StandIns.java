package meterveil.embedded.aws;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import meterveil.embedded.MovableClock;
import meterveil.embedded.aws.AwsStandIns.Access;
import meterveil.embedded.iot.ThingRegistry;
import software.amazon.awssdk.core.retry.RetryMode;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.kms.KmsClient;

/// The stand-ins of a small assembly, with the clients that the tests call them by.
final class StandIns implements AutoCloseable {

  static final Instant START = Instant.parse("2013-01-01T00:00:00Z");
  static final List<Duration> RETRY_DELAYS = List.of(Duration.ofMillis(20), Duration.ofMillis(40));

  final MovableClock clock;
  final AwsStandIns aws;
  final List<String> published = new ArrayList<>();
  final List<String> connected = new ArrayList<>();
  final ThingRegistry registry = new ThingRegistry("us-west-2", CloudAssembly.ACCOUNT);

  /// A broker that only notes.
  private final class Messages implements IotDataDoor.Messages {

    @Override
    public void publish(String topic, byte[] payload, int qos, boolean retain) {
      published.add(
          topic + " " + new String(payload, StandardCharsets.UTF_8) + " " + qos + " " + retain);
    }

    @Override
    public boolean disconnect(String clientId, boolean cleanSession, boolean preventWill) {
      return connected.remove(clientId);
    }
  }

  private StandIns(Path folder, Path kept, String... resources)
      throws IOException, InterruptedException {
    CloudAssembly assembly =
        CloudAssembly.read(
            TestAssembly.write(folder.resolve("cdk.out"), String.join(",\n", resources)));
    Path clockFile = folder.resolve("clock");
    clock = MovableClock.create(clockFile, START);
    aws =
        AwsStandIns.start(
            assembly,
            Files.readString(Path.of("../dynamodb/target/classpath")).strip(),
            folder.resolve("work"),
            clock,
            clockFile,
            new Functions.Settings(RETRY_DELAYS, 2, kept),
            registry,
            new Messages());
    try {
      aws.awaitUp();
    } catch (IOException | InterruptedException | RuntimeException failed) {
      aws.close();
      throw failed;
    }
  }

  /// Starts them, each function with one process at most.
  ///
  /// @param resources of the only stack, as JSON without the outer braces
  static StandIns start(Path folder, String... resources) throws Exception {
    return start(folder, Path.of("target/kept-for-tests"), resources);
  }

  /// The same, with a folder of their own for what is kept from run to run.
  static StandIns start(Path folder, Path kept, String... resources) throws Exception {
    return new StandIns(folder, kept, resources);
  }

  DynamoDbClient dynamoDb(String role) {
    return dynamoDb(aws.as(role));
  }

  /// As the administrator.
  DynamoDbClient database() {
    return dynamoDb(aws.administrator());
  }

  static DynamoDbClient dynamoDb(Access access) {
    return DynamoDbClient.builder()
        .endpointOverride(access.dynamoDb())
        .region(Region.of(access.region()))
        .credentialsProvider(access.credentials())
        .httpClient(UrlConnectionHttpClient.create())
        .overrideConfiguration(o -> o.retryStrategy(RetryMode.STANDARD))
        .build();
  }

  KmsClient kms(Access access) {
    return KmsClient.builder()
        .endpointOverride(access.kms())
        .region(Region.of(access.region()))
        .credentialsProvider(access.credentials())
        .httpClient(UrlConnectionHttpClient.create())
        .build();
  }

  void awaitQuiet() throws InterruptedException {
    while (aws.functions().pending() > 0) {
      Thread.sleep(2);
    }
  }

  @Override
  public void close() throws IOException {
    aws.close();
  }
}

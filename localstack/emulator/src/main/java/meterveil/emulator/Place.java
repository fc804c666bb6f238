package meterveil.emulator;

import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.ContainerFetchException;
import org.testcontainers.containers.ContainerLaunchException;
import org.testcontainers.localstack.LocalStackContainer;
import org.testcontainers.utility.DockerImageName;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.enhanced.dynamodb.DynamoDbEnhancedClient;
import software.amazon.awssdk.enhanced.dynamodb.TableSchema;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbClientBuilder;
import software.amazon.awssdk.services.dynamodb.model.AttributeDefinition;
import software.amazon.awssdk.services.dynamodb.model.BillingMode;
import software.amazon.awssdk.services.dynamodb.model.KeySchemaElement;
import software.amazon.awssdk.services.dynamodb.model.KeyType;
import software.amazon.awssdk.services.dynamodb.model.ScalarAttributeType;

/// The place in which the suites of one JVM run, by two system properties:
///
/// | `emulator` | `emulator.endpoint` | |
/// |---|---|---|
/// | – | – | DynamoDB Local, in this JVM |
/// | `localstack` | – | LocalStack, in a container of this JVM's own, or, with `emulator.run`, of all JVMs of that name, which somebody else removes by its label |
/// | `localstack` | a URL | LocalStack that is running there, in an account of this JVM's own |
/// | `localstack` | `aws` | the account that the SDK's default chain finds |
///
/// Whatever the place, runs do not meet: in LocalStack an account is made up for each, in an
/// account of AWS tables get names that no other run has. They are deleted when the JVM ends.
public final class Place {

  /// The region of all that is not on this machine.
  public static final String REGION = "us-west-2";

  /// The last version without an account at LocalStack; `localstack/compose.yaml` and
  /// `scripts/localstack.sh` have the same.
  private static final String PINNED = "localstack/localstack:4.14.0";

  private static final String LATEST = "localstack/localstack:latest";
  private static final String IMAGE = "LOCALSTACK_IMAGE";
  private static final String TOKEN = "LOCALSTACK_AUTH_TOKEN";

  private static final String AWS = "aws";
  private static final int PORT = 4566;

  /// Those of LocalStack take it for the account.
  private static final long ACCOUNTS_FROM = 100_000_000_000L;

  private static final long ACCOUNTS_UNTIL = 1_000_000_000_000L;

  private static @Nullable Place one;

  private final Optional<URI> endpoint;
  private final boolean elsewhere;
  private final DynamoDbClient dynamoDb;
  private final String prefix;
  private final List<String> tables = new CopyOnWriteArrayList<>();

  private Place(Optional<URI> endpoint, boolean elsewhere, DynamoDbClient dynamoDb) {
    this.endpoint = endpoint;
    this.elsewhere = elsewhere;
    this.dynamoDb = dynamoDb;
    boolean shared = elsewhere && endpoint.isEmpty();
    this.prefix = shared ? "meterveil-test-%s-".formatted(UUID.randomUUID()) : "";
  }

  /// The one of this JVM, made when it is first asked for.
  ///
  /// @throws IllegalStateException saying what is missing
  public static synchronized Place ofThisRun() {
    Place found = one;
    if (found == null) {
      found = found();
      one = found;
    }
    return found;
  }

  private static Place found() {
    String asked = System.getProperty("emulator.endpoint", "");
    if (System.getProperty("emulator", "").isEmpty()) {
      return new Place(Optional.empty(), false, inThisJvm());
    }
    if (asked.equals(AWS)) {
      return new Place(Optional.empty(), true, client().build()).deletedAtTheEnd();
    }
    URI endpoint = asked.isEmpty() ? started() : URI.create(asked);
    String account =
        Long.toString(ThreadLocalRandom.current().nextLong(ACCOUNTS_FROM, ACCOUNTS_UNTIL));
    DynamoDbClient dynamoDb =
        client()
            .endpointOverride(endpoint)
            .credentialsProvider(
                StaticCredentialsProvider.create(AwsBasicCredentials.create(account, "test")))
            .build();
    return new Place(Optional.of(endpoint), true, dynamoDb).deletedAtTheEnd();
  }

  private static DynamoDbClientBuilder client() {
    return DynamoDbClient.builder()
        .region(Region.of(REGION))
        .httpClient(UrlConnectionHttpClient.create());
  }

  /// By reflection: its licence lets nothing be compiled against it but tests.
  private static DynamoDbClient inThisJvm() {
    String local = "com.amazonaws.services.dynamodbv2.local.";
    try {
      Object database =
          Class.forName(local + "embedded.DynamoDBEmbedded")
              .getMethod("create", Boolean.class)
              .invoke(null, true);
      return (DynamoDbClient)
          Class.forName(local + "shared.access.AmazonDynamoDBLocal")
              .getMethod("dynamoDbClient")
              .invoke(database);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("DynamoDB Local is another than the pom's", e);
    }
  }

  private static URI started() {
    if (!DockerClientFactory.instance().isDockerAvailable()) {
      throw new IllegalStateException(
          "No Docker engine answers, and the profile `emulator` runs LocalStack in one. Start one,"
              + " or name a LocalStack that is running: -Demulator.endpoint=http://localhost:4566");
    }
    String image = image(System.getenv());
    var container =
        new LocalStackContainer(
            DockerImageName.parse(image).asCompatibleSubstituteFor("localstack/localstack"));
    container.withEnv(TOKEN, System.getenv().getOrDefault(TOKEN, ""));
    String kept = System.getProperty("emulator.run", "");
    if (!kept.isEmpty()) {
      container.withLabel("meterveil.run", kept).withReuse(true);
    }
    try {
      container.start();
    } catch (ContainerFetchException | ContainerLaunchException e) {
      throw new IllegalStateException(
          "The image %s is not there and cannot be pulled, or does not start".formatted(image), e);
    }
    if (kept.isEmpty()) {
      Runtime.getRuntime().addShutdownHook(new Thread(container::stop, "stop-localstack"));
    }
    return URI.create("http://%s:%d".formatted(container.getHost(), container.getMappedPort(PORT)));
  }

  /// The image of LocalStack that is started: the one that `LOCALSTACK_IMAGE` names, or else the
  /// latest for who has a `LOCALSTACK_AUTH_TOKEN`.
  static String image(Map<String, String> environment) {
    String named = environment.getOrDefault(IMAGE, "");
    if (!named.isEmpty()) {
      return named;
    }
    return environment.getOrDefault(TOKEN, "").isEmpty() ? PINNED : LATEST;
  }

  private Place deletedAtTheEnd() {
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () ->
                    tables.forEach(
                        table -> dynamoDb.deleteTable(delete -> delete.tableName(table))),
                "delete-tables"));
    return this;
  }

  /// Whether it is not this machine, but LocalStack or an account: where CloudFormation is.
  public boolean isElsewhere() {
    return elsewhere;
  }

  /// Where all of its services are; nothing in an account, and on this machine.
  public Optional<URI> endpoint() {
    return endpoint;
  }

  /// DynamoDB, as somebody who may do anything.
  public DynamoDbClient dynamoDb() {
    return dynamoDb;
  }

  /// Makes a table of a store that has a schema.
  ///
  /// @param name no other test's
  /// @return its name in this place
  public String table(String name, TableSchema<?> schema) {
    DynamoDbEnhancedClient.builder()
        .dynamoDbClient(dynamoDb)
        .build()
        .table(prefix + name, schema)
        .createTable();
    return made(prefix + name);
  }

  /// Makes a table.
  ///
  /// @param name no other test's
  /// @param keys names of the partition key and of the sort key, if there is one; both are text
  /// @return its name in this place
  public String table(String name, String... keys) {
    var schema = new ArrayList<KeySchemaElement>();
    var attributes = new ArrayList<AttributeDefinition>();
    for (String key : keys) {
      KeyType type = schema.isEmpty() ? KeyType.HASH : KeyType.RANGE;
      schema.add(KeySchemaElement.builder().attributeName(key).keyType(type).build());
      attributes.add(
          AttributeDefinition.builder()
              .attributeName(key)
              .attributeType(ScalarAttributeType.S)
              .build());
    }
    dynamoDb.createTable(create ->
        create
            .tableName(prefix + name)
            .billingMode(BillingMode.PAY_PER_REQUEST)
            .keySchema(schema)
            .attributeDefinitions(attributes));
    return made(prefix + name);
  }

  private String made(String table) {
    tables.add(table);
    try (var waiter = dynamoDb.waiter()) {
      waiter.waitUntilTableExists(describe -> describe.tableName(table));
    }
    return table;
  }
}

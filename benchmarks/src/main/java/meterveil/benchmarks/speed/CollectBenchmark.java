package meterveil.benchmarks.speed;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import meterveil.block.BlockLength;
import meterveil.block.Epoch;
import meterveil.cell.Collector;
import meterveil.cell.DayKeyTable;
import meterveil.cell.DayKeys;
import meterveil.cell.OpenBlockTable;
import meterveil.cohort.Cohort;
import meterveil.cohort.CohortId;
import meterveil.cohort.DistrictId;
import meterveil.cohort.TariffClass;
import meterveil.energy.Commodity;
import meterveil.meter.ThingName;
import meterveil.reading.Readings;
import meterveil.reading.ReadingsJson;
import meterveil.tenant.TenantId;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.kms.KmsClient;

/// A daily message of one meter, from its bytes to the request that writes it, as the SDK would
/// send it; beside three others on the same message. A day key and the cohort are at hand, as they
/// are for all but the first message of a day.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 18, time = 1)
@Measurement(iterations = 10, time = 1)
public class CollectBenchmark {

  /// Hours of the message.
  static final int HOURS = 24;

  /// What one message takes of HMAC-SHA-256: a token, and 27 masks of which two come from one.
  private static final int HMACS = 1 + 14;

  private static final int HMAC_INPUT_BYTES = 32;
  private static final Instant DAY = Instant.parse("2026-01-12T00:00:00Z");
  private static final TenantId TENANT = new TenantId("demo");
  private static final ThingName THING = new ThingName("meter-000123");
  private static final String TABLE = "a-table-of-this-stage";
  private static final JsonFactory FACTORY = new JsonFactory();

  private final byte[] message =
      IntStream.range(0, HOURS)
          .mapToObj(hour -> Integer.toString(120 + hour * 37 % 900))
          .collect(Collectors.joining(",", "{\"start\":\"" + DAY + "\",\"energyWh\":[", "]}"))
          .getBytes(UTF_8);
  private final Clock clock = Clock.fixed(DAY.plus(Duration.ofHours(25)), ZoneOffset.UTC);
  private final Cohort cohort =
      new Cohort(
          TENANT,
          CohortId.of(Epoch.containing(DAY), "north-re-1"),
          new DistrictId("north"),
          TariffClass.RESIDENTIAL,
          Commodity.ELECTRICITY,
          50,
          BlockLength.DAY);
  private final Sink sink = new Sink();
  private final DynamoDbClient dynamoDb = dynamoDb(sink);
  private final Collector collector =
      new Collector(
          new DayKeys(new DayKeyTable(dynamoDb, TABLE), kms(), "a-key", clock),
          new OpenBlockTable(dynamoDb, TABLE),
          clock);
  private final UsualDesign usual = new UsualDesign(dynamoDb, TABLE);
  private final Mac mac = mac();
  private final byte[] hmacInput = new byte[HMAC_INPUT_BYTES];

  /// What Meterveil does.
  @Benchmark
  public Object meterveil() {
    if (ReadingsJson.decode(message) instanceof ReadingsJson.Decoded.Accepted(Readings readings)
        && readings.judge(cohort, clock.instant()) instanceof Readings.Judged.Right(var blocks)) {
      return collector.collect(cohort, THING, blocks.getFirst());
    }
    throw new IllegalStateException("the message is right");
  }

  /// What the usual sample does.
  @Benchmark
  public Object usual() throws IOException {
    return usual.store(message);
  }

  /// The floor: the message read piece by piece, its hours added to an item as they are.
  @Benchmark
  public Object plain() throws IOException {
    String start = "";
    var values = new HashMap<String, AttributeValue>();
    var expression = new StringBuilder("ADD ");
    try (JsonParser parser = FACTORY.createParser(message)) {
      for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
        switch (token) {
          case VALUE_STRING -> start = parser.getText();
          case VALUE_NUMBER_INT -> {
            int hour = values.size();
            expression.append(hour == 0 ? "" : ", ").append("s" + hour + " :s" + hour);
            values.put(":s" + hour, AttributeValue.fromN(Integer.toString(parser.getIntValue())));
          }
          default -> {}
        }
      }
    }
    String block = start;
    return dynamoDb.updateItem(update ->
        update
            .tableName(TABLE)
            .key(
                Map.of(
                    "c", AttributeValue.fromS(TENANT + "/" + cohort.id()),
                    "b", AttributeValue.fromS(block)))
            .updateExpression(expression.toString())
            .expressionAttributeValues(values));
  }

  /// Of the floor, reading the message alone.
  @Benchmark
  @Warmup(iterations = 5, time = 1)
  @Measurement(iterations = 5, time = 1)
  public int parsed() throws IOException {
    int all = 0;
    try (JsonParser parser = FACTORY.createParser(message)) {
      for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
        switch (token) {
          case VALUE_STRING -> all += parser.getText().length();
          case VALUE_NUMBER_INT -> all += parser.getIntValue();
          default -> {}
        }
      }
    }
    return all;
  }

  /// The HMACs alone that a message takes.
  @Benchmark
  @Warmup(iterations = 5, time = 1)
  @Measurement(iterations = 5, time = 1)
  public int hmac() {
    int all = 0;
    for (int i = 0; i < HMACS; i++) {
      hmacInput[0] = (byte) i;
      all += mac.doFinal(hmacInput)[0];
    }
    return all;
  }

  private static DynamoDbClient dynamoDb(SdkHttpClient http) {
    return DynamoDbClient.builder()
        .region(Region.US_WEST_2)
        .credentialsProvider(
            StaticCredentialsProvider.create(AwsBasicCredentials.create("none", "none")))
        .httpClient(http)
        .build();
  }

  private static KmsClient kms() {
    String key = Base64.getEncoder().encodeToString(new byte[HMAC_INPUT_BYTES]);
    var answer =
        "{\"KeyId\":\"a-key\",\"Plaintext\":\"%s\",\"CiphertextBlob\":\"%1$s\"}".formatted(key);
    return KmsClient.builder()
        .region(Region.US_WEST_2)
        .credentialsProvider(
            StaticCredentialsProvider.create(AwsBasicCredentials.create("none", "none")))
        .httpClient(new Sink(answer.getBytes(UTF_8)))
        .build();
  }

  private static Mac mac() {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(new byte[HMAC_INPUT_BYTES], "HmacSHA256"));
      return mac;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java has HMAC-SHA-256", e);
    }
  }
}

package meterveil.collect;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayInputStream;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Base64;
import java.util.Collections;
import java.util.stream.Collectors;
import meterveil.block.Block;
import meterveil.block.BlockLength;
import meterveil.cell.Collector;
import meterveil.cell.DayKey;
import meterveil.cell.DayKeyTable;
import meterveil.cell.DayKeys;
import meterveil.cell.OpenBlockTable;
import meterveil.cohort.Cohort;
import meterveil.cohort.CohortId;
import meterveil.cohort.CohortTable;
import meterveil.cohort.DistrictId;
import meterveil.cohort.TariffClass;
import meterveil.energy.Commodity;
import meterveil.meter.ThingName;
import meterveil.reading.Readings;
import meterveil.reading.ReadingsJson;
import meterveil.tenant.TenantId;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.http.AbortableInputStream;
import software.amazon.awssdk.http.ExecutableHttpRequest;
import software.amazon.awssdk.http.HttpExecuteRequest;
import software.amazon.awssdk.http.HttpExecuteResponse;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.SdkHttpFullResponse;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.kms.KmsClient;

/// Messages of nobody, collected before Lambda takes the snapshot that instances are restored from,
/// so that the first real one finds classes loaded and code compiled.
///
/// They go from bytes to the write request and are answered here; nothing is stored and nothing
/// counted. One question goes to the real DynamoDB, for what TLS and credentials take.
final class Rehearsal {

  /// Enough for the JVM to compile what every message runs through.
  static final int MESSAGES = 300;

  private static final TenantId NOBODY = new TenantId("rehearsal");
  private static final Block DAY =
      new Block(Instant.parse("2020-01-01T00:00:00Z"), BlockLength.DAY);
  private static final Cohort COHORT =
      new Cohort(
          NOBODY,
          CohortId.of(DAY.epoch(), "rehearsal"),
          new DistrictId("rehearsal"),
          TariffClass.RESIDENTIAL,
          Commodity.ELECTRICITY,
          1,
          DAY.length());

  private Rehearsal() {}

  /// @param cohorts as the function asks it
  /// @return how many messages got as far as being counted
  static int run(CohortTable cohorts) {
    try {
      cohorts.find(NOBODY, COHORT.id());
    } catch (SdkException _) {
      // A rehearsal that fails must not keep a version from being published.
    }
    var clock = Clock.fixed(DAY.end(), ZoneOffset.UTC);
    byte[] message =
        Collections.nCopies(DAY.length().hours(), "123").stream()
            .collect(
                Collectors.joining(",", "{\"start\":\"" + DAY.start() + "\",\"energyWh\":[", "]}"))
            .getBytes(UTF_8);
    var credentials = StaticCredentialsProvider.create(AwsBasicCredentials.create("none", "none"));
    int counted = 0;
    try (var dynamoDb =
            DynamoDbClient.builder()
                .httpClient(new MadeUp())
                .region(Region.US_WEST_2)
                .credentialsProvider(credentials)
                .build();
        var kms =
            KmsClient.builder()
                .httpClient(new MadeUp())
                .region(Region.US_WEST_2)
                .credentialsProvider(credentials)
                .build()) {
      var keys = new DayKeys(new DayKeyTable(dynamoDb, "none"), kms, "none", clock);
      var collector = new Collector(keys, new OpenBlockTable(dynamoDb, "none"), clock);
      for (int i = 0; i < MESSAGES; i++) {
        var thing = new ThingName("rehearsal-" + i);
        if (ReadingsJson.decode(message) instanceof ReadingsJson.Decoded.Accepted(Readings readings)
            && readings.judge(COHORT, clock.instant()) instanceof Readings.Judged.Right(var blocks)
            && collector.collect(COHORT, thing, blocks.getFirst()) == Collector.Collected.COUNTED) {
          counted++;
        }
      }
    }
    return counted;
  }

  /// Answers as DynamoDB and KMS do when all is well, without asking them.
  private static final class MadeUp implements SdkHttpClient {

    private static final String DATA_KEY =
        "{\"KeyId\":\"none\",\"Plaintext\":\"%s\",\"CiphertextBlob\":\"%1$s\"}"
            .formatted(Base64.getEncoder().encodeToString(new byte[DayKey.BYTES]));

    @Override
    public ExecutableHttpRequest prepareRequest(HttpExecuteRequest request) {
      boolean dataKey =
          request
              .httpRequest()
              .firstMatchingHeader("X-Amz-Target")
              .filter(target -> target.endsWith(".GenerateDataKey"))
              .isPresent();
      byte[] answer = (dataKey ? DATA_KEY : "{}").getBytes(UTF_8);
      return new ExecutableHttpRequest() {

        @Override
        public HttpExecuteResponse call() {
          return HttpExecuteResponse.builder()
              .response(SdkHttpFullResponse.builder().statusCode(200).build())
              .responseBody(AbortableInputStream.create(new ByteArrayInputStream(answer)))
              .build();
        }

        @Override
        public void abort() {
          // It is answered at once.
        }
      };
    }

    @Override
    public void close() {
      // It holds nothing.
    }
  }
}

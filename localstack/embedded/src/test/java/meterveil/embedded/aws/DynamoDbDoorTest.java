package meterveil.embedded.aws;

import static meterveil.embedded.aws.TestAssembly.allow;
import static meterveil.embedded.aws.TestAssembly.key;
import static meterveil.embedded.aws.TestAssembly.role;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import meterveil.embedded.aws.Faults.Fault;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.DynamoDbException;
import software.amazon.awssdk.services.dynamodb.model.ReturnValue;
import software.amazon.awssdk.services.dynamodb.model.UpdateItemRequest;
import software.amazon.awssdk.services.dynamodb.model.UpdateItemResponse;

class DynamoDbDoorTest {

  private static final String TABLE =
      """
      "Things": {"Type": "AWS::DynamoDB::Table", "Properties": {
        "BillingMode": "PAY_PER_REQUEST",
        "SSESpecification": {"SSEEnabled": true, "SSEType": "KMS",
          "KMSMasterKeyId": {"Fn::GetAtt": ["TableKey", "Arn"]}},
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}}\
      """;
  private static final String THINGS = "{\"Fn::GetAtt\": [\"Things\", \"Arn\"]}";
  private static final String USE_KEY =
      """
      {"Effect": "Allow", "Action": "kms:Decrypt",
       "Resource": {"Fn::GetAtt": ["TableKey", "Arn"]},
       "Condition": {"StringEquals": {"kms:ViaService": "dynamodb.us-west-2.amazonaws.com"}}}\
      """;
  private static final String UPDATE_BLINDLY =
      """
      {"Effect": "Allow", "Action": "dynamodb:UpdateItem", "Resource": %s,
       "Condition": {"StringEquals": {"dynamodb:ReturnValues": "NONE"}}}\
      """
          .formatted(THINGS);

  @TempDir static Path folder;
  private static StandIns standIns;
  private static DynamoDbClient writer;

  @BeforeAll
  static void start() throws Exception {
    standIns =
        StandIns.start(
            folder,
            TABLE,
            key("TableKey"),
            role("Writer", "lambda.amazonaws.com", UPDATE_BLINDLY, USE_KEY),
            role("Reader", "lambda.amazonaws.com", allow("\"dynamodb:GetItem\"", THINGS), USE_KEY),
            role("Keyless", "lambda.amazonaws.com", allow("\"dynamodb:GetItem\"", THINGS)));
    writer = standIns.dynamoDb("Writer");
  }

  @AfterAll
  static void stop() throws Exception {
    writer.close();
    standIns.close();
  }

  private static String table() {
    return standIns.aws.table("Things");
  }

  private static Map<String, AttributeValue> keyOf(String id) {
    return Map.of("id", AttributeValue.fromS(id));
  }

  private static UpdateItemRequest add(String id) {
    return UpdateItemRequest.builder()
        .tableName(table())
        .key(keyOf(id))
        .updateExpression("ADD n :one")
        .expressionAttributeValues(Map.of(":one", AttributeValue.fromN("1")))
        .returnValues(ReturnValue.NONE)
        .build();
  }

  private static String count(String id) {
    try (DynamoDbClient database = standIns.database()) {
      AttributeValue n =
          database.getItem(get -> get.tableName(table()).key(keyOf(id))).item().get("n");
      return n == null ? "none" : n.n();
    }
  }

  @Test
  void chargesForKeepingAnItemAHundredBytesMoreThanItHas() throws IOException {
    long before = standIns.aws.storedBytes(table());
    writer.updateItem(add("kept"));
    assertThat(standIns.aws.storedBytes(table()) - before)
        .as("id, kept, n, a number and what DynamoDB adds")
        .isEqualTo(2 + 4 + 1 + 2 + 100);
  }

  @Test
  @DisplayName("T45 a role does what its policy allows, on what it allows")
  void judgesByTheRole() {
    writer.updateItem(add("judged"));
    assertThat(count("judged")).isEqualTo("1");
    try (DynamoDbClient reader = standIns.dynamoDb("Reader")) {
      assertThat(reader.getItem(get -> get.tableName(table()).key(keyOf("judged"))).item())
          .containsKey("n");
      assertThatThrownBy(() -> reader.updateItem(add("judged")))
          .isInstanceOf(DynamoDbException.class)
          .hasMessageContaining("not authorized to perform: dynamodb:UpdateItem on resource: arn");
      assertThatThrownBy(() -> reader.getItem(get -> get.tableName("other").key(keyOf("x"))))
          .hasMessageContaining("table/other");
    }
  }

  @Test
  @DisplayName("T2 a role that may only update blindly is refused what was there before")
  void judgesReturnValues() {
    for (ReturnValue value : new ReturnValue[] {ReturnValue.ALL_OLD, ReturnValue.ALL_NEW}) {
      assertThatThrownBy(
              () -> writer.updateItem(add("blind").toBuilder().returnValues(value).build()))
          .isInstanceOf(DynamoDbException.class)
          .hasMessageContaining("not authorized");
    }
    assertThat(count("blind")).isEqualTo("none");
  }

  @Test
  @DisplayName("T31 an encrypted table is closed to a role that may not use its key")
  void judgesByTheTablesKey() {
    try (DynamoDbClient keyless = standIns.dynamoDb("Keyless")) {
      assertThatThrownBy(() -> keyless.getItem(get -> get.tableName(table()).key(keyOf("x"))))
          .hasMessageContaining("not authorized to perform: kms:Decrypt");
    }
  }

  @Test
  void refusesWhoIsNotKnownAndWhoCannotSign() {
    var access = standIns.aws.as("Writer");
    String known = access.credentials().resolveCredentials().accessKeyId();
    for (String id : new String[] {known, "ASIASOMEONEELSE00000"}) {
      var forged =
          new AwsStandIns.Access(
              access.region(),
              access.dynamoDb(),
              access.kms(),
              access.iotData(),
              access.iot(),
              StaticCredentialsProvider.create(AwsBasicCredentials.create(id, "a guess")));
      try (DynamoDbClient stranger = StandIns.dynamoDb(forged)) {
        assertThatThrownBy(() -> stranger.updateItem(add("forged")))
            .isInstanceOf(DynamoDbException.class);
      }
    }
    assertThat(count("forged")).isEqualTo("none");
  }

  @Test
  void countsWhatWritingCostsFailedConditionsIncluded() {
    double before = standIns.aws.charges().writeUnits("Writer");
    UpdateItemRequest big =
        add("counted").toBuilder()
            .updateExpression("SET filler = :filler")
            .expressionAttributeValues(Map.of(":filler", AttributeValue.fromS("x".repeat(1500))))
            .build();
    assertThat(writer.updateItem(big).consumedCapacity()).isNull();
    assertThat(standIns.aws.charges().writeUnits("Writer") - before).isEqualTo(2);
    assertThatThrownBy(() ->
            writer.updateItem(
                big.toBuilder().conditionExpression("attribute_not_exists(id)").build()))
        .isInstanceOfSatisfying(
            ConditionalCheckFailedException.class,
            failed -> assertThat(failed.hasItem()).isFalse());
    assertThat(standIns.aws.charges().writeUnits("Writer") - before).isEqualTo(4);
  }

  @Test
  void throttlesTheCallsItIsToldTo() {
    try (var injected =
        standIns.aws.faults().inject("Writer", "UpdateItem", n -> n == 2, new Fault.Throttled())) {
      writer.updateItem(add("throttled"));
      writer.updateItem(add("throttled")); // once more by the SDK
      assertThat(injected.hits()).isEqualTo(1);
    }
    assertThat(count("throttled")).isEqualTo("2");
  }

  @Test
  void failsTheCallsItIsToldTo() {
    try (var injected =
        standIns.aws.faults().inject("Writer", "UpdateItem", new Fault.ServerError())) {
      assertThatThrownBy(() -> writer.updateItem(add("failed")))
          .isInstanceOfSatisfying(
              DynamoDbException.class, e -> assertThat(e.statusCode()).isEqualTo(500));
      assertThat(injected.hits()).isGreaterThan(1);
    }
    assertThat(count("failed")).isEqualTo("none");
  }

  @Test
  void losesTheAnswerOfAWriteThatWasDone() {
    try (var _ =
        standIns.aws.faults().inject("Writer", "UpdateItem", n -> n == 1, new Fault.AnswerLost())) {
      writer.updateItem(add("lost"));
    }
    assertThat(count("lost")).isEqualTo("2"); // the SDK did it once more: it heard nothing
  }

  @Test
  void saysNothing() {
    try (var _ = standIns.aws.faults().inject("Writer", "UpdateItem", new Fault.Silence())) {
      assertThatThrownBy(() ->
              writer.updateItem(
                  add("silent").toBuilder()
                      .overrideConfiguration(o -> o.apiCallTimeout(Duration.ofMillis(100)))
                      .build()))
          .isInstanceOf(SdkClientException.class);
    }
    assertThat(count("silent")).isEqualTo("none");
  }

  @Test
  void stopsACallerBeforeAndAfterACall() throws Exception {
    var before = new CountDownLatch(1);
    var after = new CountDownLatch(1);
    var reached = new CountDownLatch(1);
    try (var _ =
            standIns
                .aws
                .faults()
                .inject("Writer", "UpdateItem", new Fault.Before(() -> await(before)));
        var _ =
            standIns
                .aws
                .faults()
                .inject(
                    "Writer",
                    "UpdateItem",
                    new Fault.After(() -> {
                      reached.countDown();
                      await(after);
                    }))) {
      var call = new FutureTask<UpdateItemResponse>(() -> writer.updateItem(add("stopped")));
      Thread.ofVirtual().start(call);
      assertThat(count("stopped")).isEqualTo("none");
      before.countDown();
      reached.await();
      assertThat(count("stopped")).isEqualTo("1");
      assertThat(call.isDone()).isFalse();
      after.countDown();
      call.get();
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void listensOnOneAddressOnly() {
    for (int port :
        new int[] {
          standIns.aws.database().dynamoDb().getPort(),
          standIns.aws.as("Writer").dynamoDb().getPort()
        }) {
      assertThatThrownBy(() -> new Socket(InetAddress.ofLiteral("127.0.0.2"), port).close())
          .isInstanceOf(ConnectException.class);
    }
  }
}

package meterveil.infrastructure;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.services.iam.PolicyStatement;
import software.constructs.Construct;

/// From the meters' topics into their cohorts' open cells: rule → collect → OpenBlocks.
///
/// The rule hands over the bytes as they came, for one decoder alone judges them, and takes who is
/// speaking from the topic, which the meter's policy has checked. The function adds to open items
/// and cannot read them.
final class Collection extends Construct {

  private static final Duration TIMEOUT = Duration.seconds(30);

  private static final String SQL =
      "SELECT encode(*, 'base64') AS payload,"
          + " topic(3) AS tenant, topic(4) AS cohort, topic(5) AS thing";

  final PlatformFunction function;

  Collection(
      Construct scope,
      Data data,
      PlatformFunction.Surroundings surroundings,
      PlatformFunction resend) {
    super(scope, "Collect");
    function =
        new PlatformFunction(
            this,
            "collect",
            surroundings,
            data.collectRole,
            TIMEOUT,
            surroundings.load().collectAtOnce(),
            Map.of(
                "OPEN_BLOCKS_TABLE", data.openBlocks.name(),
                "DAY_KEYS_TABLE", data.dayKeys.name(),
                "DAY_KEY_ID", data.dayKeyKey.getKeyArn(),
                "COHORTS_TABLE", data.cohorts.name()),
            Stream.of(
                    List.of(addBlindly(data.openBlocks)),
                    data.dayKeys.allow("GetItem", "PutItem"),
                    data.cohorts.allow("GetItem"),
                    List.of(EncryptionKeys.wrapDayKeys(data.dayKeyKey)))
                .flatMap(List::stream)
                .toList());
    function.failuresGoTo(resend);
    new TopicRule(this, Topics.READINGS_RULE, SQL, function, resend);
  }

  /// An update can hand the item back without any right to read; this one may not.
  private static PolicyStatement addBlindly(KeyedTable openBlocks) {
    return openBlocks
        .statement("UpdateItem")
        .conditions(Map.of("StringEquals", Map.of("dynamodb:ReturnValues", "NONE")))
        .build();
  }
}

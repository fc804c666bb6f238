package meterveil.infrastructure;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.services.scheduler.CfnScheduleGroup;
import software.constructs.Construct;

/// From open cells to released usage, every hour: schedule → release → Usage.
final class Release extends Construct {

  /// As long as Lambda lets a function run: a backlog is worked off as far as time goes.
  private static final Duration TIMEOUT = Duration.minutes(15);

  final PlatformFunction function;

  /// The group of all schedules, which Scheduler counts under.
  final CfnScheduleGroup schedules;

  Release(Construct scope, Data data, PlatformFunction.Surroundings surroundings) {
    super(scope, "Release");
    var topic = Topics.cohortResend("*", "*");
    function =
        new PlatformFunction(
            this,
            "release",
            surroundings,
            data.releaseRole,
            TIMEOUT,
            surroundings.load().releaseAtOnce(),
            Map.of(
                "OPEN_BLOCKS_TABLE", data.openBlocks.name(),
                "DAY_KEYS_TABLE", data.dayKeys.name(),
                "DAY_KEY_ID", data.dayKeyKey.getKeyArn(),
                "COHORTS_TABLE", data.cohorts.name(),
                "TENANTS_TABLE", data.tenants.name(),
                "GROUPINGS_TABLE", data.groupings.name(),
                "USAGE_TABLE", data.usage.name(),
                "RECONCILIATIONS_TABLE", data.reconciliations.name(),
                "OPEN_DATA_TABLE", data.openData.name()),
            Stream.of(
                    data.openBlocks.allow("GetItem", "PutItem", "UpdateItem"),
                    data.dayKeys.allow("GetItem", "PutItem", "Query"),
                    data.groupings.allow("GetItem", "PutItem", "Query"),
                    data.usage.allow("BatchWriteItem", "Query"),
                    data.reconciliations.allow("GetItem", "PutItem"),
                    data.openData.allow("GetItem", "PutItem", "UpdateItem"),
                    data.cohorts.allow("Query"),
                    data.tenants.allow("Scan"),
                    List.of(EncryptionKeys.wrapDayKeys(data.dayKeyKey)),
                    List.of(Topics.mayPublish(this, topic, "iot:Publish")))
                .flatMap(List::stream)
                .toList());
    function.wildcardIsNeeded(topic, "Any cohort may miss a message, so any may be asked.");

    schedules = CfnScheduleGroup.Builder.create(this, "Schedules").build();
    new EveryHour(this, schedules, function);
  }
}

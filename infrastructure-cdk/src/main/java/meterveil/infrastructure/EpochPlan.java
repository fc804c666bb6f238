package meterveil.infrastructure;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.services.scheduler.CfnScheduleGroup;
import software.constructs.Construct;

/// From one epoch to the next: schedule → plan → Cohorts, things, settings.
final class EpochPlan extends Construct {

  /// As long as Lambda lets a function run: what is left is left to the next hour.
  private static final Duration TIMEOUT = Duration.minutes(15);

  final PlatformFunction function;

  EpochPlan(
      Construct scope,
      Data data,
      PlatformFunction.Surroundings surroundings,
      CfnScheduleGroup schedules) {
    super(scope, "Plan");
    var settings = Topics.settings("*", "*");
    function =
        new PlatformFunction(
            this,
            "plan",
            surroundings,
            PlatformFunction.role(this, "Role"),
            TIMEOUT,
            surroundings.load().planAtOnce(),
            Map.of(
                "TENANTS_TABLE", data.tenants.name(),
                "METERS_TABLE", data.meters.name(),
                "COHORTS_TABLE", data.cohorts.name(),
                "ASSIGNMENTS_TABLE", data.assignments.name()),
            Stream.of(
                    data.tenants.allow("Scan"),
                    data.meters.allow("GetItem"),
                    data.meters.allowIndex(Data.METERS_BY_TENANT, "Query"),
                    data.cohorts.allow("GetItem", "PutItem", "Query"),
                    data.assignments.allow(
                        "BatchWriteItem", "GetItem", "PutItem", "Query", "UpdateItem"),
                    List.of(
                        RegistryRights.allow(
                            this, RegistryRights.ANY_THING, "DescribeThing", "UpdateThing"),
                        Topics.mayPublish(this, settings, "iot:Publish", "iot:RetainPublish"),
                        EncryptionKeys.openRegistry(data.registryKey)))
                .flatMap(List::stream)
                .toList());
    function.wildcardIsNeeded(settings, "Every meter is told its settings.");
    function.anyIsNeeded(RegistryRights.ANY_THING, "Every meter's thing is given its cohort.");
    new EveryHour(this, schedules, function);
  }
}

package meterveil.infrastructure;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.services.scheduler.CfnScheduleGroup;
import software.constructs.Construct;

/// How the meters are, counted every hour: schedule → survey → metrics.
final class Survey extends Construct {

  /// A million meters are some hundred pages of either list.
  private static final Duration TIMEOUT = Duration.minutes(15);

  final PlatformFunction function;

  Survey(
      Construct scope,
      Data data,
      PlatformFunction.Surroundings surroundings,
      CfnScheduleGroup schedules) {
    super(scope, "Survey");
    function =
        new PlatformFunction(
            this,
            "survey",
            surroundings,
            PlatformFunction.role(this, "Role"),
            TIMEOUT,
            surroundings.load().surveyAtOnce(),
            Map.of(
                "METERS_TABLE", data.meters.name(),
                "DEVICE_STATUS_TABLE", data.deviceStatus.name(),
                "TENANTS_TABLE", data.tenants.name()),
            Stream.of(
                    data.meters.allow("GetItem"),
                    data.meters.allowIndex(Data.METERS_BY_TENANT, "Query"),
                    data.deviceStatus.allow("Query"),
                    data.tenants.allow("Scan"))
                .flatMap(List::stream)
                .toList());
    new EveryHour(this, schedules, function);
  }
}

package meterveil.embedded.aws;

import static meterveil.embedded.aws.TestAssembly.MAY_LOG;
import static meterveil.embedded.aws.TestAssembly.allow;
import static meterveil.embedded.aws.TestAssembly.function;
import static meterveil.embedded.aws.TestAssembly.role;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import meterveil.embedded.aws.Functions.Delivery;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SchedulesTest {

  private static final String MAY_INVOKE =
      allow("\"lambda:InvokeFunction\"", "{\"Ref\": \"ProbeLive\"}");

  @TempDir Path folder;

  private static String schedule(String id, String properties) {
    return """
    "%s": {"Type": "AWS::Scheduler::Schedule", "Properties": {
      "FlexibleTimeWindow": {"Mode": "OFF"},
      "Target": {"Arn": {"Ref": "ProbeLive"}, "RoleArn": {"Fn::GetAtt": ["Caller", "Arn"]},
        "Input": "\\"%1$s\\""}, %s}}\
    """
        .formatted(id, properties);
  }

  private StandIns start(String callerStatement, String... schedules) throws Exception {
    return StandIns.start(
        folder,
        role("ProbeRole", "lambda.amazonaws.com", MAY_LOG),
        role("Caller", "scheduler.amazonaws.com", callerStatement),
        function("Probe", "ProbeRole", ""),
        String.join(",\n", schedules));
  }

  private static void move(StandIns standIns, Duration ahead) throws IOException {
    standIns.clock.moveTo(standIns.clock.instant().plus(ahead));
    standIns.aws.moved();
  }

  @Test
  void firesWhatCameDueOnce() throws Exception {
    try (StandIns standIns =
        start(
            MAY_INVOKE,
            schedule("Hourly", "\"ScheduleExpression\": \"rate(1 hour)\""),
            schedule("Daily", "\"ScheduleExpression\": \"rate(1 day)\""),
            schedule("Off", "\"State\": \"DISABLED\", \"ScheduleExpression\": \"rate(1 hour)\""))) {
      List<String> events = new CopyOnWriteArrayList<>();
      standIns
          .aws
          .functions()
          .setFault(
              "Probe",
              (_, payload) -> {
                events.add(payload);
                return Delivery.LOSE;
              });
      move(standIns, Duration.ofMinutes(50));
      standIns.awaitQuiet();
      assertThat(events).isEmpty();
      move(standIns, Duration.ofMinutes(20));
      standIns.awaitQuiet();
      assertThat(events).containsExactly("\"Hourly\"");
      move(standIns, Duration.ofHours(23));
      standIns.awaitQuiet();
      assertThat(events).containsExactly("\"Hourly\"", "\"Hourly\"", "\"Daily\"");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"ScheduleExpression\": \"at(2013-01-01T00:00:00)\" | at(2013-01-01T00:00:00)",
        "\"ScheduleExpression\": \"cron(30 2 * * ? *)\" | cron(30 2 * * ? *)",
        "\"ScheduleExpression\": \"rate(0 hours)\" | rate(0 hours)",
        "\"ScheduleExpression\": \"rate(1 hour)\", \"ScheduleExpressionTimezone\": "
            + "\"Europe/Amsterdam\" | Europe/Amsterdam",
        "\"ScheduleExpression\": \"rate(1 hour)\", \"StartDate\": \"2013-01-01\" | StartDate",
      })
  void refusesWhatIsNotImplementedByName(String properties, String named) {
    assertThatThrownBy(() -> start(MAY_INVOKE, schedule("Odd", properties)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("Odd of dev-Data")
        .hasMessageContaining(named);
  }

  @Test
  void refusesAScheduleWhoseRoleMayNotInvoke() {
    assertThatThrownBy(
            () -> start(MAY_LOG, schedule("Idle", "\"ScheduleExpression\": \"rate(1 hour)\"")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("Idle of dev-Data")
        .hasMessageContaining("may not invoke");
  }
}

package meterveil.benchmarks.price;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Units and dollars against what is worked out by hand.
final class PriceTest {

  private final Price price;

  PriceTest() throws IOException {
    price = new Price(PriceList.read(), 1, 178);
  }

  private static final double DAYS_PER_MONTH = 365 / 12.0;

  /// Two days of daily messages: two write units and 10 ms a message; each day 5 write units, 24
  /// releases of 5 ms with a read unit each, and a KMS request, whatever the meters.
  private static JsonNode run(int meters) throws IOException {
    int messages = 2 * meters;
    return new JsonMapper()
        .readTree(
            """
            {"meters": %1$d, "days": 2, "bill": {
              "rules": {"collect_readings.TopicMatch": %2$d, "collect_readings.Success": %2$d},
              "calls": {
                "CollectRole12": {
                  "dynamodb:UpdateItem": {"calls": %2$d, "readUnits": 0, "writeUnits": %3$d},
                  "kms:GenerateDataKey": {"calls": 2, "readUnits": 0, "writeUnits": 0}},
                "ReleaseRole34": {
                  "dynamodb:PutItem": {"calls": 10, "readUnits": 48, "writeUnits": 10}},
                "StatusRole56": {
                  "dynamodb:UpdateItem": {"calls": 9, "readUnits": 99, "writeUnits": 99}}},
              "functions": {
                "Collect12": {"invocations": %2$d, "billedMillis": %4$d},
                "Release34": {"invocations": 48, "billedMillis": 240, "busyMillisMin": 4.5}},
              "logBytes": %5$d,
              "storedBytes": {
                "OpenBlocks": {"firstDay": %6$d, "end": 0},
                "Usage": {"firstDay": 0, "end": %7$d}}}}
            """
                .formatted(
                    meters,
                    messages,
                    2 * messages,
                    10 * messages,
                    80 * (messages + 48),
                    1_000 * meters,
                    2 * 300 * meters));
  }

  @Test
  void sharesOutWhatEachDayCostsAnyway() throws IOException {
    var units = price.perMeterHour(run(100), run(1_000), 10_000).units();

    double meterDay = 24;
    assertThat(units)
        .hasEntrySatisfying("iotRuleTriggered", it -> is(it, 1 / meterDay))
        .hasEntrySatisfying("iotAction", it -> is(it, 1 / meterDay))
        .hasEntrySatisfying("dynamoDbWriteUnit", it -> is(it, (2 + 5 / 10_000.0) / meterDay))
        .hasEntrySatisfying("dynamoDbReadUnit", it -> is(it, 24 / 10_000.0 / meterDay))
        .hasEntrySatisfying("kmsRequest", it -> is(it, 1 / 10_000.0 / meterDay))
        .hasEntrySatisfying("lambdaRequest", it -> is(it, (1 + 24 / 10_000.0) / meterDay))
        .hasEntrySatisfying("lambdaGbSecond", it -> is(it, (0.010 + 0.120 / 10_000.0) / meterDay))
        .hasEntrySatisfying("logGb", it -> is(it, 500e-9 * (1 + 24 / 10_000.0) / meterDay))
        .hasEntrySatisfying(
            "dynamoDbGbMonth",
            it -> is(it, (1_000e-9 * (24 + 76) / 24 + 300e-9 * 30) / DAYS_PER_MONTH / meterDay));
  }

  private static void is(double actual, double expected) {
    assertThat(actual).isCloseTo(expected, within(expected * 1e-9));
  }

  @Test
  void refusesARunInWhichWhatGrowsDidNot() throws IOException {
    JsonNode few = run(100);
    assertThatIllegalStateException()
        .isThrownBy(() -> price.perMeterHour(few, few, 10_000))
        .withMessageContaining("did not grow with the meters");
  }

  @Test
  void paysThreeTimesForAKeyThatHasRotatedTwice() {
    var units = Price.perMonth(Map.of("AWS::KMS::Key", 3, Price.ROTATING, 2), 40).units();
    assertThat(units).containsEntry("kmsKeyMonth", 3 + 2 * 2.0).containsEntry("metricMonth", 40.0);
  }

  @Test
  void paysForEachMetricOfAnAlarm() throws IOException {
    JsonNode template =
        new JsonMapper()
            .readTree(
                """
                {"Resources": {
                  "Plain": {
                    "Type": "AWS::CloudWatch::Alarm",
                    "Properties": {"MetricName": "Runs", "Namespace": "Meterveil"}},
                  "Sum": {
                    "Type": "AWS::CloudWatch::Alarm",
                    "Properties": {"Metrics": [
                      {"Id": "sum", "Expression": "SUM(METRICS())"},
                      {"Id": "a", "MetricStat": {"Stat": "Sum"}, "ReturnData": false},
                      {"Id": "b", "MetricStat": {"Stat": "Sum"}, "ReturnData": false},
                      {"Id": "c", "MetricStat": {"Stat": "Sum"}, "ReturnData": false}]}},
                  "Query": {
                    "Type": "AWS::CloudWatch::Alarm",
                    "Properties": {"Metrics": [
                      {"Id": "all", "Expression": "SELECT SUM(\\"Failure\\") FROM \\"AWS/IoT\\""}]}}}}
                """);
    Map<String, Integer> resources = Price.resources(List.of(template));
    assertThat(resources)
        .containsEntry("AWS::CloudWatch::Alarm", 3)
        .containsEntry(Price.ALARM_METRICS, 1 + 3)
        .containsEntry(Price.ALARM_QUERIES, 1);
    assertThat(Price.perMonth(resources, 40).units()).containsEntry("alarmMonth", 1 + 3 + 1.0);
  }

  @Test
  void countsEachReadingOfTheUsualDesign() {
    var hourly = price.functionPerReading(7, 1, true).units();
    assertThat(hourly)
        .containsEntry("iotMessage", 1.0)
        .containsEntry("lambdaRequest", 1.0)
        .containsEntry("lambdaGbSecond", 0.007)
        .containsEntry("dynamoDbWriteUnit", 1.0)
        .hasEntrySatisfying("dynamoDbGbMonth", it -> is(it, 178e-9 * 30 / DAYS_PER_MONTH));
    var daily = price.functionPerReading(48, 24, false).units();
    assertThat(daily)
        .containsEntry("iotMessage", 0.0)
        .containsEntry("lambdaRequest", 1 / 24.0)
        .containsEntry("dynamoDbWriteUnit", 1.0);
    assertThat(daily.get("lambdaGbSecond")).isCloseTo(0.002, within(1e-12));
  }
}

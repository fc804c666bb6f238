package meterveil.embedded.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class MetricLogTest {

  @Test
  void sumsWhatTheFunctionsCounted() {
    var metrics =
        new MetricLog(
            List.of(
                "START RequestId: 1",
                """
                {"_aws":{"Timestamp":1,"CloudWatchMetrics":[{"Namespace":"Meterveil","Metrics":[{"Name":"Counted","Unit":"Count"},{"Name":"MeterHours","Unit":"Count"}],"Dimensions":[["Service"]]}]},"Service":"collect","Counted":1.0,"MeterHours":24.0}
                """,
                """
                {"_aws":{"Timestamp":1,"CloudWatchMetrics":[{"Namespace":"Meterveil","Metrics":[{"Name":"Counted"},{"Name":"MeterHours"}],"Dimensions":[["Service"]]}]},"Service":"collect","Counted":[1,1],"MeterHours":[24,23]}
                """,
                """
                {"_aws":{"Timestamp":1,"CloudWatchMetrics":[{"Namespace":"Meterveil","Metrics":[{"Name":"Refused"}],"Dimensions":[["Service"],["Reason"]]}]},"Reason":"TOO_LATE","Refused":1.0}
                """,
                """
                {"_aws":{"Timestamp":1,"CloudWatchMetrics":[{"Namespace":"Meterveil","Metrics":[{"Name":"Refused"}],"Dimensions":[["Service"],["Reason"]]}]},"Reason":"NOT_JSON","Refused":2}
                """));

    assertThat(metrics.sum("Counted")).isEqualTo(3);
    assertThat(metrics.sum("MeterHours")).isEqualTo(71);
    assertThat(metrics.sum("Duplicates")).isZero();
    assertThat(metrics.count())
        .as("two of collect; refused for two reasons, and of a service that is not named")
        .isEqualTo(2 + 2 + 1);
    assertThat(metrics.byReason("Refused"))
        .containsOnly(
            org.assertj.core.api.Assertions.entry("TOO_LATE", 1L),
            org.assertj.core.api.Assertions.entry("NOT_JSON", 2L));
  }
}

package meterveil.embedded.run;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.List;
import java.util.Optional;
import meterveil.embedded.run.CanaryScan.Hit;
import meterveil.embedded.run.RunSummary.Energy;
import org.junit.jupiter.api.Test;

class RunSummaryTest {

  @Test
  void hasWhatOthersLookFor() throws JsonProcessingException {
    var json = new JsonMapper().readTree(Samples.summary(Optional.empty(), 7, List.of()).toJson());

    assertThat(json.fieldNames())
        .toIterable()
        .contains(
            "meters",
            "cohorts",
            "messages",
            "meterHours",
            "accepted",
            "duplicates",
            "refused",
            "sentWh",
            "refusedWh",
            "undeliveredWh",
            "releasedWh",
            "lateWh",
            "withheldWh",
            "pendingWh",
            "cells",
            "itemsScanned",
            "logLinesScanned",
            "canaryHits",
            "collectWriteUnits",
            "releaseWriteUnits",
            "wallSeconds",
            "messagesPerSecond",
            "storedMillisP50",
            "storedMillisP99");
    assertThat(json.at("/refused/TOO_LATE").intValue()).isEqualTo(2);
    assertThat(json.at("/cells/merged").intValue()).isEqualTo(48);
    assertThat(json.at("/collectWriteUnitsPerMeterHour").asText()).isEqualTo("0.08");
    assertThat(json.at("/messagesPerSecond").asText()).isEqualTo("140.0");
    assertThat(json.at("/cpuSeconds/database").asText()).isEqualTo("12.3");
    assertThat(json.at("/cpuSecondsBefore/database").asText()).isEqualTo("2.3");
    assertThat(json.at("/storedMillisP50").asText()).isEqualTo("7.5");
    assertThat(json.at("/bill/functions/CollectFunction/billedMillis").intValue()).isEqualTo(5 + 6);
    assertThat(json.at("/sentWh").longValue())
        .isEqualTo(
            json.at("/refusedWh").longValue()
                + json.at("/undeliveredWh").longValue()
                + json.at("/releasedWh").longValue()
                + json.at("/lateWh").longValue()
                + json.at("/withheldWh").longValue()
                + json.at("/undisclosedWh").longValue()
                + json.at("/pendingWh").longValue());
  }

  @Test
  void knowsWhenEnergyIsMissing() {
    assertThat(new Energy(100, 10, 20, 50, 5, 12, 0, 3, 0, 0).isWrong()).isFalse();
    assertThat(new Energy(100, 10, 20, 50, 5, 11, 0, 3, 0, 0).isWrong()).isTrue();
    assertThat(new Energy(100, 10, 20, 50, 5, 13, 0, 3, 0, 0).differenceWh()).isEqualTo(-1);
  }

  @Test
  void excusesOnlyTheDayThatMayNotBeTold() {
    assertThat(new Energy(100, 10, 20, 50, 5, 8, 4, 3, 1, 0).isWrong()).isFalse();
    assertThat(new Energy(100, 10, 20, 50, 5, 7, 4, 3, 1, 0).isWrong()).isTrue();
  }

  @Test
  void knowsWhenADayIsMissing() {
    assertThat(new Energy(100, 10, 20, 50, 5, 12, 0, 3, 0, 1).isWrong()).isTrue();
  }

  @Test
  void isNotRightWithATrace() {
    var energy = new Energy(100, 30, 0, 50, 5, 15, 0, 0, 0, 0);
    assertThat(Samples.done(energy, List.of()).isRight()).isTrue();
    assertThat(Samples.done(energy, List.of(new Hit("log", "a thing's name"))).isRight()).isFalse();
  }

  @Test
  void isNotRightWithSomethingUndone() {
    var pending = new Energy(100, 30, 0, 50, 5, 5, 0, 10, 0, 0);
    assertThat(Samples.done(pending, List.of()).isRight()).isFalse();
    assertThat(Samples.done(pending, List.of()).undone())
        .containsExactly("10 Wh are of days that were not closed");
    var undelivered = new Energy(100, 30, 10, 50, 5, 5, 0, 0, 0, 0);
    assertThat(Samples.done(undelivered, List.of()).isRight()).isFalse();
    assertThat(Samples.summary(Optional.empty(), 7, List.of()).undone())
        .containsExactly(
            "4,321 Wh never reached the platform",
            "the broker refused its own meters 2 times: certificate-expired",
            "the broker refused its own meters 1 times: publish",
            "PlanFunction failed for good with 2 of its events");
  }
}

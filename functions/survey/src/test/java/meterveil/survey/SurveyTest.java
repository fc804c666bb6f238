package meterveil.survey;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import meterveil.cohort.DistrictId;
import meterveil.cohort.TariffClass;
import meterveil.energy.Commodity;
import meterveil.meter.ListedMeter;
import meterveil.meter.Meter;
import meterveil.meter.Meter.Certificate;
import meterveil.meter.Meter.State;
import meterveil.meter.ThingName;
import meterveil.status.DeviceStatusTable.Sign;
import meterveil.status.Heard;
import meterveil.survey.Survey.District;
import meterveil.tenant.TenantId;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class SurveyTest {

  private static final Instant NOW = Instant.parse("2013-01-03T12:00:00Z");
  private static final Instant YEARS_AWAY = NOW.plus(Duration.ofDays(3_000));

  @Test
  @DisplayName("U6 a meter is offline after two days without a sign of life")
  void countsWhoWasNotHeardOf() {
    var survey =
        Survey.of(
            Heard.of(
                Stream.of(
                    meter("a", "north", State.PROVISIONED, YEARS_AWAY),
                    meter("b", "north", State.PROVISIONED, YEARS_AWAY),
                    meter("c", "south", State.PROVISIONED, YEARS_AWAY),
                    meter("d", "south", State.PROVISIONED, YEARS_AWAY)),
                Stream.of(
                    new Sign(new ThingName("a"), true, NOW.minus(Duration.ofHours(48)), 2),
                    new Sign(new ThingName("aa"), true, NOW, 100),
                    new Sign(new ThingName("b"), true, NOW.minus(Duration.ofHours(49)), 3),
                    new Sign(new ThingName("d"), false, NOW, 0))),
            NOW);

    assertThat(survey.districts())
        .containsEntry(new DistrictId("north"), new District(2, 0, 1))
        .containsEntry(new DistrictId("south"), new District(2, 2, 1))
        .hasSize(2);
    assertThat(survey.blocksGivenUp()).isEqualTo(5);
  }

  @Test
  void countsOnlyWhoIsInService() {
    var survey =
        Survey.of(
            Heard.of(
                Stream.of(
                    meter("a", "north", State.LISTED, NOW),
                    meter("b", "north", State.REVOKED, NOW)),
                Stream.of()),
            NOW);

    assertThat(survey).isEqualTo(new Survey(Map.of(), 0, 0));
  }

  @Test
  @DisplayName("U15 certificates that end soon are counted, and none that meters just change")
  void countsCertificatesThatEndSoon() {
    var survey =
        Survey.of(
            Heard.of(
                Stream.of(
                    meter("a", "north", State.PROVISIONED, NOW.minusSeconds(1)),
                    meter(
                        "b",
                        "north",
                        State.PROVISIONED,
                        NOW.plus(Duration.ofDays(14)).minusSeconds(1)),
                    meter("c", "north", State.PROVISIONED, NOW.plus(Duration.ofDays(14))),
                    meter("d", "north", State.PROVISIONED, NOW.plus(Duration.ofDays(30)))),
                Stream.of()),
            NOW);

    assertThat(survey.certificatesExpiring()).isEqualTo(2);
  }

  @Test
  void saysNothingOfTheShareOfFew() {
    assertThat(new District(9, 9, 9).offlinePercent()).isZero();
    assertThat(new District(10, 9, 1).offlinePercent()).isEqualTo(10);
  }

  @Test
  void goesThroughManyMetersOnce() {
    List<ThingName> things =
        IntStream.range(0, 10_000).mapToObj("m-%05d"::formatted).map(ThingName::new).toList();

    var survey =
        Survey.of(
            Heard.of(
                things.stream()
                    .map(thing -> meter(thing.value(), "north", State.PROVISIONED, YEARS_AWAY)),
                things.stream()
                    .filter(thing -> !thing.value().endsWith("7"))
                    .map(thing -> new Sign(thing, true, NOW, 0))),
            NOW);

    assertThat(survey.districts())
        .containsEntry(new DistrictId("north"), new District(10_000, 1_000, 1_000));
  }

  private static Meter meter(String thing, String district, State state, Instant expiresAt) {
    return new Meter(
        new ListedMeter(
            new ThingName(thing),
            new TenantId("grid"),
            new DistrictId(district),
            TariffClass.RESIDENTIAL,
            Commodity.ELECTRICITY),
        state,
        NOW,
        Optional.of(new Certificate("a".repeat(64), expiresAt)),
        false);
  }
}

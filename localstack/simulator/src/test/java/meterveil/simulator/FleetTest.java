package meterveil.simulator;

import static java.nio.charset.StandardCharsets.UTF_8;
import static meterveil.simulator.TestFleet.EPOCH;
import static meterveil.simulator.TestFleet.await;
import static meterveil.simulator.TestFleet.days;
import static meterveil.simulator.TestFleet.join;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import meterveil.energy.WattHours;
import meterveil.meter.ThingName;
import meterveil.meter.Topics;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Fleets against a real broker, through mutual TLS.
class FleetTest {

  private static final Instant START = Instant.parse("2024-01-11T00:00:00Z");
  private static final String DAY_1 = "2024-01-11T00:00:00Z";
  private static final String DAY_2 = "2024-01-12T00:00:00Z";
  private static final String DAY_3 = "2024-01-13T00:00:00Z";
  private static final FleetOptions AT_ONCE = FleetOptions.DEFAULT.withPauses(Pauses.NONE);

  @TempDir private static Path folder;
  private static TestBroker broker;

  private final List<AutoCloseable> opened = new ArrayList<>();

  @BeforeAll
  static void startsBroker() throws IOException {
    broker = new TestBroker(folder);
  }

  @AfterAll
  static void stopsBroker() {
    broker.close();
  }

  @AfterEach
  void closesFleets() throws Exception {
    for (AutoCloseable fleet : opened) {
      fleet.close();
    }
  }

  private TestFleet fleet(String tenant, String now, FleetOptions options) {
    var fleet = new TestFleet(broker, tenant, new TestClock(now), options);
    opened.add(fleet);
    return fleet;
  }

  private static WattHours wh(long value) {
    return new WattHours(value);
  }

  @Test
  void sendsEachBlockOnceWhenItIsOver() {
    TestFleet it = fleet("once", "2024-01-11T23:59:59Z", AT_ONCE);
    Meter first = it.meter("first", START, 2, 100);
    Meter second = it.meter("second", START, 2, 200);
    it.connected();

    join(it.fleet.sendDue());
    assertThat(it.readings(first)).isEmpty();
    assertThat(it.fleet.isDone()).isFalse();

    it.clock.moveTo(DAY_2);
    join(it.fleet.sendDue());
    join(it.fleet.sendDue());
    assertThat(it.readings(first)).containsExactly(days(DAY_1, 1, 100));
    assertThat(it.readings(second)).containsExactly(days(DAY_1, 1, 200));

    it.clock.moveTo(DAY_3);
    join(it.fleet.sendDue());
    assertThat(it.readings(first)).containsExactly(days(DAY_1, 1, 100), days(DAY_2, 1, 100));
    assertThat(it.fleet.isDone()).isTrue();
    assertThat(it.fleet.books())
        .isEqualTo(new Books(4, 0, 4, 96, wh(48 * 300), WattHours.ZERO, WattHours.ZERO));
  }

  @Test
  void sendsFromTheFirstEpochOnOfWhichItHasACohort() {
    TestFleet it = fleet("joins", "2024-01-20T00:00:00Z", AT_ONCE);
    var thing = new ThingName("joins-meter");
    it.settings(thing, EPOCH.next());
    int[] energyWh = new int[9 * 24];
    Arrays.fill(energyWh, 100);
    Meter meter = it.fleet.add(thing, broker.certificate(thing), new LoadProfile(START, energyWh));
    it.connected();

    join(it.fleet.sendDue());
    assertThat(it.readings(meter, EPOCH.next()))
        .containsExactly(days("2024-01-18T00:00:00Z", 2, 100));
    assertThat(it.fleet.books())
        .isEqualTo(new Books(1, 0, 2, 48, wh(4_800), WattHours.ZERO, WattHours.ZERO));
    assertThat(it.fleet.delivered(LocalDate.of(2024, 1, 17))).isEqualTo(WattHours.ZERO);
    assertThat(it.fleet.delivered(LocalDate.of(2024, 1, 18))).isEqualTo(wh(2_400));
    assertThat(it.fleet.isDone()).isTrue();
  }

  @Test
  void isNotDoneWhileTheNextEpochIsNotPlanned() {
    TestFleet it = fleet("unplanned", "2024-01-18T00:00:00Z", AT_ONCE);
    Meter meter = it.meter("meter", Instant.parse("2024-01-17T00:00:00Z"), 2, 100);
    it.connected();
    join(it.fleet.sendDue());
    assertThat(it.readings(meter)).hasSize(1);
    assertThat(it.fleet.isDone()).isFalse();
    it.clock.moveTo("2024-01-19T00:00:00Z");
    assertThat(it.fleet.isDone()).isFalse();

    it.settings(meter.thing(), EPOCH, EPOCH.next());
    join(meter.knows(EPOCH.next()));
    join(it.fleet.sendDue());
    assertThat(it.fleet.isDone()).isTrue();
  }

  @Test
  void countsWhatIsNotSentAsUndelivered() {
    TestFleet it = fleet("unsent", DAY_3, AT_ONCE);
    Meter meter = it.meter("meter", START, 2, 100);
    it.connected();

    assertThat(it.fleet.books().undelivered()).isEqualTo(wh(4_800));

    meter.drop(Instant.parse(DAY_1));
    meter.hold(Instant.parse(DAY_2));
    join(it.fleet.sendDue());
    assertThat(it.readings(meter)).isEmpty();
    assertThat(it.fleet.books().undelivered()).isEqualTo(wh(4_800));

    join(meter.send(Instant.parse(DAY_2)));
    assertThat(it.readings(meter)).containsExactly(days(DAY_2, 1, 100));
    assertThat(it.fleet.books())
        .isEqualTo(new Books(1, 0, 2, 48, wh(4_800), WattHours.ZERO, wh(2_400)));
  }

  @Test
  void tellsDaysApart() {
    TestFleet it = fleet("days", DAY_2, AT_ONCE.withTwoBlocks(false));
    it.meter("whole", START, 2, 100);
    Meter partly = it.meter("partly", START, 2, 200);
    it.connected();
    partly.drop(Instant.parse(DAY_2));
    join(it.fleet.sendDue());
    assertThat(it.fleet.delivered(LocalDate.of(2024, 1, 12))).isEqualTo(WattHours.ZERO);

    it.clock.moveTo(DAY_3);
    join(it.fleet.sendDue());
    for (String now : List.of(DAY_3, "2024-01-20T00:00:00Z")) { // and when they are forgotten
      it.clock.moveTo(now);
      assertThat(it.fleet.delivered(LocalDate.of(2024, 1, 10))).isEqualTo(WattHours.ZERO);
      assertThat(it.fleet.delivered(LocalDate.of(2024, 1, 11))).isEqualTo(wh(24 * 300));
      assertThat(it.fleet.delivered(LocalDate.of(2024, 1, 12))).isEqualTo(wh(24 * 100));
    }
  }

  @Test
  void sendsTwoBlocksInAMessageAfterAnAbsence() {
    TestFleet it = fleet("absent", DAY_1, AT_ONCE);
    Meter meter = it.meter("meter", START, 3, 100);
    it.connected();
    join(meter.sleep());
    it.clock.moveTo("2024-01-14T00:00:00Z");

    join(it.fleet.sendDue());
    assertThat(it.readings(meter)).isEmpty();

    join(meter.wake());
    join(it.fleet.sendDue());
    assertThat(it.readings(meter)).containsExactly(days(DAY_1, 2, 100), days(DAY_3, 1, 100));
    assertThat(it.fleet.books())
        .isEqualTo(new Books(2, 0, 3, 72, wh(7_200), WattHours.ZERO, WattHours.ZERO));
  }

  @Test
  void keepsTheEpochsApartAndFollowsNewSettings() {
    TestFleet it = fleet("epochs", "2024-01-18T00:00:00Z", AT_ONCE);
    Meter meter = it.meter("meter", Instant.parse("2024-01-17T00:00:00Z"), 2, 100);
    it.connected();
    join(meter.sleep());
    it.settings(meter.thing(), EPOCH, EPOCH.next());
    join(meter.wake());
    join(meter.knows(EPOCH.next()));

    it.clock.moveTo("2024-01-19T00:00:00Z");
    join(it.fleet.sendDue());
    assertThat(it.readings(meter)).containsExactly(days("2024-01-17T00:00:00Z", 1, 100));
    assertThat(it.readings(meter, EPOCH.next()))
        .containsExactly(days("2024-01-18T00:00:00Z", 1, 100));
  }

  @Test
  void learnsOfTheNextEpochWhileItRuns() throws InterruptedException {
    TestFleet it = fleet("next", "2024-01-18T00:00:00Z", AT_ONCE);
    Meter meter = it.meter("meter", Instant.parse("2024-01-17T00:00:00Z"), 2, 100);
    it.connected();
    join(it.fleet.sendDue());
    it.clock.moveTo("2024-01-19T00:00:00Z");
    join(it.fleet.sendDue());
    assertThat(it.readings(meter, EPOCH.next())).isEmpty();

    it.settings(meter.thing(), EPOCH.next());
    join(meter.knows(EPOCH.next()));
    join(it.fleet.sendDue());
    assertThat(it.readings(meter, EPOCH.next())).hasSize(1);

    it.askCohort(EPOCH, "2024-01-17T00:00:00Z");
    it.askCohort(EPOCH.next(), "2024-01-18T00:00:00Z");
    await(() -> it.readings(meter).size() == 2 && it.readings(meter, EPOCH.next()).size() == 2);
  }

  @Test
  void answersAMeterOrACohort() throws InterruptedException {
    TestFleet it = fleet("asked", DAY_2, AT_ONCE);
    Meter first = it.meter("first", START, 1, 100);
    Meter second = it.meter("second", START, 1, 200);
    it.connected();
    join(it.fleet.sendDue());

    it.ask(first, DAY_1, DAY_2);
    await(() -> it.readings(first).size() == 2);
    it.askCohort(EPOCH, DAY_1);
    await(() -> it.readings(first).size() == 3 && it.readings(second).size() == 2);

    assertThat(it.readings(first)).containsOnly(days(DAY_1, 1, 100));
    Books books = it.fleet.books();
    assertThat(books)
        .isEqualTo(new Books(2, 3, 2, 48, wh(24 * 300), WattHours.ZERO, WattHours.ZERO));
  }

  @Test
  void answersARequestThatCameWhileItSlept() throws InterruptedException {
    TestFleet it = fleet("asleep", DAY_2, AT_ONCE);
    Meter meter = it.meter("meter", START, 1, 100);
    it.connected();
    join(it.fleet.sendDue());
    join(meter.sleep());
    it.askCohort(EPOCH, DAY_1);

    join(meter.wake());
    await(() -> it.readings(meter).size() == 2);
  }

  @Test
  void answersThreeTimesAfterPausesThenGivesUp() throws InterruptedException {
    TestFleet it = fleet("pauses", DAY_2, FleetOptions.DEFAULT.withSeed(5));
    Meter meter = it.meter("meter", START, 1, 100);
    it.connected();
    join(it.fleet.sendDue());

    int answers = 0;
    for (Duration pause : Pauses.DEFAULT.upTo()) {
      it.ask(meter, DAY_1);
      await(() -> it.fleet.nextAnswer().isPresent());
      Instant due = it.fleet.nextAnswer().orElseThrow();
      assertThat(due).isBetween(it.clock.instant(), it.clock.instant().plus(pause));
      join(it.fleet.answerDue());
      assertThat(it.readings(meter)).hasSize(1 + answers);
      it.clock.moveTo(due.toString());
      join(it.fleet.answerDue());
      answers++;
      int expected = 1 + answers;
      await(() -> it.readings(meter).size() == expected);
    }
    assertThat(it.fleet.books().undelivered()).isEqualTo(WattHours.ZERO);

    it.ask(meter, DAY_1);
    await(() -> meter.blocksGivenUp() == 1);
    assertThat(it.fleet.nextAnswer()).isEmpty();
    assertThat(it.fleet.books().undelivered()).isEqualTo(wh(2_400));

    it.clock.move(Duration.ofDays(1));
    join(it.fleet.sendDue());
    assertThat(it.readings(meter)).hasSize(4);
    assertThat(it.statuses(meter).getLast()).contains("\"blocksGivenUp\":1");
  }

  @Test
  void keepsABlockForSeventyTwoHours() throws InterruptedException {
    TestFleet it = fleet("kept", DAY_2, AT_ONCE);
    Meter meter = it.meter("meter", START, 1, 100);
    it.connected();
    join(it.fleet.sendDue());

    it.clock.moveTo("2024-01-15T00:00:00Z");
    it.ask(meter, DAY_1);
    await(() -> it.readings(meter).size() == 2);
    join(it.fleet.answerDue());

    it.clock.moveTo("2024-01-15T00:00:01Z");
    it.ask(meter, DAY_1);
    // The requests of a meter reach it in order, so the first is settled when this is known.
    it.settings(meter.thing(), EPOCH, EPOCH.next());
    join(meter.knows(EPOCH.next()));
    assertThat(it.fleet.nextAnswer()).isEmpty();
    assertThat(it.readings(meter)).hasSize(2);
    assertThat(it.fleet.books().undelivered()).isEqualTo(WattHours.ZERO);
  }

  @Test
  void countsWhatItSendsTooLateAsRefused() {
    TestFleet it = fleet("late", "2024-01-15T00:00:01Z", AT_ONCE);
    Meter meter = it.meter("meter", START, 1, 100);
    it.connected();
    join(it.fleet.sendDue());
    assertThat(it.readings(meter)).isEmpty();
    assertThat(it.fleet.books().undelivered()).isEqualTo(wh(2_400));

    join(meter.send(START));
    assertThat(it.readings(meter)).hasSize(1);
    assertThat(it.fleet.books())
        .isEqualTo(new Books(1, 0, 1, 24, wh(2_400), wh(2_400), WattHours.ZERO));
  }

  @Test
  void countsAMessageWithAnHourAboveTheCapAsRefused() {
    TestFleet it = fleet("cap", DAY_3, AT_ONCE);
    var energyWh = new int[48];
    energyWh[5] = 60_001;
    energyWh[30] = 60_000;
    Meter apart = it.meter("apart", new LoadProfile(START, energyWh));
    Meter together = it.meter("together", new LoadProfile(START, energyWh));
    it.connected();

    join(apart.send(START));
    join(apart.send(Instant.parse(DAY_2)));
    join(it.fleet.sendDue());
    assertThat(it.readings(together)).hasSize(1);
    assertThat(apart.books().refused()).isEqualTo(wh(60_001));
    assertThat(together.books().refused()).isEqualTo(wh(60_001 + 60_000));
    assertThat(it.fleet.books().undelivered()).isEqualTo(WattHours.ZERO);
  }

  @Test
  void sendsAgainWhatWasNotAcknowledged() {
    TestFleet it = fleet("lost", DAY_2, AT_ONCE);
    Meter meter = it.meter("meter", START, 1, 100);
    it.connected();

    meter.loseAcknowledgements(2);
    join(it.fleet.sendDue());
    assertThat(it.readings(meter)).hasSize(3).containsOnly(days(DAY_1, 1, 100));
    assertThat(it.fleet.books())
        .isEqualTo(new Books(1, 2, 1, 24, wh(2_400), WattHours.ZERO, WattHours.ZERO));
  }

  @Test
  void deliversTwiceWhenToldTo() {
    TestFleet it = fleet("twice", DAY_2, AT_ONCE);
    Meter meter = it.meter("meter", START, 1, 100);
    it.connected();

    it.fleet.deliverTwice(true);
    join(it.fleet.sendDue());
    assertThat(it.readings(meter)).hasSize(2).containsOnly(days(DAY_1, 1, 100));
    assertThat(it.fleet.books())
        .isEqualTo(new Books(1, 1, 1, 24, wh(2_400), WattHours.ZERO, WattHours.ZERO));
  }

  @Test
  void sendsOtherThingsWhenToldTo() {
    TestFleet it = fleet("other", DAY_3, AT_ONCE.withTwoBlocks(false));
    Meter meter = it.meter("meter", START, 2, 100);
    it.connected();

    join(meter.spoil(START, "no readings".getBytes(UTF_8)));
    join(it.fleet.sendDue());
    join(meter.sendOtherwise(Instant.parse(DAY_2), 1, 2, 3));
    assertThat(it.readings(meter))
        .containsExactly(
            "no readings",
            days(DAY_2, 1, 100),
            "{\"start\":\"2024-01-12T00:00:00Z\",\"energyWh\":[1,2,3]}");
    assertThat(it.fleet.books())
        .isEqualTo(new Books(2, 1, 2, 48, wh(4_800), wh(2_400), WattHours.ZERO));
  }

  @Test
  void livesOnAfterTheBrokerTurnedItAway() {
    TestFleet it = fleet("turned", DAY_2, AT_ONCE);
    Meter meter = it.meter("meter", START, 1, 100);
    it.connected();

    assertThat(join(meter.publish("mv/1/elsewhere", new byte[] {1}, false)))
        .isEqualTo("NOT_AUTHORIZED");
    assertThat(join(meter.publish("mv/1/" + meter.thing(), new byte[] {1}, false)))
        .isEqualTo("NO_MATCHING_SUBSCRIBERS");
    assertThat(join(meter.subscribe("mv/1/elsewhere"))).isEqualTo("GRANTED_QOS_1");
    join(it.fleet.sendDue());
    assertThat(it.readings(meter)).containsExactly(days(DAY_1, 1, 100));
    assertThat(it.fleet.books().undelivered()).isEqualTo(WattHours.ZERO);
  }

  @Test
  void saysHowItIsWhenItConnectsAndOnceADayAtATimeOfItsOwn() throws InterruptedException {
    TestFleet it = fleet("status", DAY_1, AT_ONCE);
    Meter meter = it.meter("meter", START, 1, 100);
    List<Meter> all = new ArrayList<>(List.of(meter));
    for (int i = 1; i < 20; i++) {
      all.add(it.meter("meter" + i, START, 1, 100));
    }
    it.connected();
    await(() -> all.stream().allMatch(each -> it.statuses(each).size() == 1));

    it.clock.move(Duration.ofHours(12));
    join(it.fleet.sendDue());
    assertThat(all.stream().filter(each -> it.statuses(each).size() == 2)).hasSizeBetween(1, 19);
    it.clock.move(Duration.ofHours(12));
    join(it.fleet.sendDue());
    assertThat(all).allSatisfy(each -> assertThat(it.statuses(each)).hasSize(2));
    join(it.fleet.sendDue());
    assertThat(all).allSatisfy(each -> assertThat(it.statuses(each)).hasSize(2));
    assertThat(it.statuses(meter).getFirst())
        .contains("\"sequence\":1704931201", "\"uptimeSeconds\":0");
    assertThat(it.statuses(meter).getLast())
        .contains("\"sequence\":1704931202")
        .containsPattern("\"uptimeSeconds\":(43200|86400)\\b");

    broker.publish(Topics.resend(it.tenant, meter.thing()), "?".getBytes(UTF_8), false);
    it.settings(meter.thing(), EPOCH, EPOCH.next());
    join(meter.knows(EPOCH.next()));
    it.clock.move(Duration.ofDays(1));
    join(it.fleet.sendDue());
    assertThat(it.statuses(meter).getLast()).contains("\"faults\":[\"downlink-unreadable\"]");
  }

  @Test
  void connectsWithASessionForSeventyTwoHoursAndALastWill() {
    TestFleet it = fleet("session", DAY_1, AT_ONCE);
    Meter meter = it.meter("meter", START, 1, 100);
    it.connected();

    assertThat(broker.connects(meter.thing()))
        .singleElement()
        .satisfies(connect -> {
          assertThat(connect.cleanStart()).isFalse();
          assertThat(connect.sessionSeconds()).isEqualTo(72 * 3_600);
          assertThat(connect.willTopic()).isEqualTo(Topics.status(it.tenant, meter.thing()));
          assertThat(connect.will()).contains("\"sequence\":0", "\"connection-lost\"");
        });
  }

  @Test
  void saysThatItIsNotLetIn() {
    TestFleet it = fleet("foreign", DAY_1, AT_ONCE);
    var thing = new ThingName("foreign-one");
    MeterCertificate anothers = broker.certificate(new ThingName("foreign-other"));
    Meter meter = it.fleet.add(thing, anothers, new LoadProfile(START, 1));

    assertThatThrownBy(() -> join(it.fleet.connectAll()))
        .hasCauseInstanceOf(ConnectionException.class)
        .hasMessageContaining("foreign-one cannot connect to " + broker.endpoint());
    assertThat(meter.isReady()).isFalse();
  }
}

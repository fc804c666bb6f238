package meterveil.status;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import meterveil.emulator.Place;
import meterveil.meter.ThingName;
import meterveil.status.DeviceStatusTable.Kept;
import meterveil.status.DeviceStatusTable.Sign;
import meterveil.tenant.Tenant;
import meterveil.tenant.TenantId;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

@Tag("place")
class DeviceStatusTableTest {

  private static final String NAME =
      Place.ofThisRun()
          .table("device-status", DeviceStatusTable.PARTITION_KEY, DeviceStatusTable.SORT_KEY);
  private static final Tenant TENANT = new Tenant(new TenantId("grid"), Tenant.RETENTION);
  private static final Instant NOW = Instant.parse("2013-01-01T17:42:13Z");

  private static final DeviceStatusTable TABLE =
      new DeviceStatusTable(Place.ofThisRun().dynamoDb(), NAME);

  @Test
  void keepsAStatus() {
    var thing = new ThingName("keeps");
    StatusReport report =
        new StatusReport(
            7, "1.2.3", 97, -71, List.of(Fault.CLOCK_WRONG, Fault.BATTERY_LOW), 86_400, 2);

    assertThat(TABLE.keep(TENANT, thing, report, NOW)).isEqualTo(Kept.NEWEST);

    assertThat(find(thing))
        .isEqualTo(
            new DeviceStatus(
                TENANT.id(),
                thing,
                report,
                true,
                7,
                1,
                Instant.parse("2013-01-01T17:00:00Z"),
                Instant.parse("2013-01-31T17:00:00Z")));
    assertThat(find(thing).missing()).isZero();
  }

  @Test
  void keepsTheNewestAndCountsWhatIsMissing() {
    var thing = new ThingName("newest");
    keep(thing, 5);
    keep(thing, 6);
    keep(thing, 9);

    assertThat(find(thing).newest().sequence()).isEqualTo(9);
    assertThat(find(thing).messages()).isEqualTo(3);
    assertThat(find(thing).missing()).isEqualTo(2);
  }

  @Test
  void changesNothingWhenAStatusIsDeliveredTwice() {
    var thing = new ThingName("twice");
    keep(thing, 5);
    keep(thing, 6);
    DeviceStatus once = find(thing);

    Instant later = NOW.plus(Duration.ofHours(5));
    assertThat(TABLE.keep(TENANT, thing, report(6), later)).isEqualTo(Kept.NOT_NEWER);
    assertThat(TABLE.keep(TENANT, thing, report(5), later)).isEqualTo(Kept.NOT_NEWER);

    assertThat(find(thing)).isEqualTo(once);
  }

  /// Whatever the order and however often each comes: the newest is kept, every status counts at
  /// most once, and those that count and those that are missing are all there were.
  @RepeatedTest(20)
  void comesToTheSameInAnyOrder(RepetitionInfo repetition) {
    var thing = new ThingName("order-" + repetition.getCurrentRepetition());
    List<Long> numbers = new ArrayList<>();
    for (long number = 1; number <= 12; number++) {
      numbers.add(number);
      numbers.add(number);
    }
    Collections.shuffle(numbers, new Random(repetition.getCurrentRepetition()));

    long newest = 0;
    long kept = 0;
    for (long number : numbers) {
      boolean newer = number > newest;
      assertThat(keep(thing, number)).isEqualTo(newer ? Kept.NEWEST : Kept.NOT_NEWER);
      newest = Math.max(newest, number);
      kept += newer ? 1 : 0;
    }

    DeviceStatus status = find(thing);
    assertThat(status.newest()).isEqualTo(report(12));
    assertThat(status.messages()).isEqualTo(kept);
    assertThat(status.missing()).isEqualTo(12 - numbers.getFirst() + 1 - kept);
  }

  @Test
  void isOfflineFromTheLastWillToTheNextStatus() {
    var thing = new ThingName("offline");
    keep(thing, 1);
    DeviceStatus online = find(thing);

    StatusReport lastWill =
        new StatusReport(0, "1.0.0", 50, -90, List.of(Fault.CONNECTION_LOST), 0, 0);
    Instant later = NOW.plus(Duration.ofHours(5));
    assertThat(TABLE.keep(TENANT, thing, lastWill, later)).isEqualTo(Kept.OFFLINE);
    assertThat(TABLE.keep(TENANT, thing, lastWill, later)).isEqualTo(Kept.OFFLINE);

    DeviceStatus offline = find(thing);
    assertThat(offline.online()).isFalse();
    assertThat(offline.newest()).isEqualTo(online.newest());
    assertThat(offline.messages()).isOne();
    assertThat(offline.lastSeen()).isEqualTo(online.lastSeen());

    keep(thing, 2);
    assertThat(find(thing).online()).isTrue();
    assertThat(find(thing).missing()).isZero();
  }

  @Test
  void keepsNothingOfAMeterThatOnlyLeftALastWill() {
    var thing = new ThingName("nothing");

    assertThat(keep(thing, 0)).isEqualTo(Kept.UNKNOWN_THING);

    assertThat(TABLE.find(TENANT, thing, NOW)).isEmpty();
  }

  @Test
  @DisplayName("T54 U22 Status is kept for the tenant's retention, 30 days by default")
  void keepsForTheTenantsRetention() {
    var thing = new ThingName("retention");
    var brief = new Tenant(new TenantId("brief"), Duration.ofDays(7));
    keep(thing, 1);
    TABLE.keep(brief, thing, report(1), NOW);

    Instant seen = Instant.parse("2013-01-01T17:00:00Z");
    assertThat(find(thing).expiresAt()).isEqualTo(seen.plus(Duration.ofDays(30)));
    assertThat(TABLE.find(brief, thing, NOW).orElseThrow().expiresAt())
        .isEqualTo(seen.plus(Duration.ofDays(7)));
    assertThat(TABLE.find(TENANT, thing, seen.plus(Duration.ofDays(30)).minusSeconds(1)))
        .isPresent();
    assertThat(TABLE.find(TENANT, thing, seen.plus(Duration.ofDays(30)))).isEmpty();
  }

  @Test
  @DisplayName("T54 A shorter retention takes effect on reads at once")
  void aShorterRetentionTakesEffectAtOnce() {
    var thing = new ThingName("shorter");
    keep(thing, 1);
    Instant eightDaysLater = NOW.plus(Duration.ofDays(8));

    assertThat(TABLE.find(TENANT, thing, eightDaysLater)).isPresent();
    assertThat(TABLE.find(new Tenant(TENANT.id(), Duration.ofDays(7)), thing, eightDaysLater))
        .isEmpty();
  }

  @Test
  @DisplayName("T4 Device status holds no energy, and its key is tenant and thing")
  void holdsNoEnergy() {
    TABLE.keep(
        new Tenant(new TenantId("t4"), Tenant.RETENTION), new ThingName("a"), report(1), NOW);

    var item =
        Place.ofThisRun().dynamoDb().scan(scan -> scan.tableName(NAME)).items().stream()
            .filter(attributes -> attributes.containsValue(AttributeValue.fromS("t4")))
            .findFirst()
            .orElseThrow();
    assertThat(item)
        .containsOnlyKeys(
            "tenant",
            "thing",
            "sequence",
            "firmware",
            "batteryPercent",
            "signalDbm",
            "faults",
            "uptimeSeconds",
            "blocksGivenUp",
            "online",
            "firstSequence",
            "messages",
            "lastSeen",
            "expiresAt");
    assertThat(item)
        .containsEntry("tenant", AttributeValue.fromS("t4"))
        .containsEntry("thing", AttributeValue.fromS("a"))
        .containsEntry("lastSeen", AttributeValue.fromS("2013-01-01T17:00:00Z"));
  }

  @Test
  @DisplayName("U6 a meter is online from the beginning of a connection to its end, status or not")
  void isOnlineWhileItIsConnected() {
    var thing = new ThingName("connected");
    assertThat(tell(thing, true, "one", 0, NOW)).isTrue();
    assertThat(TABLE.find(TENANT, thing, NOW)).isEmpty();
    assertThat(sign(thing).online()).isTrue();

    keep(thing, 1);
    assertThat(find(thing).online()).isTrue();
    assertThat(tell(thing, false, "one", 0, NOW)).isTrue();

    assertThat(find(thing).online()).isFalse();
    assertThat(find(thing).newest().sequence()).isOne();
    assertThat(sign(thing))
        .isEqualTo(new Sign(thing, false, Instant.parse("2013-01-01T17:00:00Z"), 0));
  }

  @Test
  @DisplayName("U6 a status that the end of its connection overtook does not bring it back")
  void aLateStatusDoesNotBringAMeterBack() {
    var thing = new ThingName("late-status");
    tell(thing, true, "one", 0, NOW);
    tell(thing, false, "one", 0, NOW);

    assertThat(keep(thing, 7)).isEqualTo(Kept.NEWEST);
    assertThat(keep(thing, 7)).isEqualTo(Kept.NOT_NEWER);

    assertThat(find(thing).newest().sequence()).isEqualTo(7);
    assertThat(find(thing).messages()).isOne();
    assertThat(find(thing).online()).isFalse();
  }

  @Test
  void aStatusOfTwoHoursLaterShowsThatABeginningGotLost() {
    var thing = new ThingName("lost-beginning");
    tell(thing, false, "one", 0, NOW);

    TABLE.keep(TENANT, thing, report(1), NOW.plus(Duration.ofHours(1)));
    assertThat(find(thing).online()).as("it may have been on its way").isFalse();

    TABLE.keep(TENANT, thing, report(2), NOW.plus(Duration.ofHours(2)));
    assertThat(find(thing).online()).isTrue();
  }

  @Test
  @DisplayName("U6 a last will of an earlier connection does not end the present one")
  void aLateWillDoesNotEndAConnection() {
    var thing = new ThingName("late-will");
    keep(thing, 1);
    tell(thing, true, "two", 1, NOW);

    assertThat(keep(thing, 0)).isEqualTo(Kept.UNKNOWN_THING);

    assertThat(find(thing).online()).isTrue();
  }

  /// Three connections, one after the other, of which each event comes twice and in any order.
  @RepeatedTest(30)
  @DisplayName("U6 events of connections come to the same in any order, however often each comes")
  void comesToTheSameWhateverTheOrderOfConnections(RepetitionInfo repetition) {
    int seed = repetition.getCurrentRepetition();
    var thing = new ThingName("events-" + seed);
    boolean endsConnected = seed % 2 == 0;
    var events = new ArrayList<Presence>();
    for (int version = 4; version < 7; version++) {
      var at = NOW.plus(Duration.ofMinutes(20L * version));
      for (int twice = 0; twice < 2; twice++) {
        events.add(new Presence(true, "session-" + version, version, at));
        if (version < 6 || !endsConnected) {
          events.add(
              new Presence(false, "session-" + version, version, at.plus(Duration.ofMinutes(15))));
        }
      }
    }
    Collections.shuffle(events, new Random(seed));

    events.forEach(event -> TABLE.keep(TENANT, thing, event));

    assertThat(sign(thing).online()).isEqualTo(endsConnected);
  }

  @Test
  void versionsThatBeginAgainAreLater() {
    var thing = new ThingName("again");
    tell(thing, true, "long-ago", 57, NOW);
    tell(thing, false, "long-ago", 57, NOW);

    assertThat(tell(thing, true, "again", 0, NOW.plus(Duration.ofHours(1)))).isTrue();
    assertThat(tell(thing, false, "long-ago-2", 58, NOW.minus(Duration.ofHours(2)))).isFalse();
    assertThat(sign(thing).online()).isTrue();
    assertThat(tell(thing, false, "again-2", 1, NOW.plus(Duration.ofHours(2)))).isTrue();
    assertThat(sign(thing).online()).isFalse();
  }

  @Test
  @DisplayName("T54 what the broker told of a meter goes with the tenant's retention")
  void signsGoWithTheRetention() {
    var thing = new ThingName("sign-retention");
    tell(thing, true, "one", 0, NOW);
    Instant seen = Instant.parse("2013-01-01T17:00:00Z");

    assertThat(TABLE.signs(TENANT, seen.plus(Duration.ofDays(29))).map(Sign::thing))
        .contains(thing);
    assertThat(TABLE.signs(TENANT, seen.plus(Duration.ofDays(30))).map(Sign::thing))
        .doesNotContain(thing);
  }

  private static boolean tell(
      ThingName thing, boolean connected, String session, long version, Instant at) {
    return TABLE.keep(TENANT, thing, new Presence(connected, session, version, at));
  }

  private static Sign sign(ThingName thing) {
    return TABLE
        .signs(TENANT, NOW)
        .filter(sign -> sign.thing().equals(thing))
        .findFirst()
        .orElseThrow();
  }

  private static Kept keep(ThingName thing, long sequence) {
    return TABLE.keep(TENANT, thing, report(sequence), NOW);
  }

  private static DeviceStatus find(ThingName thing) {
    return TABLE.find(TENANT, thing, NOW).orElseThrow();
  }

  private static StatusReport report(long sequence) {
    return new StatusReport(sequence, "1.0.0", 97, -71, List.of(), 60 * sequence, 0);
  }
}

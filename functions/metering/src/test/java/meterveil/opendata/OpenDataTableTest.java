package meterveil.opendata;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import meterveil.emulator.Place;
import meterveil.energy.WattHours;
import meterveil.opendata.OpenDataTable.Told;
import meterveil.tenant.Tenant;
import meterveil.tenant.TenantId;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.TransactionCanceledException;

@Tag("place")
class OpenDataTableTest {

  private static final String NAME =
      Place.ofThisRun().table("open-data", OpenDataTable.PARTITION_KEY, OpenDataTable.SORT_KEY);
  private static final String PRODUCT = "daily-total";
  private static final DailyTotal TOTAL =
      new DailyTotal(150, new WattHours(1_500_000), new WattHours(30_000));

  private static final LocalDate FIRST = LocalDate.ofEpochDay(30L * 524);

  @Test
  @DisplayName("T5 a figure is told once: asking again, or at once, gives the same noise")
  void tellsAFigureOnce() {
    var tenant = tenant("once");
    Told first = table(1).tell(tenant, PRODUCT, FIRST, TOTAL);
    var told = ConcurrentHashMap.newKeySet();
    IntStream.range(2, 10)
        .parallel()
        .forEach(seed -> told.add(table(seed).tell(tenant, PRODUCT, FIRST, TOTAL)));
    assertThat(told).containsExactly(first);
  }

  @Test
  void givesTheFirstFigureToAllWhoAskAtOnce() {
    var tenant = tenant("at-once");
    var told = ConcurrentHashMap.newKeySet();
    IntStream.range(0, 8)
        .parallel()
        .forEach(seed -> {
          try {
            told.add(table(seed).tell(tenant, PRODUCT, FIRST, TOTAL));
          } catch (TransactionCanceledException _) {
            // Two transactions met; who asks again is answered.
            told.add(table(seed).tell(tenant, PRODUCT, FIRST, TOTAL));
          }
        });
    assertThat(told).hasSize(1);
  }

  @Test
  @DisplayName("T5 a product's budget of an epoch is refused when it is spent, and no sooner")
  void refusesWhatTheBudgetDoesNotPayFor() {
    var tenant = tenant("spends");
    var table = table(1);
    for (int day = 0; day < 30; day++) {
      assertThat(table.tell(tenant, PRODUCT, FIRST.plusDays(day), TOTAL))
          .isInstanceOf(Told.Figure.class);
    }
    // All days of the epoch are paid for: another product has a budget of its own, as the next
    // epoch.
    assertThat(table.tell(tenant, "other", FIRST, TOTAL)).isInstanceOf(Told.Figure.class);
    assertThat(table.tell(tenant, PRODUCT, FIRST.plusDays(30), TOTAL))
        .isInstanceOf(Told.Figure.class);
    // A day that was forgotten and is told again is not paid for any more.
    forget(tenant, FIRST);
    assertThat(table.tell(tenant, PRODUCT, FIRST, TOTAL)).isEqualTo(new Told.Spent());
    assertThat(table.tell(tenant, PRODUCT, FIRST, TOTAL)).isEqualTo(new Told.Spent());
  }

  @Test
  void tellsNothingOfTooFewMeters() {
    var few = new DailyTotal(99, new WattHours(1_500_000), new WattHours(30_000));
    assertThat(table(1).tell(tenant("few"), PRODUCT, FIRST, few)).isEqualTo(new Told.TooFew());
  }

  @Test
  @DisplayName("T54 figures go with the tenant's retention, at once where it is shortened")
  void forgetsFiguresByTheTenantsRetention() {
    var tenant = tenant("forgets");
    var table = table(1);
    table.tell(tenant, PRODUCT, FIRST, TOTAL);
    Instant tenDaysLater = FIRST.plusDays(10).atStartOfDay(ZoneOffset.UTC).toInstant();
    Instant aMonthLater = FIRST.plusDays(30).atStartOfDay(ZoneOffset.UTC).toInstant();

    assertThat(table.find(tenant, PRODUCT, FIRST, tenDaysLater)).isPresent();
    assertThat(table.find(tenant, PRODUCT, FIRST, aMonthLater)).isEmpty();
    var forgetful = new Tenant(tenant.id(), Tenant.RETENTION_MIN);
    assertThat(table.find(forgetful, PRODUCT, FIRST, tenDaysLater)).isEmpty();
    var longer = new Tenant(tenant.id(), Tenant.RETENTION_MAX);
    assertThat(table.find(longer, PRODUCT, FIRST, aMonthLater))
        .as("what has expired does not come back")
        .isEmpty();
    assertThat(expiresAt(tenant)).isEqualTo(aMonthLater.getEpochSecond());
  }

  private static long expiresAt(Tenant tenant) {
    var item =
        Place.ofThisRun()
            .dynamoDb()
            .getItem(get -> get.tableName(NAME).key(figure(tenant, FIRST)))
            .item();
    return Long.parseLong(Objects.requireNonNull(item.get("expiresAt")).n());
  }

  private static void forget(Tenant tenant, LocalDate day) {
    Place.ofThisRun()
        .dynamoDb()
        .deleteItem(delete -> delete.tableName(NAME).key(figure(tenant, day)));
  }

  private static Map<String, AttributeValue> figure(Tenant tenant, LocalDate day) {
    return Map.of(
        "tenant", text(tenant.id().value()), "item", text("figure/%s/%s".formatted(PRODUCT, day)));
  }

  private static Tenant tenant(String id) {
    return new Tenant(new TenantId(id), Tenant.RETENTION);
  }

  private static AttributeValue text(String text) {
    return AttributeValue.fromS(text);
  }

  private static OpenDataTable table(int seed) {
    return new OpenDataTable(Place.ofThisRun().dynamoDb(), NAME, new SplittableRandom(seed));
  }
}

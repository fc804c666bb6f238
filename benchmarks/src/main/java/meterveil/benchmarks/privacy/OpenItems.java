package meterveil.benchmarks.privacy;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import meterveil.block.Block;
import meterveil.block.BlockLength;
import meterveil.block.Epoch;
import meterveil.cell.Collector;
import meterveil.cell.DayKeyTable;
import meterveil.cell.DayKeys;
import meterveil.cell.OpenBlockTable;
import meterveil.cohort.Cohort;
import meterveil.cohort.CohortId;
import meterveil.cohort.DistrictId;
import meterveil.cohort.TariffClass;
import meterveil.embedded.EmbeddedPlatform;
import meterveil.energy.Buckets;
import meterveil.energy.Commodity;
import meterveil.energy.WattHours;
import meterveil.meter.ThingName;
import meterveil.reading.BlockReading;
import meterveil.tenant.TenantId;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// What copies of open items tell without the day key: taken while one meter is alone in its cells,
/// and again after each of the next ten.
///
/// Whoever holds all eleven copies sees each meter's masked sums by subtraction, whether it brought
/// a bucket's name that was not there before, and which.
final class OpenItems {

  private static final int COHORTS = 40;
  private static final int METERS = 11;
  private static final int HOURS = 24;
  private static final LocalDate DAY = LocalDate.of(2013, 1, 21);
  private static final TenantId TENANT = new TenantId("demo");

  /// What the copies tell, each at best over several ways of looking.
  ///
  /// @param energyGain how much better than guessing a masked sum tells whether an hour is above
  ///   the median: AUC, less 0.5
  /// @param nameGain the same for the names of buckets
  /// @param repeatGain the same for whether the bucket's name was there before
  /// @param bucketHits how often the bucket is guessed, knowing whether its name was there before
  /// @param bucketHitsGuessing how often without any copy
  /// @param tokensTwice how many tokens are in more than one item
  /// @param hours how many hours of meters were guessed at
  record Told(
      double energyGain,
      double nameGain,
      double repeatGain,
      double bucketHits,
      double bucketHitsGuessing,
      int tokensTwice,
      int hours) {}

  /// One meter's hour as the copies show it, and what it really was.
  private record Seen(int cohort, int hour, BigInteger added, int name, int wh, int bucket) {

    boolean repeated() {
      return name < 0;
    }
  }

  private OpenItems() {}

  /// Collects meters one by one into cohorts of a platform of its own, copying each item after
  /// each.
  ///
  /// @param repository its root folder, built
  /// @param work an empty folder
  static Told look(Homes homes, Path repository, Path work)
      throws IOException, InterruptedException {
    var block = new Block(DAY.atStartOfDay(ZoneOffset.UTC).toInstant(), BlockLength.DAY);
    Instant now = block.end().plus(Duration.ofMinutes(10));
    var seen = new ArrayList<Seen>();
    var tokens = new HashSet<BigInteger>();
    int tokensTwice = 0;
    try (var platform =
            EmbeddedPlatform.start(
                repository.resolve("infrastructure-cdk/target/cdk.out"),
                work,
                EmbeddedPlatform.Options.startingAt(now));
        DynamoDbClient collecting = platform.dynamoDb("CollectRole");
        DynamoDbClient thief = platform.dynamoDb()) {
      String table = platform.table("OpenBlocks");
      var keys =
          new DayKeys(
              new DayKeyTable(collecting, platform.table("DayKeys")),
              platform.kms(),
              platform.aws().key("DayKeyKey"),
              platform.clock());
      var collector = new Collector(keys, new OpenBlockTable(collecting, table), platform.clock());
      var random = new SplittableRandom(1);
      for (int number = 0; number < COHORTS; number++) {
        Cohort cohort = cohort(number);
        Map<String, AttributeValue> before = Map.of();
        for (int meter = 0; meter < METERS; meter++) {
          int[] week = homes.week(random.nextInt(homes.count()), random.nextInt(homes.weeks()));
          int[] day = Arrays.copyOf(week, HOURS);
          collector.collect(
              cohort,
              new ThingName("meter-%d-%d".formatted(number, meter)),
              new BlockReading(block, day));
          Map<String, AttributeValue> after = copy(thief, table, cohort, block);
          for (int hour = 0; hour < HOURS; hour++) {
            seen.add(seen(number, hour, before, after, day[hour]));
          }
          before = after;
        }
        for (BigInteger token : Bytes.of(before.get("t"))) {
          tokensTwice += tokens.add(token) ? 0 : 1;
        }
      }
    }
    return told(seen, tokensTwice);
  }

  private static Cohort cohort(int number) {
    return new Cohort(
        TENANT,
        CohortId.of(Epoch.of(DAY), "north-re-" + (number + 1)),
        new DistrictId("north"),
        TariffClass.RESIDENTIAL,
        Commodity.ELECTRICITY,
        50,
        BlockLength.DAY);
  }

  private static Map<String, AttributeValue> copy(
      DynamoDbClient thief, String table, Cohort cohort, Block block) {
    return thief
        .getItem(get ->
            get.tableName(table)
                .consistentRead(true)
                .key(
                    Map.of(
                        "c", AttributeValue.fromS(cohort.tenant() + "/" + cohort.id()),
                        "b", AttributeValue.fromS(block.start().toString().substring(0, 13)))))
        .item();
  }

  private static Seen seen(
      int cohort,
      int hour,
      Map<String, AttributeValue> before,
      Map<String, AttributeValue> after,
      int wh) {
    Set<Integer> names = Bytes.names(after.get("g" + hour));
    names.removeAll(Bytes.names(before.get("g" + hour)));
    int clipped = (int) Math.min(wh, TariffClass.RESIDENTIAL.clip(Commodity.ELECTRICITY).value());
    return new Seen(
        cohort,
        hour,
        number(after.get("s" + hour)).subtract(number(before.get("s" + hour))),
        names.isEmpty() ? -1 : names.iterator().next(),
        wh,
        Buckets.of(new WattHours(clipped)));
  }

  private static BigInteger number(@Nullable AttributeValue value) {
    return value == null ? BigInteger.ZERO : new BigInteger(value.n());
  }

  private static Told told(List<Seen> seen, int tokensTwice) {
    int[] sorted = seen.stream().mapToInt(Seen::wh).sorted().toArray();
    int medianWh = sorted[sorted.length / 2];
    var whole = new Auc();
    var low = new Auc();
    var remainder = new Auc();
    var name = new Auc();
    var repeat = new Auc();
    for (Seen one : seen) {
      boolean above = one.wh > medianWh;
      whole.add(one.added.doubleValue(), above);
      low.add(one.added.and(BigInteger.valueOf(0xFFFF)).doubleValue(), above);
      remainder.add(one.added.mod(BigInteger.valueOf(1_000)).doubleValue(), above);
      repeat.add(one.repeated() ? 1 : 0, above);
      if (!one.repeated()) {
        name.add(one.name, above);
      }
    }
    // The commonest bucket, learned from the cohorts with even numbers, tried on the others.
    var learned = new HashMap<String, int[]>();
    for (Seen one : seen) {
      if (one.cohort % 2 == 0) {
        for (String key : List.of("any", key(one))) {
          learned.computeIfAbsent(key, _ -> new int[Buckets.COUNT_MAX])[one.bucket]++;
        }
      }
    }
    int tried = 0;
    int hits = 0;
    int guessed = 0;
    for (Seen one : seen) {
      if (one.cohort % 2 == 1) {
        tried++;
        int any = commonest(learned.getOrDefault("any", new int[1]));
        guessed += any == one.bucket ? 1 : 0;
        int[] known = learned.get(key(one));
        hits += (known == null ? any : commonest(known)) == one.bucket ? 1 : 0;
      }
    }
    return new Told(
        Math.max(whole.gain(), Math.max(low.gain(), remainder.gain())),
        name.gain(),
        repeat.gain(),
        (double) hits / tried,
        (double) guessed / tried,
        tokensTwice,
        seen.size());
  }

  private static String key(Seen one) {
    return one.repeated() ? "repeated" : "new";
  }

  private static int commonest(int[] counts) {
    int found = 0;
    for (int i = 1; i < counts.length; i++) {
      if (counts[i] > counts[found]) {
        found = i;
      }
    }
    return found;
  }
}

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
/// Whoever holds all eleven copies sees what each meter added to each masked sum, by subtraction,
/// and whether it brought a name of a bucket that was not there before, and which.
final class OpenItems {

  private static final int COHORTS = 40;
  private static final int HOURS = 24;
  private static final LocalDate DAY = LocalDate.of(2013, 1, 21);
  private static final TenantId TENANT = new TenantId("demo");

  private static final int CLIP_WH =
      (int) TariffClass.RESIDENTIAL.clip(Commodity.ELECTRICITY).value();

  /// Meters of a cohort, one after the other.
  static final int METERS = 11;

  /// Above any energy of a block, and any difference of two; masks come as close once in 2^43
  /// pairs.
  private static final BigInteger CLOSE_WH = BigInteger.ONE.shiftLeft(21);

  /// In place of a name that was there before.
  static final int REPEATED = -1;

  /// What the copies tell.
  ///
  /// @param energyGain how much better than guessing a masked sum tells whether an hour is above
  ///   the median, at best over several ways of looking: AUC, less 0.5
  /// @param closeSums pairs of masked sums, or of differences between two hours or two meters, that
  ///   are as close as energies are: each pair has a mask in common
  /// @param orderGain how much better than guessing the names of two meters' buckets tell which is
  ///   higher
  /// @param repeatGain the same, by which of the names was there before
  /// @param equalGain how much better than guessing equal names, in two hours of a meter or in two
  ///   cohorts, tell equal buckets
  /// @param tokensTwice how many tokens are there more than once, in any item of any day and length
  /// @param hours how many hours of meters were looked at
  record Told(
      double energyGain,
      int closeSums,
      double orderGain,
      double repeatGain,
      double equalGain,
      int tokensTwice,
      int hours) {}

  /// What one meter added, as the copies show it, and what it really was.
  ///
  /// @param sums of the hours, of what is for everyone, and of what is above the clip
  /// @param names of the buckets of the hours and of the whole day, or [#REPEATED]
  /// @param energiesWh of the hours, and of the whole day
  /// @param buckets of the same
  record Added(
      int cohort,
      List<BigInteger> sums,
      List<Integer> names,
      List<Integer> energiesWh,
      List<Integer> buckets) {}

  private OpenItems() {}

  /// Collects meters one by one into cohorts of a platform of its own, copying each item after
  /// each.
  ///
  /// @param repository its root folder, built
  /// @param work an empty folder
  static Told look(Homes homes, Path repository, Path work)
      throws IOException, InterruptedException {
    var block = new Block(DAY.atStartOfDay(ZoneOffset.UTC).toInstant(), BlockLength.DAY);
    var others = List.of(block.next(), new Block(block.start(), BlockLength.QUARTER_DAY));
    Instant now = block.next().end().plus(Duration.ofMinutes(10));
    var added = new ArrayList<Added>();
    var tokens = new ArrayList<BigInteger>();
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
        Cohort cohort = cohort(number, BlockLength.DAY);
        Map<String, AttributeValue> before = Map.of();
        for (int meter = 0; meter < METERS; meter++) {
          int[] week = homes.week(random.nextInt(homes.count()), random.nextInt(homes.weeks()));
          int[] day = Arrays.copyOf(week, HOURS);
          var thing = new ThingName("meter-%d-%d".formatted(number, meter));
          collector.collect(cohort, thing, new BlockReading(block, day));
          Map<String, AttributeValue> after = copy(thief, table, cohort, block);
          added.add(added(number, before, after, day));
          before = after;
          for (Block other : others) {
            collector.collect(
                cohort(number, other.length()),
                thing,
                new BlockReading(other, Arrays.copyOf(week, other.length().hours())));
          }
        }
        tokens.addAll(Bytes.of(before.get("t")));
        for (Block other : others) {
          var copy = copy(thief, table, cohort(number, other.length()), other);
          tokens.addAll(Bytes.of(copy.get("t")));
        }
      }
    }
    return told(added, tokens);
  }

  private static Cohort cohort(int number, BlockLength length) {
    return new Cohort(
        TENANT,
        CohortId.of(Epoch.of(DAY), "north-re-%d-%d".formatted(length.hours(), number + 1)),
        new DistrictId("north"),
        TariffClass.RESIDENTIAL,
        Commodity.ELECTRICITY,
        50,
        length);
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

  private static Added added(
      int cohort,
      Map<String, AttributeValue> before,
      Map<String, AttributeValue> after,
      int[] day) {
    var sums = new ArrayList<BigInteger>();
    var names = new ArrayList<Integer>();
    var energiesWh = new ArrayList<Integer>();
    var buckets = new ArrayList<Integer>();
    for (int hour = 0; hour < HOURS; hour++) {
      sums.add(added("s" + hour, before, after));
      names.add(name("g" + hour, before, after));
      energiesWh.add(day[hour]);
      buckets.add(Buckets.of(new WattHours(Math.min(day[hour], CLIP_WH))));
    }
    sums.add(added("d", before, after));
    sums.add(added("x", before, after));
    names.add(name("w", before, after));
    int whole = Arrays.stream(day).sum();
    energiesWh.add(whole);
    buckets.add(Buckets.of(new WattHours(whole)));
    return new Added(cohort, sums, names, energiesWh, buckets);
  }

  private static BigInteger added(
      String attribute, Map<String, AttributeValue> before, Map<String, AttributeValue> after) {
    return number(after.get(attribute)).subtract(number(before.get(attribute)));
  }

  private static int name(
      String attribute, Map<String, AttributeValue> before, Map<String, AttributeValue> after) {
    Set<Integer> names = Bytes.names(after.get(attribute));
    names.removeAll(Bytes.names(before.get(attribute)));
    return names.isEmpty() ? REPEATED : names.iterator().next();
  }

  private static BigInteger number(@Nullable AttributeValue value) {
    return value == null ? BigInteger.ZERO : new BigInteger(value.n());
  }

  /// Looks at what was copied.
  ///
  /// @param added [#METERS] of each cohort, one after the other
  /// @param tokens of all items
  static Told told(List<Added> added, List<BigInteger> tokens) {
    var repeat = new Auc();
    return new Told(
        energyGain(added),
        closeSums(added),
        order(added, repeat).gain(),
        repeat.gain(),
        equalGain(added),
        tokens.size() - Set.copyOf(tokens).size(),
        added.size() * HOURS);
  }

  private static double energyGain(List<Added> added) {
    int[] sorted =
        added.stream()
            .flatMap(one -> one.energiesWh.subList(0, HOURS).stream())
            .mapToInt(Integer::intValue)
            .sorted()
            .toArray();
    int medianWh = sorted[sorted.length / 2];
    var whole = new Auc();
    var low = new Auc();
    var remainder = new Auc();
    for (Added one : added) {
      for (int hour = 0; hour < HOURS; hour++) {
        boolean above = one.energiesWh.get(hour) > medianWh;
        BigInteger sum = one.sums.get(hour);
        whole.add(sum.doubleValue(), above);
        low.add(sum.and(BigInteger.valueOf(0xFFFF)).doubleValue(), above);
        remainder.add(sum.mod(BigInteger.valueOf(1_000)).doubleValue(), above);
      }
    }
    return Math.max(whole.gain(), Math.max(low.gain(), remainder.gain()));
  }

  /// A mask that hides two energies leaves two sums that are as close as these; masks made of one
  /// part for the meter and one for the hour leave two such differences.
  private static int closeSums(List<Added> added) {
    var sums = new ArrayList<BigInteger>();
    var betweenHours = new ArrayList<BigInteger>();
    var betweenMeters = new ArrayList<BigInteger>();
    for (int meter = 0; meter < added.size(); meter++) {
      List<BigInteger> own = added.get(meter).sums;
      sums.addAll(own);
      for (int i = 1; i < own.size(); i++) {
        betweenHours.add(own.get(i).subtract(own.get(i - 1)));
      }
      for (int i = 0; meter > 0 && i < own.size(); i++) {
        betweenMeters.add(own.get(i).subtract(added.get(meter - 1).sums.get(i)));
      }
    }
    return close(sums) + close(betweenHours) + close(betweenMeters);
  }

  private static int close(List<BigInteger> numbers) {
    List<BigInteger> sorted = numbers.stream().sorted().toList();
    int close = 0;
    for (int i = 1; i < sorted.size(); i++) {
      close += sorted.get(i).subtract(sorted.get(i - 1)).compareTo(CLOSE_WH) < 0 ? 1 : 0;
    }
    return close;
  }

  /// Which of two meters' buckets is higher, by the order of their names.
  ///
  /// @param repeat is told the same by which of the names was there before
  private static Auc order(List<Added> added, Auc repeat) {
    var order = new Auc();
    for (int one = 0; one < added.size(); one++) {
      for (int other = one + 1; other < added.size() && sameCohort(added, one, other); other++) {
        for (int slot = 0; slot < added.get(one).names.size(); slot++) {
          int difference = added.get(one).buckets.get(slot) - added.get(other).buckets.get(slot);
          if (difference != 0) {
            int name = added.get(one).names.get(slot);
            int otherName = added.get(other).names.get(slot);
            boolean higher = difference > 0;
            repeat.add((name == REPEATED ? 1 : 0) - (otherName == REPEATED ? 1 : 0), higher);
            if (name != REPEATED && otherName != REPEATED) {
              order.add(name - otherName, higher);
            }
          }
        }
      }
    }
    return order;
  }

  private static boolean sameCohort(List<Added> added, int one, int other) {
    return added.get(one).cohort == added.get(other).cohort;
  }

  private static double equalGain(List<Added> added) {
    var hours = new Auc();
    var cohorts = new Auc();
    for (int meter = 0; meter < added.size(); meter++) {
      Added one = added.get(meter);
      for (int hour = 0; hour < HOURS; hour++) {
        for (int other = 0; other < hour; other++) {
          addEqual(hours, one, hour, one, other);
        }
        if (meter >= METERS) {
          addEqual(cohorts, one, hour, added.get(meter - METERS), hour);
        }
      }
    }
    return Math.max(hours.gain(), cohorts.gain());
  }

  private static void addEqual(Auc auc, Added one, int hour, Added other, int otherHour) {
    int name = one.names.get(hour);
    int otherName = other.names.get(otherHour);
    if (name != REPEATED && otherName != REPEATED) {
      boolean equal = one.buckets.get(hour).equals(other.buckets.get(otherHour));
      auc.add(name == otherName ? 1 : 0, equal);
    }
  }
}

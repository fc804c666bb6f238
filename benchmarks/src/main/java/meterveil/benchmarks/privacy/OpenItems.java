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
import java.util.function.BiConsumer;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import meterveil.block.Block;
import meterveil.block.BlockLength;
import meterveil.block.Epoch;
import meterveil.cell.Collector;
import meterveil.cell.Collector.Collected;
import meterveil.cell.DayKeyTable;
import meterveil.cell.DayKeys;
import meterveil.cell.OpenBlockTable;
import meterveil.cell.Packed;
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
/// Whoever holds all eleven copies sees what each meter added to each masked number, by
/// subtraction. How a number is packed is no secret: watt-hours below, then a count for each
/// bucket.
final class OpenItems {

  private static final int COHORTS = 40;
  private static final int HOURS = 24;
  private static final LocalDate DAY = LocalDate.of(2013, 1, 21);
  private static final TenantId TENANT = new TenantId("demo");

  /// Meters of a cohort, one after the other.
  static final int METERS = 11;

  private static final BigInteger MODULUS = BigInteger.TWO.pow(Packed.BITS);

  /// What the copies tell.
  ///
  /// @param energyGain how much better than guessing a masked number tells whether an hour is above
  ///   the median, at best over several ways of looking: AUC, less 0.5
  /// @param higherGain how much better than guessing the numbers of two meters tell whose bucket is
  ///   higher, at best over several ways
  /// @param equalGain how much better than guessing two numbers, of two meters in an hour, of two
  ///   hours of a meter, or of two cohorts, tell equal buckets, at best
  /// @param masksInCommon pairs of masked numbers, or of differences between two hours or two
  ///   meters, that are no further apart than what one mask hides: in the 64 bits above the energy,
  ///   which others have in common once in some million runs
  /// @param tokensTwice how many tokens are there more than once, in any item of any day and length
  /// @param hours how many hours of meters were looked at
  record Told(
      double energyGain,
      double higherGain,
      double equalGain,
      int masksInCommon,
      int tokensTwice,
      int hours) {}

  /// What one meter added, as the copies show it, and what it really was.
  ///
  /// @param numbers of the hours, of whole blocks, and of what is above the clip
  /// @param late numbers of a late block of another meter, in an item of its own
  /// @param energiesWh of the hours, and of the whole day
  /// @param buckets of the same
  record Added(
      int cohort,
      List<BigInteger> numbers,
      List<BigInteger> late,
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
        DynamoDbClient releasing = platform.dynamoDb("ReleaseRole");
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
        Cohort cohort = cohort("north", number, BlockLength.DAY);
        Cohort frozen = cohort("late", number, BlockLength.DAY);
        new OpenBlockTable(releasing, table).freeze(frozen, block);
        Map<String, AttributeValue> before = Map.of();
        Map<String, AttributeValue> lateBefore = Map.of();
        for (int meter = 0; meter < METERS; meter++) {
          int[] week = homes.week(random.nextInt(homes.count()), random.nextInt(homes.weeks()));
          int[] day = Arrays.copyOf(week, HOURS);
          var thing = new ThingName("meter-%d-%d".formatted(number, meter));
          var late = new ThingName("late-%d-%d".formatted(number, meter));
          demand(Collected.COUNTED, collector.collect(cohort, thing, new BlockReading(block, day)));
          demand(
              Collected.COUNTED_LATE,
              collector.collect(frozen, late, new BlockReading(block, day)));
          Map<String, AttributeValue> after = copy(thief, table, cohort, block);
          Map<String, AttributeValue> lateAfter = copy(thief, table, frozen, block);
          added.add(added(cohort, number, before, after, lateBefore, lateAfter, day));
          before = after;
          lateBefore = lateAfter;
          for (Block other : others) {
            demand(
                Collected.COUNTED,
                collector.collect(
                    cohort("north", number, other.length()),
                    thing,
                    new BlockReading(other, Arrays.copyOf(week, other.length().hours()))));
          }
        }
        tokens.addAll(tokens(before, "t"));
        tokens.addAll(tokens(lateBefore, "u"));
        for (Block other : others) {
          tokens.addAll(
              tokens(copy(thief, table, cohort("north", number, other.length()), other), "t"));
        }
      }
    }
    return told(added, tokens);
  }

  private static void demand(Collected expected, Collected collected) {
    if (collected != expected) {
      throw new IllegalStateException(
          "a block was to be %s and is %s".formatted(expected, collected));
    }
  }

  private static Cohort cohort(String district, int number, BlockLength length) {
    return new Cohort(
        TENANT,
        CohortId.of(Epoch.of(DAY), "%s-re-%d-%d".formatted(district, length.hours(), number + 1)),
        new DistrictId(district),
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

  /// @throws IllegalStateException if there are not as many as meters
  private static List<BigInteger> tokens(Map<String, AttributeValue> item, String attribute) {
    var set = item.get(attribute);
    if (set == null || set.bs().size() != METERS) {
      throw new IllegalStateException("an item without a token for each meter");
    }
    return set.bs().stream().map(bytes -> new BigInteger(1, bytes.asByteArray())).toList();
  }

  private static Added added(
      Cohort cohort,
      int number,
      Map<String, AttributeValue> before,
      Map<String, AttributeValue> after,
      Map<String, AttributeValue> lateBefore,
      Map<String, AttributeValue> lateAfter,
      int[] day) {
    var numbers = new ArrayList<BigInteger>();
    var energiesWh = new ArrayList<Integer>();
    var buckets = new ArrayList<Integer>();
    var ofAnHour = Buckets.ofAnHour(cohort.clip());
    for (int hour = 0; hour < HOURS; hour++) {
      numbers.add(added("s" + hour, before, after));
      energiesWh.add(day[hour]);
      buckets.add(ofAnHour.of(new WattHours(day[hour]).atMost(cohort.clip())));
    }
    numbers.add(added("d", before, after));
    numbers.add(added("x", before, after));
    int whole = Arrays.stream(day).sum();
    energiesWh.add(whole);
    buckets.add(
        Buckets.ofABlock(new WattHours(HOURS * cohort.commodity().cap().value()))
            .of(new WattHours(whole)));
    var late = Stream.of("l", "d", "x").map(name -> added(name, lateBefore, lateAfter)).toList();
    return new Added(number, numbers, late, energiesWh, buckets);
  }

  private static BigInteger added(
      String attribute, Map<String, AttributeValue> before, Map<String, AttributeValue> after) {
    return number(after.get(attribute)).subtract(number(before.get(attribute)));
  }

  private static BigInteger number(@Nullable AttributeValue value) {
    return value == null ? BigInteger.ZERO : new BigInteger(value.n());
  }

  /// Looks at what was copied.
  ///
  /// @param added [#METERS] of each cohort, one after the other
  /// @param tokens of all items
  static Told told(List<Added> added, List<BigInteger> tokens) {
    return new Told(
        energyGain(added),
        higherGain(added),
        equalGain(added),
        masksInCommon(added),
        tokens.size() - Set.copyOf(tokens).size(),
        added.size() * HOURS);
  }

  /// Ways to look at a number: all of it, its watt-hours, their remainder, and its counts.
  private static List<ToDoubleFunction<BigInteger>> ways() {
    return List.of(
        BigInteger::doubleValue,
        OpenItems::energyPart,
        number -> energyPart(number) % 1_000,
        number -> number.shiftRight(Packed.ENERGY_BITS).doubleValue());
  }

  private static double energyPart(BigInteger number) {
    return number.longValue() & ((1L << Packed.ENERGY_BITS) - 1);
  }

  /// Looks at all there is in one way.
  private interface Look {
    void all(ToDoubleFunction<BigInteger> way, Auc auc);
  }

  private static double best(Look look) {
    double best = 0;
    for (var way : ways()) {
      var auc = new Auc();
      look.all(way, auc);
      best = Math.max(best, auc.gain());
    }
    return best;
  }

  private static double energyGain(List<Added> added) {
    int[] sorted =
        added.stream()
            .flatMap(one -> one.energiesWh.subList(0, HOURS).stream())
            .mapToInt(Integer::intValue)
            .sorted()
            .toArray();
    int medianWh = sorted[sorted.length / 2];
    return best((way, auc) -> {
      for (Added one : added) {
        for (int hour = 0; hour < HOURS; hour++) {
          auc.add(way.applyAsDouble(one.numbers.get(hour)), one.energiesWh.get(hour) > medianWh);
        }
      }
    });
  }

  /// Whose bucket of two meters of a cohort is higher, by the order of their numbers.
  private static double higherGain(List<Added> added) {
    return best((way, auc) ->
        pairs(
            added,
            METERS,
            (one, other) -> {
              for (int slot = 0; slot <= HOURS; slot++) {
                int difference = one.buckets.get(slot) - other.buckets.get(slot);
                if (difference != 0) {
                  auc.add(difference(way, one, slot, other, slot), difference > 0);
                }
              }
            }));
  }

  /// Whether two buckets are equal, by how far apart their numbers are.
  private static double equalGain(List<Added> added) {
    double ofMeters =
        best((way, auc) ->
            pairs(
                added,
                METERS,
                (one, other) -> {
                  for (int slot = 0; slot <= HOURS; slot++) {
                    addEqual(auc, way, one, slot, other, slot);
                  }
                }));
    double ofHours =
        best((way, auc) -> {
          for (Added one : added) {
            for (int hour = 0; hour < HOURS; hour++) {
              for (int earlier = 0; earlier < hour; earlier++) {
                addEqual(auc, way, one, hour, one, earlier);
              }
            }
          }
        });
    double ofCohorts =
        best((way, auc) -> {
          for (int first = 0; first < METERS; first++) {
            int meter = first;
            List<Added> inTurn =
                IntStream.range(0, added.size())
                    .filter(i -> i % METERS == meter)
                    .mapToObj(added::get)
                    .toList();
            pairs(
                inTurn,
                inTurn.size(),
                (one, other) -> {
                  for (int slot = 0; slot <= HOURS; slot++) {
                    addEqual(auc, way, one, slot, other, slot);
                  }
                });
          }
        });
    return Math.max(ofMeters, Math.max(ofHours, ofCohorts));
  }

  /// Each pair within stretches of so many.
  private static void pairs(List<Added> added, int stretch, BiConsumer<Added, Added> look) {
    for (int one = 0; one < added.size(); one++) {
      for (int other = one + 1; other / stretch == one / stretch && other < added.size(); other++) {
        look.accept(added.get(one), added.get(other));
      }
    }
  }

  private static double difference(
      ToDoubleFunction<BigInteger> way, Added one, int slot, Added other, int otherSlot) {
    return way.applyAsDouble(one.numbers.get(slot))
        - way.applyAsDouble(other.numbers.get(otherSlot));
  }

  private static void addEqual(
      Auc auc, ToDoubleFunction<BigInteger> way, Added one, int slot, Added other, int otherSlot) {
    auc.add(
        -Math.abs(difference(way, one, slot, other, otherSlot)),
        one.buckets.get(slot).equals(other.buckets.get(otherSlot)));
  }

  /// A mask that hides two contributions leaves two numbers that differ by two energies and two
  /// counts; masks made of one part for the meter and one for the hour leave two such differences.
  private static int masksInCommon(List<Added> added) {
    var numbers = new ArrayList<BigInteger>();
    var betweenHours = new ArrayList<BigInteger>();
    var betweenMeters = new ArrayList<BigInteger>();
    for (int meter = 0; meter < added.size(); meter++) {
      List<BigInteger> own = added.get(meter).numbers;
      numbers.addAll(own);
      numbers.addAll(added.get(meter).late);
      for (int i = 1; i < own.size(); i++) {
        betweenHours.add(own.get(i).subtract(own.get(i - 1)));
      }
      for (int i = 0; meter > 0 && i < own.size(); i++) {
        betweenMeters.add(own.get(i).subtract(added.get(meter - 1).numbers.get(i)));
      }
    }
    Set<BigInteger> ofOne = counts();
    var ofTwo = new HashSet<BigInteger>();
    ofOne.forEach(count -> ofOne.forEach(other -> ofTwo.add(count.subtract(other))));
    return close(numbers, ofOne) + close(betweenHours, ofTwo) + close(betweenMeters, ofTwo);
  }

  /// What a contribution may add beside its energy: one in a bucket, or nothing.
  private static Set<BigInteger> counts() {
    var counts = new HashSet<BigInteger>();
    counts.add(BigInteger.ZERO);
    for (int bucket = 0; bucket < Buckets.COUNT; bucket++) {
      counts.add(BigInteger.ONE.shiftLeft(Packed.ENERGY_BITS + bucket * Packed.COUNT_BITS));
    }
    return counts;
  }

  /// How many pairs are no further apart than energies are, less any of the counts. Where one mask
  /// is in several numbers, each is paired with the first.
  private static int close(List<BigInteger> numbers, Set<BigInteger> counts) {
    long[] aboveEnergy =
        counts.stream()
            .mapToLong(count -> count.shiftRight(Packed.ENERGY_BITS).longValue())
            .toArray();
    var first = new HashMap<Long, Integer>();
    var pairs = new HashSet<List<Integer>>();
    for (int i = 0; i < numbers.size(); i++) {
      long number = numbers.get(i).mod(MODULUS).shiftRight(Packed.ENERGY_BITS).longValue();
      for (long count : aboveEnergy) {
        for (int carry = -1; carry <= 1; carry++) {
          int other = first.getOrDefault(number - count + carry, i);
          if (other != i) {
            pairs.add(List.of(other, i));
          }
        }
        first.putIfAbsent(number - count, i);
      }
    }
    return pairs.size();
  }
}

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

  /// So many that of eleven places of 24 hours each, looked at in several ways and bit by bit, the
  /// one that looks worst by chance alone comes above 0.02 once in some 700 runs.
  static final int COHORTS = 670;

  /// Cohorts whose meters send other blocks too, and in which masks in common are searched for.
  private static final int COHORTS_OF_MORE = 20;

  /// Cohorts that are compared with one another.
  private static final int COHORTS_COMPARED = 8;

  private static final int HOURS = 24;
  private static final LocalDate DAY = LocalDate.of(2013, 1, 21);
  private static final TenantId TENANT = new TenantId("demo");

  /// Meters of a cohort, one after the other.
  static final int METERS = 11;

  private static final BigInteger MODULUS = BigInteger.TWO.pow(Packed.BITS);

  /// What the copies tell: AUC, less 0.5, at best over several ways of looking, each at every place
  /// in the order of a cohort's meters by itself, from the one that is alone on.
  ///
  /// @param bitGain how much more often than not a bit of a masked number agrees with what it
  ///   hides, less 0.5, or how much less often: at best over all bits, those of a rare bucket too,
  ///   which the others hardly depend on
  /// @param energyGain how much better than guessing a masked number tells whether an hour is above
  ///   the median
  /// @param higherGain how much better than guessing the numbers of a meter and of those before it
  ///   tell whose bucket is higher
  /// @param equalGain how much better than guessing two numbers, of a meter and one before it in an
  ///   hour, of two hours of a meter, or of the same place in two cohorts, tell equal buckets
  /// @param masksInCommon pairs of masked numbers, or of differences between two hours or two
  ///   meters, that are no further apart than what one mask hides: in the 64 bits above the energy,
  ///   which others have in common once in some hundred thousand runs
  /// @param tokensTwice how many tokens are there more than once, in any item of any day and length
  /// @param hours how many hours of meters were looked at
  record Told(
      double bitGain,
      double energyGain,
      double higherGain,
      double equalGain,
      int masksInCommon,
      int tokensTwice,
      int hours) {}

  /// What one meter added, as the copies show it, and what it really was.
  ///
  /// @param numbers of the hours, of whole blocks, and of what is above the clip
  /// @param others numbers of each other block: of the next day, of shorter blocks of the same day,
  ///   and of a late block of another meter; none in most cohorts
  /// @param energiesWh of the hours, and of the whole day, as far as they are below the clip
  /// @param buckets of the hours, and of the whole day with what is above the clip
  record Added(
      List<BigInteger> numbers,
      List<List<BigInteger>> others,
      List<Integer> energiesWh,
      List<Integer> buckets) {

    /// What a number hides, of an hour or the whole day.
    BigInteger hidden(int slot) {
      return count(buckets.get(slot)).add(BigInteger.valueOf(energiesWh.get(slot)));
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
    var morning = new Block(block.start(), BlockLength.QUARTER_DAY);
    Instant now = block.next().end().plus(Duration.ofMinutes(10));
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
      var added = new ArrayList<Added>();
      var tokens = new ArrayList<BigInteger>();
      var random = new SplittableRandom(1);
      for (int number = 0; number < COHORTS; number++) {
        Cohort cohort = cohort("north", number, BlockLength.DAY);
        var item = new Item(cohort, block, Collected.COUNTED);
        var others = new ArrayList<Item>();
        if (number < COHORTS_OF_MORE) {
          Cohort ofQuarters = cohort("north", number, BlockLength.QUARTER_DAY);
          Cohort frozen = cohort("late", number, BlockLength.DAY);
          new OpenBlockTable(releasing, table).freeze(frozen, block);
          others.add(new Item(cohort, block.next(), Collected.COUNTED));
          others.add(new Item(ofQuarters, morning, Collected.COUNTED));
          others.add(new Item(ofQuarters, morning.next(), Collected.COUNTED));
          others.add(new Item(frozen, block, Collected.COUNTED_LATE));
        }
        for (int meter = 0; meter < METERS; meter++) {
          int[] week = homes.week(random.nextInt(homes.count()), random.nextInt(homes.weeks()));
          String name = "%d-%d".formatted(number, meter);
          List<BigInteger> numbers = item.add(collector, thief, table, name, week);
          var more = new ArrayList<List<BigInteger>>();
          for (Item other : others) {
            more.add(other.add(collector, thief, table, name, week));
          }
          added.add(added(cohort, numbers, more, Arrays.copyOf(week, HOURS)));
        }
        tokens.addAll(item.tokens());
        others.forEach(other -> tokens.addAll(other.tokens()));
      }
      return told(added, tokens);
    }
  }

  /// An item that is copied after each meter.
  private static final class Item {

    private final Cohort cohort;
    private final Block block;
    private final Collected expected;
    private Map<String, AttributeValue> copy = Map.of();

    /// @param expected what becomes of its meters' blocks
    Item(Cohort cohort, Block block, Collected expected) {
      this.cohort = cohort;
      this.block = block;
      this.expected = expected;
    }

    /// @return what it adds to each number
    List<BigInteger> add(
        Collector collector, DynamoDbClient thief, String table, String name, int[] week) {
      // A meter is in one cohort only, so who comes late in another is another.
      var thing = new ThingName((late() ? "late-" : "meter-") + name);
      var reading = new BlockReading(block, Arrays.copyOf(week, block.length().hours()));
      demand(expected, collector.collect(cohort, thing, reading));
      Map<String, AttributeValue> before = copy;
      copy = copy(thief, table, cohort, block);
      return OpenItems.added(block.length(), late(), before, copy);
    }

    boolean late() {
      return expected == Collected.COUNTED_LATE;
    }

    /// @throws IllegalStateException if there are not as many as meters
    List<BigInteger> tokens() {
      var set = copy.get(late() ? "u" : "t");
      if (set == null || set.bs().size() != METERS) {
        throw new IllegalStateException("an item without a token for each meter");
      }
      return set.bs().stream().map(bytes -> new BigInteger(1, bytes.asByteArray())).toList();
    }
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

  /// What a meter added to each number of an item.
  ///
  /// @param late whether its block came after the hours were frozen
  /// @return of the hours, of the whole block, and of what is above the clip; of late blocks'
  ///   energy in place of the hours'
  /// @throws IllegalStateException if there is more in the item, or less, than is looked at
  static List<BigInteger> added(
      BlockLength length,
      boolean late,
      Map<String, AttributeValue> before,
      Map<String, AttributeValue> after) {
    Stream<String> ofHours = IntStream.range(0, length.hours()).mapToObj(hour -> "s" + hour);
    List<String> names =
        Stream.concat(late ? Stream.of("l") : ofHours, Stream.of("d", "x")).toList();
    var all = new HashSet<>(names);
    all.addAll(late ? Set.of("c", "b", "z", "u") : Set.of("c", "b", "t"));
    if (!after.keySet().equals(all)) {
      throw new IllegalStateException(
          "an item of %s, where %s are looked at".formatted(after.keySet(), all));
    }
    return names.stream()
        .map(name -> number(after.get(name)).subtract(number(before.get(name))))
        .toList();
  }

  private static Added added(
      Cohort cohort, List<BigInteger> numbers, List<List<BigInteger>> others, int[] day) {
    var energiesWh = new ArrayList<Integer>();
    var buckets = new ArrayList<Integer>();
    var ofAnHour = Buckets.ofAnHour(cohort.clip());
    WattHours counted = WattHours.ZERO;
    for (int wh : day) {
      WattHours clipped = new WattHours(wh).atMost(cohort.clip());
      energiesWh.add((int) clipped.value());
      buckets.add(ofAnHour.of(clipped));
      counted = counted.plus(clipped);
    }
    energiesWh.add((int) counted.atMost(cohort.blockMaxForEveryone()).value());
    buckets.add(
        Buckets.ofABlock(new WattHours(HOURS * cohort.commodity().cap().value()))
            .of(new WattHours(Arrays.stream(day).sum())));
    return new Added(numbers, others, energiesWh, buckets);
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
        bitGain(added),
        energyGain(added),
        higherGain(added),
        equalGain(added),
        masksInCommon(added),
        tokens.size() - Set.copyOf(tokens).size(),
        added.size() * HOURS);
  }

  /// How far a bit of the numbers, all of one place, is from agreeing in half of them with what is
  /// hidden. Under a mask that leaves it bare it always does.
  private static double bitGain(List<Added> added) {
    double worst = 0;
    for (int place = 0; place < METERS; place++) {
      var differing = new int[Packed.BITS];
      int numbers = 0;
      for (int meter = place; meter < added.size(); meter += METERS) {
        for (int slot = 0; slot <= HOURS; slot++) {
          Added one = added.get(meter);
          BigInteger differs = one.numbers.get(slot).xor(one.hidden(slot));
          for (int bit = 0; bit < Packed.BITS; bit++) {
            differing[bit] += differs.testBit(bit) ? 1 : 0;
          }
          numbers++;
        }
      }
      for (int times : differing) {
        worst = Math.max(worst, Math.abs((double) times / numbers - 0.5));
      }
    }
    return worst;
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

  /// Looks at all meters of one place.
  private interface Look {

    /// @param seen by meter and slot
    void at(int place, List<double[]> seen, Auc auc);
  }

  /// The most that is found in any way at any place.
  private static double worst(List<Added> added, int firstPlace, Look look) {
    double worst = 0;
    for (var way : ways()) {
      List<double[]> seen =
          added.stream().map(one -> one.numbers.stream().mapToDouble(way).toArray()).toList();
      for (int place = firstPlace; place < METERS; place++) {
        var auc = new Auc();
        look.at(place, seen, auc);
        worst = Math.max(worst, auc.gain());
      }
    }
    return worst;
  }

  private static double energyGain(List<Added> added) {
    int[] sorted =
        added.stream()
            .flatMap(one -> one.energiesWh.subList(0, HOURS).stream())
            .mapToInt(Integer::intValue)
            .sorted()
            .toArray();
    int medianWh = sorted[sorted.length / 2];
    return worst(
        added,
        0,
        (place, seen, auc) -> {
          for (int meter = place; meter < added.size(); meter += METERS) {
            for (int hour = 0; hour < HOURS; hour++) {
              auc.add(seen.get(meter)[hour], added.get(meter).energiesWh.get(hour) > medianWh);
            }
          }
        });
  }

  /// Whose bucket of two meters of a cohort is higher, by the order of their numbers.
  private static double higherGain(List<Added> added) {
    return worst(
        added,
        1,
        (place, seen, auc) ->
            withEarlier(
                added,
                place,
                (meter, earlier) -> {
                  for (int slot = 0; slot <= HOURS; slot++) {
                    int difference =
                        added.get(meter).buckets.get(slot) - added.get(earlier).buckets.get(slot);
                    if (difference != 0) {
                      auc.add(seen.get(meter)[slot] - seen.get(earlier)[slot], difference > 0);
                    }
                  }
                }));
  }

  /// Whether two buckets are equal, by how far apart their numbers are.
  private static double equalGain(List<Added> added) {
    double ofMeters =
        worst(
            added,
            1,
            (place, seen, auc) ->
                withEarlier(
                    added,
                    place,
                    (meter, earlier) -> {
                      for (int slot = 0; slot <= HOURS; slot++) {
                        addEqual(auc, added, seen, meter, slot, earlier, slot);
                      }
                    }));
    double ofHours =
        worst(
            added,
            0,
            (place, seen, auc) -> {
              for (int meter = place; meter < added.size(); meter += METERS) {
                for (int hour = 0; hour < HOURS; hour++) {
                  for (int earlier = 0; earlier < hour; earlier++) {
                    addEqual(auc, added, seen, meter, hour, meter, earlier);
                  }
                }
              }
            });
    double ofCohorts =
        worst(
            added,
            0,
            (place, seen, auc) -> {
              int stretch = COHORTS_COMPARED * METERS;
              for (int meter = place; meter < added.size(); meter += METERS) {
                for (int other = meter % METERS + meter / stretch * stretch;
                    other < meter;
                    other += METERS) {
                  for (int slot = 0; slot <= HOURS; slot++) {
                    addEqual(auc, added, seen, meter, slot, other, slot);
                  }
                }
              }
            });
    return Math.max(ofMeters, Math.max(ofHours, ofCohorts));
  }

  /// Each meter of a place with each before it in its cohort.
  private static void withEarlier(List<Added> added, int place, BiConsumer<Integer, Integer> look) {
    for (int meter = place; meter < added.size(); meter += METERS) {
      for (int earlier = meter - place; earlier < meter; earlier++) {
        look.accept(meter, earlier);
      }
    }
  }

  private static void addEqual(
      Auc auc,
      List<Added> added,
      List<double[]> seen,
      int meter,
      int slot,
      int other,
      int otherSlot) {
    auc.add(
        -Math.abs(seen.get(meter)[slot] - seen.get(other)[otherSlot]),
        added.get(meter).buckets.get(slot).equals(added.get(other).buckets.get(otherSlot)));
  }

  /// A mask that hides two contributions leaves two numbers that differ by two energies and two
  /// counts; masks made of one part for the meter and one for the hour leave two such differences.
  private static int masksInCommon(List<Added> added) {
    var numbers = new ArrayList<BigInteger>();
    var betweenHours = new ArrayList<BigInteger>();
    var betweenMeters = new ArrayList<BigInteger>();
    List<List<BigInteger>> before = List.of();
    for (Added one : added.subList(0, Math.min(added.size(), COHORTS_OF_MORE * METERS))) {
      List<List<BigInteger>> items =
          Stream.concat(Stream.of(one.numbers), one.others.stream()).toList();
      for (List<BigInteger> item : items) {
        numbers.addAll(item);
        for (int i = 1; i < item.size(); i++) {
          betweenHours.add(item.get(i).subtract(item.get(i - 1)));
        }
      }
      for (int i = 0; i < before.size(); i++) {
        for (int slot = 0; slot < before.get(i).size(); slot++) {
          betweenMeters.add(items.get(i).get(slot).subtract(before.get(i).get(slot)));
        }
      }
      before = items;
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
      counts.add(count(bucket));
    }
    return counts;
  }

  private static BigInteger count(int bucket) {
    return BigInteger.ONE.shiftLeft(Packed.ENERGY_BITS + bucket * Packed.COUNT_BITS);
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

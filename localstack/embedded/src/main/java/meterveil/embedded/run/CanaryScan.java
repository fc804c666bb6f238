package meterveil.embedded.run;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import meterveil.cell.Packed;
import meterveil.meter.ThingName;
import meterveil.simulator.Measurements;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// Looks for traces of single meters in everything the platform stored, kept or logged.
///
/// A trace is
/// - the name of a thing, plain or in base64. It may stand in the key of what is known of it (the
///   list of meters, its next cohort, its device status) and in the topic of its own settings, and
///   nowhere else, but that the broker's log names who was refused;
/// - a piece of a message, plain or in base64: the member that holds the energy;
/// - what a meter measured in three hours one after the other, as numbers with commas between them.
///
/// Numbers by themselves are no trace, as they may mean anything; but no sum in an open item may
/// lack its masks. Without them it counts no more contributions than the item has tokens, while one
/// that is masked looks as if it had some 800, and as few as 75 once in 10^12 times.
final class CanaryScan {

  /// What is searched for in every message that names energy.
  private static final String ENERGY = "\"energyWh\"";

  private static final String NAME = "a thing's name";

  /// Tables of things, by the attribute `thing`. Nothing in them depends on consumption.
  private static final Set<String> OF_THINGS = Set.of("Meters", "Assignments", "DeviceStatus");

  private static final Pattern SETTINGS_TOPIC = Pattern.compile("mv/1/([^/]+)/[^/]+/settings");
  private static final Pattern SUM = Pattern.compile("s[0-9]{1,2}|x|d|l");

  private final Needles needles;
  private final long[] threeHours;
  private final List<Hit> hits = new ArrayList<>();
  private long items;
  private long logLines;
  private long keyContexts;
  private long retainedMessages;
  private long failureRecords;

  /// @param measurements whose meters and values to look for
  CanaryScan(Measurements measurements) {
    var texts = new ArrayList<Needles.Needle>();
    for (ThingName thing : measurements.things()) {
      spellings(thing.value()).forEach(text -> texts.add(new Needles.Needle(text, NAME)));
    }
    spellings(ENERGY).forEach(text -> texts.add(new Needles.Needle(text, "a piece of a message")));
    this.needles = new Needles(texts);
    this.threeHours = threeHours(measurements);
  }

  /// A trace.
  ///
  /// @param where such as `table Usage`
  /// @param what of which kind it is; never itself
  record Hit(String where, String what) {}

  /// What was searched and found.
  record Result(
      long items,
      long logLines,
      long keyContexts,
      long retainedMessages,
      long failureRecords,
      List<Hit> hits) {

    Result {
      hits = List.copyOf(hits);
    }
  }

  /// Every item of a table.
  ///
  /// @param constructId such as `Usage`
  /// @param name its physical name
  void table(DynamoDbClient dynamoDb, String constructId, String name) {
    dynamoDb
        .scanPaginator(scan -> scan.tableName(name).consistentRead(true))
        .items()
        .forEach(item -> item(constructId, item));
  }

  /// One item.
  void item(String constructId, Map<String, AttributeValue> item) {
    items++;
    String where = "table " + constructId;
    long tokens =
        Stream.of("t", "u")
            .flatMap(name -> Stream.ofNullable(item.get(name)))
            .mapToLong(set -> set.bs().size())
            .sum();
    new TreeMap<>(item)
        .forEach((name, value) -> {
          search(where, name);
          if (!(OF_THINGS.contains(constructId) && name.equals("thing"))) {
            text(value).forEach(text -> search(where + ", attribute " + name, text));
          }
          if (constructId.equals("OpenBlocks")
              && SUM.matcher(name).matches()
              && value.n() != null
              && Packed.of(new BigInteger(value.n())).count() <= tokens) {
            hits.add(new Hit(where + ", attribute " + name, "energy without a mask"));
          }
        });
  }

  /// One line of a function's log.
  void logLine(String line) {
    logLines++;
    search("log", line);
  }

  /// One line of the broker's log, which may name a thing, as IoT Core's does.
  void brokerLogLine(String line) {
    logLines++;
    search("log of the broker", line, what -> !what.equals(NAME));
  }

  /// What a key was used for.
  void keyContext(Map<String, String> context) {
    keyContexts++;
    context.forEach((name, value) -> search("key context", name + "=" + value));
  }

  /// A retained message.
  void retainedMessage(String topic, byte[] payload) {
    retainedMessages++;
    if (!SETTINGS_TOPIC.matcher(topic).matches()) {
      search("topic of a retained message", topic);
    }
    search("retained message", new String(payload, UTF_8));
  }

  /// A record of a failure, the message in it, that went where it may be kept.
  void failureRecord(String record) {
    failureRecords++;
    search("failure record", record);
  }

  Result result() {
    return new Result(items, logLines, keyContexts, retainedMessages, failureRecords, hits);
  }

  private void search(String where, String text) {
    search(where, text, _ -> true);
  }

  private void search(String where, String text, Predicate<String> counts) {
    needles.in(text).stream().filter(counts).forEach(what -> hits.add(new Hit(where, what)));
    if (hasThreeHours(text)) {
      hits.add(new Hit(where, "three hours of a meter"));
    }
  }

  /// All texts that a value holds; bytes as they are and in base64.
  private static Stream<String> text(AttributeValue value) {
    return switch (value.type()) {
      case S -> Stream.of(value.s());
      case N -> Stream.of(value.n());
      case B -> text(List.of(value.b()));
      case SS -> Stream.of(String.join(",", value.ss()));
      case NS -> Stream.of(String.join(",", value.ns()));
      case BS -> text(value.bs());
      case L ->
          Stream.concat(
              value.l().stream().flatMap(CanaryScan::text),
              Stream.of(String.join(",", value.l().stream().flatMap(CanaryScan::text).toList())));
      case M ->
          value.m().entrySet().stream()
              .flatMap(entry -> Stream.concat(Stream.of(entry.getKey()), text(entry.getValue())));
      case BOOL, NUL, UNKNOWN_TO_SDK_VERSION -> Stream.empty();
    };
  }

  private static Stream<String> text(Collection<SdkBytes> all) {
    return all.stream()
        .flatMap(bytes ->
            Stream.of(
                bytes.asString(ISO_8859_1),
                Base64.getEncoder().encodeToString(bytes.asByteArrayUnsafe())));
  }

  /// A text as it is, and what is the same in base64 wherever in a longer text it begins.
  static List<String> spellings(String text) {
    byte[] bytes = text.getBytes(UTF_8);
    var spellings = new ArrayList<String>();
    spellings.add(text);
    for (int before = 0; before < 3; before++) {
      var padded = new byte[before + bytes.length];
      System.arraycopy(bytes, 0, padded, before, bytes.length);
      String encoded = Base64.getEncoder().withoutPadding().encodeToString(padded);
      int from = Math.ceilDiv(before * 8, 6);
      int to = padded.length * 8 / 6;
      spellings.add(encoded.substring(from, to));
    }
    return spellings;
  }

  private static long[] threeHours(Measurements measurements) {
    return measurements.profiles().values().stream()
        .flatMapToLong(profile -> {
          long hours = (profile.end().getEpochSecond() - profile.start().getEpochSecond()) / 3600;
          return java.util.stream.LongStream.range(2, hours)
              .map(hour ->
                  three(
                      profile.energyWh(profile.start().plusSeconds((hour - 2) * 3600)),
                      profile.energyWh(profile.start().plusSeconds((hour - 1) * 3600)),
                      profile.energyWh(profile.start().plusSeconds(hour * 3600))));
        })
        .filter(three -> three >= 0)
        .sorted()
        .toArray();
  }

  /// Three numbers as one, or -1 where they say too little to be anyone's.
  private static long three(long first, long second, long third) {
    long highest = Math.max(first, Math.max(second, third));
    boolean same = first == second && second == third;
    return Math.min(first, Math.min(second, third)) < 0 || highest < 10 || highest >> 21 > 0 || same
        ? -1
        : first << 42 | second << 21 | third;
  }

  private boolean hasThreeHours(String text) {
    long first = -1;
    long second = -1;
    int i = 0;
    while (i < text.length()) {
      char c = text.charAt(i);
      if (c >= '0' && c <= '9') {
        long number = 0;
        for (; i < text.length() && Character.isDigit(text.charAt(i)); i++) {
          number = Math.min(number * 10 + (text.charAt(i) - '0'), 1L << 21);
        }
        long three = first < 0 ? -1 : three(first, second, number);
        if (three >= 0 && Arrays.binarySearch(threeHours, three) >= 0) {
          return true;
        }
        first = second;
        second = number;
      } else {
        if (c != ',' && c != ' ') {
          first = -1;
          second = -1;
        }
        i++;
      }
    }
    return false;
  }
}

package meterveil.benchmarks.price;

import java.util.LinkedHashMap;
import java.util.Map;

/// What the price is worked out with and no run can count.
enum Assumption {
  LAMBDA_LOG_BYTES(
      420,
      "of a call, in the three lines that Lambda writes of it as text, with the 26 bytes that"
          + " CloudWatch adds to each; no run has these lines"),
  LOG_MONTHS_KEPT(3, "as the log groups are made"),
  SESSION_MESSAGES(
      4,
      "metered of one of our meters that connects with a session the broker has kept, by \"AWS IoT"
          + " Core additional metering details\": the connect with its last will, one subscription to"
          + " two topics, its settings and its acknowledgement of them, each far below 5 KB"),
  SESSION_EVENTS(2, "of the broker, for presence: as a meter comes and as it goes"),
  USUAL_SESSION_MESSAGES(2, "of a usual meter: the connect, and a subscription to its commands"),
  USUAL_DAYS_KEPT(30, "as ours are by default"),
  KEY_ROTATIONS(
      2,
      "of each key that rotates every year: each of the first two adds to its price for good, so"
          + " this is the third year's"),
  ALARM_QUERY_METRICS(
      1,
      "that an alarm's query analyses, each paid like one that an alarm lists; no template says how"
          + " many, as IoT Core and DynamoDB count these by rule, protocol or table, and only where"
          + " something fails");

  private final double value;
  private final String why;

  Assumption(double value, String why) {
    this.value = value;
    this.why = why;
  }

  double value() {
    return value;
  }

  /// As `price.json` has them.
  static Map<String, Object> json() {
    var json = new LinkedHashMap<String, Object>();
    for (Assumption assumption : values()) {
      json.put(assumption.name(), Map.of("value", assumption.value, "why", assumption.why));
    }
    return json;
  }
}

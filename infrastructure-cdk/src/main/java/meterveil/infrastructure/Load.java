package meterveil.infrastructure;

import java.util.stream.Stream;

/// What a number of meters asks of AWS at its busiest; the arithmetic of `docs/architecture.md`.
///
/// @param meters how many there are at most
record Load(int meters) {

  /// Meters that report every hour do so within five minutes of it.
  private static final int REPORTING_SECONDS = 300;

  /// A report is sent twice when its acknowledgement got lost.
  private static final int SENDINGS = 2;

  /// After an outage, meters come back at the pace that IoT Core lets them.
  private static final int CONNECTS_PER_SECOND_MAX = 500;

  /// Five times what a warm call takes, for the cold ones and a slow day of DynamoDB's.
  private static final int COLLECT_MILLIS = 50;

  /// Release asks one cohort after the other: a request to IoT Core and a note of it.
  private static final int COHORTS_ASKED_PER_SECOND = 66;

  private static final int COHORT_METERS_MAX = 75;

  /// The pace of plan, by its own limit.
  private static final int PLANNED_PER_SECOND = 60;

  /// Thirty days of eight hours.
  private static final int ROLL_OUT_SECONDS = 30 * 8 * 60 * 60;

  /// Settings, requests to it, requests to its two cohorts.
  private static final int SUBSCRIPTIONS = 4;

  /// Lambda wants so many that nothing is reserved of.
  private static final int UNRESERVED = 100;

  /// One request to IoT Core.
  private static final int RESEND_MILLIS = 20;

  private static final int STATUS_MILLIS = 50;

  /// The fewest that a small stage is given: enough for a burst, and for one that hangs.
  private static final int COLLECT_AT_ONCE_MIN = 10;

  private static final int AT_ONCE_MIN = 5;

  /// A run of release may still be at work when the next hour's begins.
  private static final int RELEASE_AT_ONCE = 2;

  int reportsPerSecond() {
    return Math.ceilDiv(meters, REPORTING_SECONDS);
  }

  /// With what is sent a second time.
  int deliveriesPerSecond() {
    return Math.ceilDiv(meters * SENDINGS, REPORTING_SECONDS);
  }

  int connectsPerSecond() {
    return Math.min(meters, CONNECTS_PER_SECOND_MAX);
  }

  /// Reports, with what is sent a second time, and what meters say when they come back.
  int publishesPerSecond() {
    return deliveriesPerSecond() + connectsPerSecond();
  }

  /// What meters are sent: settings when they come back, and requests when many reports got lost.
  int messagesToMetersPerSecond() {
    return connectsPerSecond() + asksPerSecond();
  }

  /// Requests to meters that sleep wait for them.
  int asksPerSecond() {
    return Math.min(meters, COHORTS_ASKED_PER_SECOND * COHORT_METERS_MAX);
  }

  int plannedPerSecond() {
    return Math.min(meters, PLANNED_PER_SECOND);
  }

  int subscriptions() {
    return meters * SUBSCRIPTIONS;
  }

  int subscriptionsPerSecond() {
    return connectsPerSecond() * SUBSCRIPTIONS;
  }

  int subscriptionsOfOne() {
    return SUBSCRIPTIONS;
  }

  /// All instances that are reserved, and those that must not be.
  int instances() {
    return Stream.of(
            collectAtOnce(),
            resendAtOnce(),
            statusAtOnce(),
            releaseAtOnce(),
            admitAtOnce(),
            registerAtOnce(),
            presenceAtOnce(),
            surveyAtOnce(),
            planAtOnce(),
            UNRESERVED)
        .mapToInt(Integer::intValue)
        .sum();
  }

  /// How many instances of collect work at once; what is more waits in Lambda's queue.
  int collectAtOnce() {
    return Math.max(COLLECT_AT_ONCE_MIN, atOnce(deliveriesPerSecond(), COLLECT_MILLIS));
  }

  /// How many instances of resend work at once when every report fails.
  int resendAtOnce() {
    return Math.max(AT_ONCE_MIN, atOnce(reportsPerSecond(), RESEND_MILLIS));
  }

  /// How many instances of status work at once when every meter that connects says how it is.
  int statusAtOnce() {
    return Math.max(AT_ONCE_MIN, atOnce(connectsPerSecond(), STATUS_MILLIS));
  }

  int releaseAtOnce() {
    return RELEASE_AT_ONCE;
  }

  int admitAtOnce() {
    return AT_ONCE_MIN;
  }

  int registerAtOnce() {
    return AT_ONCE_MIN;
  }

  /// How many instances of presence work at once when all that connect have lost a connection.
  int presenceAtOnce() {
    return Math.max(AT_ONCE_MIN, atOnce(lifecycleEventsPerSecond(), STATUS_MILLIS));
  }

  int surveyAtOnce() {
    return 1;
  }

  /// One alone, as each keeps to the pace of all.
  int planAtOnce() {
    return 1;
  }

  /// What the broker tells of connections: each ends and begins.
  int lifecycleEventsPerSecond() {
    return 2 * connectsPerSecond();
  }

  /// What rules take: messages of meters, and what the broker tells of them.
  int ruleEvaluationsPerSecond() {
    return publishesPerSecond() + lifecycleEventsPerSecond();
  }

  /// How many meters come in a second when a roll-out lasts one epoch.
  int provisionedPerSecond() {
    return Math.ceilDiv(meters, ROLL_OUT_SECONDS);
  }

  private static int atOnce(int perSecond, int millis) {
    return Math.ceilDiv(perSecond * millis, 1_000);
  }
}

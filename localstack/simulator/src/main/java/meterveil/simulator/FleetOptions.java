package meterveil.simulator;

import java.time.Duration;

/// How a fleet behaves.
///
/// @param connectionsPerSecond how many meters start to connect in a second, at most
/// @param publishesPerSecond how many messages all meters together publish in a second, at most;
///   each by itself publishes 100 a second at most, as IoT Core allows no more
/// @param pauses before answers to requests
/// @param statusEvery how often a meter tells how it is, beside once at each connect; after that it
///   waits a random part of it, so that meters that connect together do not go on together
/// @param twoBlocks whether a meter that was away sends two blocks in one message
/// @param seed what pauses and the meters' own states depend on
public record FleetOptions(
    int connectionsPerSecond,
    int publishesPerSecond,
    Pauses pauses,
    Duration statusEvery,
    boolean twoBlocks,
    long seed) {

  /// 100 connections and 1,000 messages a second, the design's pauses, a status a day.
  public static final FleetOptions DEFAULT =
      new FleetOptions(100, 1_000, Pauses.DEFAULT, Duration.ofDays(1), true, 1);

  /// @throws IllegalArgumentException if a rate or `statusEvery` is not above zero
  public FleetOptions {
    if (connectionsPerSecond < 1 || publishesPerSecond < 1) {
      throw new IllegalArgumentException("a rate is 1 a second or more");
    }
    if (!statusEvery.isPositive()) {
      throw new IllegalArgumentException("a time between two statuses is above zero");
    }
  }

  /// The same with other rates.
  public FleetOptions withRates(int newConnectionsPerSecond, int newPublishesPerSecond) {
    return new FleetOptions(
        newConnectionsPerSecond, newPublishesPerSecond, pauses, statusEvery, twoBlocks, seed);
  }

  /// The same with other pauses.
  public FleetOptions withPauses(Pauses newPauses) {
    return new FleetOptions(
        connectionsPerSecond, publishesPerSecond, newPauses, statusEvery, twoBlocks, seed);
  }

  /// The same with each block in a message of its own, or not.
  public FleetOptions withTwoBlocks(boolean newTwoBlocks) {
    return new FleetOptions(
        connectionsPerSecond, publishesPerSecond, pauses, statusEvery, newTwoBlocks, seed);
  }

  /// The same with another time between two statuses.
  public FleetOptions withStatusEvery(Duration newStatusEvery) {
    return new FleetOptions(
        connectionsPerSecond, publishesPerSecond, pauses, newStatusEvery, twoBlocks, seed);
  }

  /// The same with another seed.
  public FleetOptions withSeed(long newSeed) {
    return new FleetOptions(
        connectionsPerSecond, publishesPerSecond, pauses, statusEvery, twoBlocks, newSeed);
  }
}

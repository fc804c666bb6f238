package meterveil.simulator;

import java.util.List;

/// How a meter is, as it tells the platform. Says nothing of what it measures.
///
/// @param sequence one more than that of the status before it, through restarts; 0 in the last
///   will, which is written before anybody knows when it will be needed
/// @param firmware its version
/// @param batteryPercent 0 to 100
/// @param signalDbm of its radio, below 0
/// @param faults names of what is wrong with it
/// @param uptimeSeconds since it was switched on
/// @param blocksGivenUp how many blocks it no longer sends, as they were asked for too often
public record MeterStatus(
    long sequence,
    String firmware,
    int batteryPercent,
    int signalDbm,
    List<String> faults,
    long uptimeSeconds,
    int blocksGivenUp) {

  /// The fault of the last will: the broker says it in place of a meter that is gone.
  public static final String CONNECTION_LOST = "connection-lost";

  /// The fault of a meter that was told something it could not read.
  public static final String DOWNLINK_UNREADABLE = "downlink-unreadable";

  public MeterStatus {
    faults = List.copyOf(faults);
  }
}

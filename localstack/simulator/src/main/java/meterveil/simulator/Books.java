package meterveil.simulator;

import meterveil.energy.WattHours;

/// What meters have sent, by their own count: each meter and block once, however often it went over
/// the wire, and without asking the platform.
///
/// So `sent − refused − undelivered` is what the platform must account for, to the watt-hour.
///
/// @param messages readings sent for the first time
/// @param repeats readings sent again: delivered twice, asked for, or unanswered before
/// @param blocks blocks that are over
/// @param meterHours the measured hours of those blocks
/// @param sent the energy of those blocks
/// @param refused of it, what the platform has to refuse: malformed on purpose, too late, in a
///   message with an hour above the cap, or turned away by the broker
/// @param undelivered of it, what the broker never acknowledged, was held back or dropped, or what
///   a meter gave up
public record Books(
    long messages,
    long repeats,
    long blocks,
    long meterHours,
    WattHours sent,
    WattHours refused,
    WattHours undelivered) {

  /// Nothing sent.
  public static final Books EMPTY =
      new Books(0, 0, 0, 0, WattHours.ZERO, WattHours.ZERO, WattHours.ZERO);

  /// The books of both.
  public Books plus(Books other) {
    return new Books(
        messages + other.messages,
        repeats + other.repeats,
        blocks + other.blocks,
        meterHours + other.meterHours,
        sent.plus(other.sent),
        refused.plus(other.refused),
        undelivered.plus(other.undelivered));
  }
}

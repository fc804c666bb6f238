package meterveil.status;

import java.util.HashSet;
import java.util.List;
import java.util.regex.Pattern;

/// What a meter says of itself.
///
/// @param sequence 1 for its first status ever, one more for each after it, kept through power
///   cuts; [#LAST_WILL] in a last will
/// @param firmware its version, two to four numbers such as `1.0.0`
/// @param batteryPercent 0 to 100; 100 where it has none
/// @param signalDbm of its radio or modem, -200 to 0
/// @param faults what is wrong with it, each once
/// @param uptimeSeconds since it was switched on
/// @param blocksGivenUp how many blocks it no longer sends, as they were asked for too often
public record StatusReport(
    long sequence,
    String firmware,
    int batteryPercent,
    int signalDbm,
    List<Fault> faults,
    long uptimeSeconds,
    long blocksGivenUp) {

  /// The sequence of a last will, which is written before anybody knows when it will be needed.
  public static final long LAST_WILL = 0;

  /// The highest sequence, uptime and count: 32 bits.
  public static final long COUNT_MAX = 4_294_967_295L;

  private static final Pattern FIRMWARE = Pattern.compile("[0-9]{1,5}(\\.[0-9]{1,5}){1,3}");
  private static final int SIGNAL_DBM_MIN = -200;

  /// @throws IllegalArgumentException if one of them is outside its limits
  public StatusReport {
    faults = List.copyOf(faults);
    require(0 <= sequence && sequence <= COUNT_MAX, "sequence");
    require(FIRMWARE.matcher(firmware).matches(), "firmware");
    require(0 <= batteryPercent && batteryPercent <= 100, "batteryPercent");
    require(SIGNAL_DBM_MIN <= signalDbm && signalDbm <= 0, "signalDbm");
    require(new HashSet<>(faults).size() == faults.size(), "faults");
    require(0 <= uptimeSeconds && uptimeSeconds <= COUNT_MAX, "uptimeSeconds");
    require(0 <= blocksGivenUp && blocksGivenUp <= COUNT_MAX, "blocksGivenUp");
  }

  /// Whether the broker says it, and not the meter.
  public boolean isLastWill() {
    return sequence == LAST_WILL;
  }

  private static void require(boolean holds, String member) {
    if (!holds) {
      throw new IllegalArgumentException(member + " is outside its limits");
    }
  }
}

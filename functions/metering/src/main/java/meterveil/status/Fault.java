package meterveil.status;

import java.util.Arrays;
import java.util.Optional;

/// What can be wrong with a meter. There are no others: a name that the sender chose could say
/// anything of anybody.
public enum Fault {
  /// The battery needs changing.
  BATTERY_LOW("battery-low"),
  /// The clock was off, or had to be set.
  CLOCK_WRONG("clock-wrong"),
  /// The broker lost it; in last wills only.
  CONNECTION_LOST("connection-lost"),
  /// The cover was opened.
  COVER_OPENED("cover-opened"),
  /// It was told something it could not read.
  DOWNLINK_UNREADABLE("downlink-unreadable"),
  /// It cannot measure as it should.
  MEASUREMENT_FAILED("measurement-failed"),
  /// It cannot store as it should.
  MEMORY_FAILED("memory-failed");

  private final String text;

  Fault(String text) {
    this.text = text;
  }

  /// The fault of that name in messages and in the table, if there is one.
  public static Optional<Fault> of(String text) {
    return Arrays.stream(values()).filter(fault -> fault.text.equals(text)).findFirst();
  }

  /// Its name in messages and in the table.
  public String text() {
    return text;
  }
}

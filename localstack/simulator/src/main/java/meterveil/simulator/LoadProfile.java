package meterveil.simulator;

import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import meterveil.block.Block;
import meterveil.energy.WattHours;

/// What one meter measures: the energy of consecutive UTC hours.
///
/// Plain integers, as a year of a thousand meters is nine million hours.
public final class LoadProfile {

  /// Stands for the energy of an hour that was not measured.
  public static final int NOT_MEASURED = -1;

  private final Instant start;
  private final int[] energyWh;

  /// @param start the first hour, on a whole UTC hour
  /// @param energyWh an hour each, in watt-hours, or [#NOT_MEASURED]
  /// @throws IllegalArgumentException if `start` is not on a whole hour, there is no hour or one is
  ///   below [#NOT_MEASURED]
  public LoadProfile(Instant start, int... energyWh) {
    if (start.getNano() != 0 || start.getEpochSecond() % 3600 != 0) {
      throw new IllegalArgumentException("a load profile starts on a whole hour");
    }
    if (energyWh.length == 0) {
      throw new IllegalArgumentException("a load profile has at least one hour");
    }
    if (Arrays.stream(energyWh).anyMatch(wh -> wh < NOT_MEASURED)) {
      throw new IllegalArgumentException("negative energy");
    }
    this.start = start;
    this.energyWh = energyWh.clone();
  }

  /// The start of its first hour.
  public Instant start() {
    return start;
  }

  /// The end of its last hour.
  public Instant end() {
    return start.plus(Duration.ofHours(energyWh.length));
  }

  /// The energy of the hour in which an instant lies, in watt-hours, or [#NOT_MEASURED]; that too
  /// outside of the profile.
  public int energyWh(Instant instant) {
    long hour = Math.floorDiv(Duration.between(start, instant).toSeconds(), 3600);
    return hour < 0 || hour >= energyWh.length ? NOT_MEASURED : energyWh[(int) hour];
  }

  /// The energy of each hour of a block, in watt-hours, or [#NOT_MEASURED].
  public int[] energyWh(Block block) {
    return block.hours().stream().mapToInt(this::energyWh).toArray();
  }

  /// How many of its hours were measured.
  public int measuredHours() {
    return measuredHours(energyWh);
  }

  /// The energy of all its hours.
  public WattHours total() {
    return total(energyWh);
  }

  /// The same energy, from another instant on.
  public LoadProfile movedTo(Instant newStart) {
    return new LoadProfile(newStart, energyWh);
  }

  static int measuredHours(int... energyWh) {
    return (int) Arrays.stream(energyWh).filter(wh -> wh != NOT_MEASURED).count();
  }

  static WattHours total(int... energyWh) {
    return new WattHours(
        Arrays.stream(energyWh).filter(wh -> wh != NOT_MEASURED).asLongStream().sum());
  }
}

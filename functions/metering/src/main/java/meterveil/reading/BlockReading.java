package meterveil.reading;

import java.util.Arrays;
import meterveil.block.Block;
import meterveil.energy.WattHours;

/// What one meter measured in one block, judged and found right.
public final class BlockReading {

  private final Block block;
  private final int[] energyWh;

  /// @param block the block
  /// @param energyWh an hour each, in watt-hours; below zero where it was not measured
  /// @throws IllegalArgumentException if there are not as many hours as the block has
  public BlockReading(Block block, int... energyWh) {
    if (energyWh.length != block.length().hours()) {
      throw new IllegalArgumentException("not the hours of the block");
    }
    this.block = block;
    this.energyWh = energyWh.clone();
  }

  /// The block.
  public Block block() {
    return block;
  }

  /// Whether the hour of that index, from 0, was measured.
  public boolean isMeasured(int hour) {
    return energyWh[hour] >= 0;
  }

  /// What was measured in the hour of that index.
  ///
  /// @throws IllegalArgumentException if it was not measured
  public WattHours energy(int hour) {
    return new WattHours(energyWh[hour]);
  }

  /// How many of its hours were measured.
  public int measuredHours() {
    return (int) Arrays.stream(energyWh).filter(wh -> wh >= 0).count();
  }
}

package meterveil.benchmarks.speed;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// A message as the usual design reads it.
public final class UsualMessage {

  private @Nullable String start;
  private List<Integer> energyWh = List.of();

  /// The first hour's beginning.
  public @Nullable String getStart() {
    return start;
  }

  public void setStart(@Nullable String start) {
    this.start = start;
  }

  /// One for each hour.
  public List<Integer> getEnergyWh() {
    return energyWh;
  }

  public void setEnergyWh(List<Integer> energyWh) {
    this.energyWh = energyWh;
  }
}

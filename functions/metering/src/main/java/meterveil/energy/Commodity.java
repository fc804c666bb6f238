package meterveil.energy;

/// What a meter measures. All are reported as energy; cells of different commodities are never
/// added up.
public enum Commodity {
  /// Active energy taken from the grid. Capped at what three phases of 80 A can deliver in an hour.
  ELECTRICITY(60_000),
  /// Natural gas, as energy. Capped at the flow of a G25 meter (40 m³/h at 10 kWh/m³).
  GAS(400_000),
  /// District heat. Capped at a connection of 100 kW.
  HEAT(100_000);

  private final long capWh;

  Commodity(long capWh) {
    this.capWh = capWh;
  }

  /// The most one meter can have measured in an hour; more is an error of the meter and refused.
  public WattHours cap() {
    return new WattHours(capWh);
  }
}

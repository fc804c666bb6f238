package meterveil.cohort;

import meterveil.energy.Commodity;
import meterveil.energy.WattHours;

/// The kind of customer a meter serves. Meters of different classes are never in one cohort, as a
/// shop among homes would dominate every cell.
public enum TariffClass {
  /// A home.
  RESIDENTIAL(1),
  /// A shop, a workshop, an office.
  SMALL_BUSINESS(4);

  private final int homes;

  TariffClass(int homes) {
    this.homes = homes;
  }

  /// What one meter adds to a cell's hour at most; the rest is counted as withheld. 3,000 Wh for a
  /// home's electricity, which leaves 99.5 % of the energy of homes untouched and keeps one from
  /// dominating most cells of 50.
  public WattHours clip(Commodity commodity) {
    long homeWh =
        switch (commodity) {
          case ELECTRICITY -> 3_000;
          case GAS -> 15_000;
          case HEAT -> 10_000;
        };
    return new WattHours(homes * homeWh);
  }
}

package meterveil.usage;

import java.time.LocalDate;
import java.util.Optional;
import meterveil.tenant.TenantId;

/// Where the energy of a closed day went.
///
/// @param tenant whose day
/// @param day a UTC day
/// @param figures nothing if too few meters reported, or one had too large a share, for the day's
///   total to be told; or if what is withheld has an hour or a late total of too few in it
public record Reconciliation(TenantId tenant, LocalDate day, Optional<Figures> figures) {

  /// In whole watt-hours; accepted = released + late + withheld.
  ///
  /// @param acceptedWh all that was counted
  /// @param releasedWh what the released cells add up to, rounded as they are
  /// @param lateWh what the late totals add up to, rounded as they are
  /// @param withheldWh the rest: suppressed, clipped and rounded away, as one figure, since the
  ///   rounding by itself would give the exact sums back; below zero where more was rounded up than
  ///   held back
  public record Figures(long acceptedWh, long releasedWh, long lateWh, long withheldWh) {

    /// @throws IllegalArgumentException if they do not add up
    public Figures {
      if (acceptedWh != releasedWh + lateWh + withheldWh) {
        throw new IllegalArgumentException("a day that does not reconcile");
      }
    }
  }
}

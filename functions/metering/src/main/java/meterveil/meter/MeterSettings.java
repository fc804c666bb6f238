package meterveil.meter;

import java.util.List;
import meterveil.block.BlockLength;
import meterveil.block.Epoch;
import meterveil.cohort.CohortId;

/// What a meter needs to know to report: its cohort and block length in the epochs to come.
///
/// @param memberships in the order of their epochs, none twice
public record MeterSettings(List<Membership> memberships) {

  /// A meter's place in one epoch.
  ///
  /// @param cohort its cohort, which carries the epoch
  /// @param blockLength what it reports at once
  public record Membership(CohortId cohort, BlockLength blockLength) {

    /// The epoch for which it holds.
    public Epoch epoch() {
      return cohort.epoch();
    }
  }

  /// @throws IllegalArgumentException if the epochs are not in order
  public MeterSettings {
    memberships = List.copyOf(memberships);
    for (int i = 1; i < memberships.size(); i++) {
      if (memberships.get(i - 1).epoch().number() >= memberships.get(i).epoch().number()) {
        throw new IllegalArgumentException("the epochs of a meter's settings are not in order");
      }
    }
  }
}

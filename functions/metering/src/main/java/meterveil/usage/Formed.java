package meterveil.usage;

/// How a released cell came about.
public enum Formed {
  /// The cell of one cohort, as it was.
  OWN,
  /// The cells of several cohorts as one.
  MERGED,
  /// Nothing but the fact that nothing may be told.
  SUPPRESSED,
  /// The late blocks of a district and commodity as one total.
  LATE
}

package meterveil.benchmarks;

/// One thing that is aimed at, and what it came to.
///
/// @param goal what, in words
/// @param unit of the figures
/// @param measured in this run
/// @param target what it should be at least or at most
/// @param met whether it is
public record Goal(String goal, String unit, double measured, double target, boolean met) {

  /// A goal to be reached or passed.
  public static Goal atLeast(String goal, String unit, double measured, double target) {
    return new Goal(goal, unit, measured, target, measured >= target);
  }

  /// A goal to stay at or below.
  public static Goal atMost(String goal, String unit, double measured, double target) {
    return new Goal(goal, unit, measured, target, measured <= target);
  }
}

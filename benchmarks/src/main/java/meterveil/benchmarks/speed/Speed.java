package meterveil.benchmarks.speed;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import meterveil.benchmarks.MainLineRuns;
import meterveil.benchmarks.Outcome;

/// How fast it is: collecting in one process, starting, and the whole line.
public final class Speed {

  private Speed() {}

  /// Measures all three.
  ///
  /// @param repository its root folder, built
  /// @param runs of the whole line
  /// @param starts of each function with each setting; if nothing is said, 15 of collect and fewer
  ///   of the others
  /// @param meters of the whole line, beside the usual numbers
  public static List<Outcome> measure(
      Path repository, MainLineRuns runs, Optional<Integer> starts, Optional<Integer> meters)
      throws IOException, InterruptedException {
    if (meters.isPresent()) {
      var _ = WholeLine.hourly(runs, meters.get()); // first: there may be too many for this machine
    }
    return List.of(
        Collecting.run(),
        new ColdStart(repository, runs.emptied("cold-start"), starts).measure(),
        WholeLine.measure(runs, meters));
  }
}

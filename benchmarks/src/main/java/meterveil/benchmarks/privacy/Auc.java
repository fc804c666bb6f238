package meterveil.benchmarks.privacy;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/// How well a score tells two kinds apart: the chance that one of the first kind scores higher than
/// one of the second, ties counting half (the area under the ROC curve).
final class Auc {

  private record Scored(double score, boolean positive) {}

  private final List<Scored> scored = new ArrayList<>();

  void add(double score, boolean positive) {
    scored.add(new Scored(score, positive));
  }

  /// 0.5 tells nothing.
  double value() {
    var sorted = new ArrayList<>(scored);
    sorted.sort(Comparator.comparingDouble(Scored::score));
    double ranks = 0;
    long positives = 0;
    for (int from = 0; from < sorted.size(); ) {
      int to = from;
      while (to < sorted.size() && sorted.get(to).score == sorted.get(from).score) {
        to++;
      }
      double rank = (from + to + 1) / 2.0; // the mean of from + 1 … to
      for (int i = from; i < to; i++) {
        if (sorted.get(i).positive) {
          ranks += rank;
          positives++;
        }
      }
      from = to;
    }
    long negatives = sorted.size() - positives;
    return (ranks - positives * (positives + 1) / 2.0) / ((double) positives * negatives);
  }

  /// How far from telling nothing, whichever way round.
  double gain() {
    return Math.abs(value() - 0.5);
  }
}

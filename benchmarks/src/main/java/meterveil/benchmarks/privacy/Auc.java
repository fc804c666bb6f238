package meterveil.benchmarks.privacy;

import java.util.Arrays;

/// How well a score tells two kinds apart: the chance that one of the first kind scores higher than
/// one of the second, ties counting half (the area under the ROC curve).
final class Auc {

  private static final int ROOM = 1_024;

  private double[] positives = new double[ROOM];
  private double[] negatives = new double[ROOM];
  private int positiveCount;
  private int negativeCount;

  void add(double score, boolean positive) {
    if (positive) {
      positives = put(positives, positiveCount++, score);
    } else {
      negatives = put(negatives, negativeCount++, score);
    }
  }

  private static double[] put(double[] scores, int at, double score) {
    double[] roomy = at < scores.length ? scores : Arrays.copyOf(scores, 2 * at);
    roomy[at] = score;
    return roomy;
  }

  /// 0.5 tells nothing.
  double value() {
    double[] lower = sorted(negatives, negativeCount);
    double wins = 0;
    int below = 0;
    int notAbove = 0;
    for (double score : sorted(positives, positiveCount)) {
      while (below < lower.length && lower[below] < score) {
        below++;
      }
      while (notAbove < lower.length && lower[notAbove] <= score) {
        notAbove++;
      }
      wins += (below + notAbove) / 2.0;
    }
    return wins / ((double) positiveCount * negativeCount);
  }

  private static double[] sorted(double[] scores, int count) {
    double[] sorted = Arrays.copyOf(scores, count);
    Arrays.sort(sorted);
    return sorted;
  }

  /// How far from telling nothing, whichever way round.
  double gain() {
    return Math.abs(value() - 0.5);
  }
}

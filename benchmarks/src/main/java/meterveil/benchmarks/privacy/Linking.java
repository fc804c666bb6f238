package meterveil.benchmarks.privacy;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/// Linking of pseudonymous weeks: whoever has each home's readings under a name that changes every
/// week tells which two names of consecutive weeks are the same home.
///
/// A week becomes features: the mean logarithmic profile on weekdays and at weekends, the deviation
/// in each slot, quantiles, and daily totals. Distances are Mahalanobis distances in the
/// within-home covariance of those homes that the metric is learned on, shrunk towards its
/// diagonal; the other homes are linked.
final class Linking {

  private static final double SHRINKAGE = 0.2;
  private static final double[] QUANTILES = {0.05, 0.25, 0.5, 0.75, 0.9, 0.99};
  private static final int SLOTS = 24;
  private static final int DAYS = 7;
  private static final int WEEKDAYS = 5;
  private static final double SMALL_WH = 10;

  /// How often the right week was found.
  ///
  /// @param nearest by the nearest neighbour
  /// @param assigned when each week may be given away once
  /// @param guessing by chance
  record Found(double nearest, double assigned, double guessing) {}

  private Linking() {}

  /// Links each week with the next, on random halves of the homes.
  static Found link(Homes homes, int splits, long seed) {
    double[][][] features = new double[homes.count()][homes.weeks()][];
    for (int home = 0; home < homes.count(); home++) {
      for (int week = 0; week < homes.weeks(); week++) {
        features[home][week] = features(homes.week(home, week));
      }
    }
    var random = new SplittableRandom(seed);
    long nearest = 0;
    long assigned = 0;
    long tried = 0;
    int linkedHomes = 0;
    for (int split = 0; split < splits; split++) {
      int[] order = shuffled(homes.count(), random);
      int[] learned = Arrays.copyOf(order, homes.count() / 2);
      int[] linked = Arrays.copyOfRange(order, homes.count() / 2, homes.count());
      linkedHomes = linked.length;
      double[][] root = whitening(features, learned);
      for (int week = 0; week + 1 < homes.weeks(); week++) {
        double[][] known = whitened(features, linked, week, root);
        double[][] sought = whitened(features, linked, week + 1, root);
        double[][] distances = distances(sought, known);
        int[] pairs = Assignment.cheapest(distances);
        for (int i = 0; i < linked.length; i++) {
          nearest += smallest(distances[i]) == i ? 1 : 0;
          assigned += pairs[i] == i ? 1 : 0;
          tried++;
        }
      }
    }
    return new Found((double) nearest / tried, (double) assigned / tried, 1.0 / linkedHomes);
  }

  private static double[] features(int[] week) {
    var log = new double[week.length];
    Arrays.setAll(log, hour -> Math.log(week[hour] + SMALL_WH));
    var features = new double[3 * SLOTS + QUANTILES.length + DAYS];
    for (int slot = 0; slot < SLOTS; slot++) {
      double weekdays = 0;
      double weekend = 0;
      double squares = 0;
      for (int day = 0; day < DAYS; day++) {
        double value = log[day * SLOTS + slot];
        if (day < WEEKDAYS) {
          weekdays += value / WEEKDAYS;
          squares += value * value / WEEKDAYS;
        } else {
          weekend += value / (DAYS - WEEKDAYS);
        }
      }
      features[slot] = weekdays;
      features[SLOTS + slot] = weekend;
      features[2 * SLOTS + slot] = Math.sqrt(Math.max(0, squares - weekdays * weekdays));
    }
    double[] sorted = log.clone();
    Arrays.sort(sorted);
    for (int i = 0; i < QUANTILES.length; i++) {
      features[3 * SLOTS + i] = sorted[(int) (QUANTILES[i] * (sorted.length - 1))];
    }
    for (int day = 0; day < DAYS; day++) {
      int from = day * SLOTS;
      double total = IntStream.range(from, from + SLOTS).mapToDouble(hour -> week[hour]).sum();
      features[3 * SLOTS + QUANTILES.length + day] = Math.log(total + SMALL_WH);
    }
    return features;
  }

  /// The inverse of the Cholesky root of the within-home covariance.
  private static double[][] whitening(double[][][] features, int[] homes) {
    int size = features[0][0].length;
    var covariance = new double[size][size];
    int count = 0;
    for (int home : homes) {
      var mean = new double[size];
      for (double[] week : features[home]) {
        for (int i = 0; i < size; i++) {
          mean[i] += week[i] / features[home].length;
        }
      }
      for (double[] week : features[home]) {
        count++;
        for (int i = 0; i < size; i++) {
          for (int j = 0; j <= i; j++) {
            covariance[i][j] += (week[i] - mean[i]) * (week[j] - mean[j]);
          }
        }
      }
    }
    for (int i = 0; i < size; i++) {
      for (int j = 0; j <= i; j++) {
        covariance[i][j] *= (i == j ? 1 : 1 - SHRINKAGE) / count;
      }
      covariance[i][i] += 1e-6;
    }
    return cholesky(covariance);
  }

  /// The Cholesky root of a covariance, of which the lower half is given.
  static double[][] cholesky(double[][] lower) {
    int size = lower.length;
    var root = new double[size][size];
    for (int i = 0; i < size; i++) {
      for (int j = 0; j <= i; j++) {
        double sum = lower[i][j];
        for (int k = 0; k < j; k++) {
          sum -= root[i][k] * root[j][k];
        }
        root[i][j] = i == j ? Math.sqrt(Math.max(sum, 1e-9)) : sum / root[j][j];
      }
    }
    return root;
  }

  /// Features in which the within-home covariance is one.
  private static double[][] whitened(
      double[][][] features, int[] homes, int week, double[][] root) {
    return Arrays.stream(homes)
        .mapToObj(home -> whitened(root, features[home][week]))
        .toArray(double[][]::new);
  }

  /// Solves root · y = x.
  static double[] whitened(double[][] root, double[] x) {
    var y = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      double sum = x[i];
      for (int k = 0; k < i; k++) {
        sum -= root[i][k] * y[k];
      }
      y[i] = sum / root[i][i];
    }
    return y;
  }

  private static double[][] distances(double[][] from, double[][] to) {
    var distances = new double[from.length][to.length];
    for (int i = 0; i < from.length; i++) {
      for (int j = 0; j < to.length; j++) {
        double sum = 0;
        for (int k = 0; k < from[i].length; k++) {
          double difference = from[i][k] - to[j][k];
          sum += difference * difference;
        }
        distances[i][j] = sum;
      }
    }
    return distances;
  }

  private static int smallest(double[] values) {
    int found = 0;
    for (int i = 1; i < values.length; i++) {
      if (values[i] < values[found]) {
        found = i;
      }
    }
    return found;
  }

  private static int[] shuffled(int count, SplittableRandom random) {
    int[] order = IntStream.range(0, count).toArray();
    for (int i = count - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      int swapped = order[i];
      order[i] = order[j];
      order[j] = swapped;
    }
    return order;
  }
}

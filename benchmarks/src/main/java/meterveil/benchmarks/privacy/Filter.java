package meterveil.benchmarks.privacy;

import meterveil.benchmarks.privacy.Resampled.HomeWeek;

/// What to look for in a cohort's cells when a home's week before is known: a matched filter, which
/// is the best there is against noise that is normal and of a known covariance. Neither is true of
/// homes, so more than one is tried.
///
/// The noise is what the other homes of a cohort do. Its covariance between the hours of a week is
/// learned on all homes but the one that is sought, and shrunk towards its diagonal.
final class Filter {

  private final double[][][] deviationsKWh;
  private final double[][][] weights;

  /// Learns it.
  ///
  /// @param shrinkage from 0 to 1, where every hour is weighed by its own variance alone
  Filter(Homes homes, double shrinkage) {
    deviationsKWh = deviationsKWh(homes);
    weights = new double[homes.count()][homes.weeks()][];
    var all = new double[Homes.HOURS][Homes.HOURS];
    for (int home = 0; home < homes.count(); home++) {
      addSquares(all, home, 1);
    }
    for (int home = 0; home < homes.count(); home++) {
      addSquares(all, home, -1);
      double[][] root = Linking.cholesky(shrunk(all, shrinkage));
      for (int week = 0; week < homes.weeks(); week++) {
        weights[home][week] = solved(root, deviationsKWh[home][week]);
      }
      addSquares(all, home, 1);
    }
  }

  /// By hour, what a kilowatt-hour more in a cell says for a home that was known the week before.
  double[] weights(HomeWeek sought) {
    return weights[sought.home()][sought.week() - 1];
  }

  private static double[][][] deviationsKWh(Homes homes) {
    var deviations = new double[homes.count()][homes.weeks()][Homes.HOURS];
    for (int week = 0; week < homes.weeks(); week++) {
      for (int hour = 0; hour < Homes.HOURS; hour++) {
        double mean = 0;
        for (int home = 0; home < homes.count(); home++) {
          mean += Resampled.countedKWh(homes.week(home, week)[hour]) / homes.count();
        }
        for (int home = 0; home < homes.count(); home++) {
          deviations[home][week][hour] = Resampled.countedKWh(homes.week(home, week)[hour]) - mean;
        }
      }
    }
    return deviations;
  }

  private void addSquares(double[][] sums, int home, int times) {
    for (double[] week : deviationsKWh[home]) {
      for (int i = 0; i < Homes.HOURS; i++) {
        for (int j = 0; j <= i; j++) {
          sums[i][j] += times * week[i] * week[j];
        }
      }
    }
  }

  private static double[][] shrunk(double[][] lower, double shrinkage) {
    var shrunk = new double[lower.length][lower.length];
    for (int i = 0; i < lower.length; i++) {
      for (int j = 0; j < i; j++) {
        shrunk[i][j] = lower[i][j] * (1 - shrinkage);
      }
      shrunk[i][i] = lower[i][i] + 1e-6;
    }
    return shrunk;
  }

  /// Solves root · rootᵀ · x = b.
  private static double[] solved(double[][] root, double[] b) {
    double[] x = Linking.whitened(root, b);
    for (int i = x.length - 1; i >= 0; i--) {
      for (int k = i + 1; k < x.length; k++) {
        x[i] -= root[k][i] * x[k];
      }
      x[i] /= root[i][i];
    }
    return x;
  }
}

package meterveil.benchmarks.privacy;

import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import meterveil.benchmarks.privacy.Resampled.HomeWeek;
import meterveil.benchmarks.privacy.Resampled.Released;

/// What released cells tell of a home to whoever knows it well.
final class Attacks {

  /// The fewest meters by which two released cells of an hour may differ, if they differ.
  private static final int DIFFERENCE_MIN = 15;

  private static final int HOURS_OF_DAY = 24;
  private static final double WH_PER_KWH = 1_000;

  private Attacks() {}

  /// How many times as often as by guessing something is found, and the interval of 95 % confidence
  /// for the mean of all homes.
  record Times(double mean, double low, double high) {

    /// Homes are what chance has drawn, and how often each of them was found stands for it.
    ///
    /// @param byHome one for each home
    static Times of(double[] byHome) {
      double mean = Arrays.stream(byHome).average().orElseThrow();
      double squares = Arrays.stream(byHome).map(times -> (times - mean) * (times - mean)).sum();
      double error = Math.sqrt(squares / (byHome.length - 1) / byHome.length);
      return new Times(mean, mean - 1.96 * error, mean + 1.96 * error);
    }
  }

  /// Which cohort a home is in, from its week before: the one whose cells, less what cohorts have
  /// on average, go best with a filter.
  ///
  /// A meter's home is in other cohorts too, as meters made of its other weeks, where no real home
  /// would be. What these add above the average is taken out of all cells first, so that they draw
  /// nobody to a wrong cohort.
  ///
  /// @param deals of the same homes, taken together
  /// @return with the filter that finds most
  static Times timesGuessing(List<Resampled> deals, List<Filter> filters) {
    return filters.stream()
        .map(filter -> {
          var byHome = new double[deals.getFirst().homes().count()];
          for (Resampled deal : deals) {
            double[] times = timesGuessing(deal, filter);
            Arrays.setAll(byHome, home -> byHome[home] + times[home] / deals.size());
          }
          return Times.of(byHome);
        })
        .max(Comparator.comparingDouble(Times::mean))
        .orElseThrow();
  }

  private static double[] timesGuessing(Resampled run, Filter filter) {
    double[][] cells = deviations(run);
    double[] usualKWh = usualKWh(run);
    var times = new double[run.homes().count()];
    for (int home = 0; home < times.length; home++) {
      int[] meters = run.metersOf(home);
      for (int meter : meters) {
        add(run, cells, usualKWh, meter, -1);
      }
      for (int meter : meters) {
        add(run, cells, usualKWh, meter, 1);
        if (best(cells, filter.weights(run.meters().get(meter))) == run.cohort(meter)) {
          times[home] += (double) run.cohortCount() / meters.length;
        }
        add(run, cells, usualKWh, meter, -1);
      }
      for (int meter : meters) {
        add(run, cells, usualKWh, meter, 1);
      }
    }
    return times;
  }

  private static int best(double[][] cells, double[] weights) {
    int found = 0;
    double best = Double.NEGATIVE_INFINITY;
    for (int cohort = 0; cohort < cells.length; cohort++) {
      double score = 0;
      for (int hour = 0; hour < Homes.HOURS; hour++) {
        double deviation = cells[cohort][hour];
        score += Double.isNaN(deviation) ? 0 : weights[hour] * deviation;
      }
      if (score > best) {
        best = score;
        found = cohort;
      }
    }
    return found;
  }

  /// Adds to its cells what a meter has above the usual, or takes it out.
  private static void add(
      Resampled run, double[][] cells, double[] usualKWh, int meter, int times) {
    for (int hour = 0; hour < Homes.HOURS; hour++) {
      List<Integer> cohorts =
          run.cell(run.cohort(meter), hour).map(Released::cohorts).orElse(List.of());
      double above = Resampled.countedKWh(run.energyWh(meter, hour)) - usualKWh[hour];
      for (int cohort : cohorts) {
        cells[cohort][hour] += times * above / cohorts.size();
      }
    }
  }

  /// The mean of all meters, by hour.
  private static double[] usualKWh(Resampled run) {
    int meters = run.meters().size();
    return IntStream.range(0, Homes.HOURS)
        .mapToDouble(hour ->
            IntStream.range(0, meters)
                .mapToDouble(meter -> Resampled.countedKWh(run.energyWh(meter, hour)))
                .average()
                .orElseThrow())
        .toArray();
  }

  /// What a home's own cell adds to guessing, hour by hour, whether the home is above its own
  /// usual: the median of the same hour of its other weeks.
  ///
  /// It is of all homes and hours taken together, by one hour's cell at a time, so it bounds
  /// neither what is told of the home or the hour that is told most of, nor what somebody finds who
  /// adds up hours, knows other homes of the cell, or asks something else.
  ///
  /// @param own by the released cell
  /// @param without by the same cell without the home's own energy: what there is to guess by if it
  ///   had not been counted
  record Gain(double own, double without) {

    /// How much the cell adds.
    double added() {
      return own - without;
    }
  }

  /// What the other weeks of each home tell of it, by home, week and hour.
  static final class Usual {

    /// The median.
    private final double[][][] usualWh;

    /// How much more it adds to a cell when it is above that than when it is not.
    private final double[][][] swingKWh;

    private Usual(double[][][] usualWh, double[][][] swingKWh) {
      this.usualWh = usualWh;
      this.swingKWh = swingKWh;
    }

    static Usual of(Homes homes) {
      var usualWh = new double[homes.count()][homes.weeks()][Homes.HOURS];
      var swingKWh = new double[homes.count()][homes.weeks()][Homes.HOURS];
      for (int home = 0; home < homes.count(); home++) {
        for (int week = 0; week < homes.weeks(); week++) {
          for (int hour = 0; hour < Homes.HOURS; hour++) {
            int[] others = others(homes, home, week, hour);
            int median = others[others.length / 2];
            usualWh[home][week][hour] = median;
            swingKWh[home][week][hour] =
                Math.max(
                    0, meanKWh(others, wh -> wh > median) - meanKWh(others, wh -> wh <= median));
          }
        }
      }
      return new Usual(usualWh, swingKWh);
    }

    private static int[] others(Homes homes, int home, int week, int hour) {
      return IntStream.range(0, homes.weeks())
          .filter(other -> other != week)
          .map(other -> homes.week(home, other)[hour])
          .sorted()
          .toArray();
    }

    private static double meanKWh(int[] energiesWh, IntPredicate which) {
      return Arrays.stream(energiesWh)
          .filter(which)
          .mapToDouble(Resampled::countedKWh)
          .average()
          .orElse(0); // no swing is known of a home that is never above its median
    }
  }

  /// Measures it, by the cell beside other cohorts' or beside the same cohort's on other days, and
  /// by that alone or weighed by how much the home swings: by what adds more.
  ///
  /// Weighed, it is the logarithm of how much likelier the cell is when the home is above its usual
  /// than when it is not, but for what does not depend on the cell, if the others of a cell are
  /// normal noise. So the homes that swing much come to both ends of the list, and those of which a
  /// cell tells nothing between them.
  static Gain gain(Resampled run, Usual usual) {
    double[][] deviations = deviations(run);
    return Stream.of(deviations, lessOtherDays(deviations))
        .flatMap(cells -> Stream.of(gain(run, usual, cells, false), gain(run, usual, cells, true)))
        .max(Comparator.comparingDouble(Gain::added))
        .orElseThrow();
  }

  private static Gain gain(Resampled run, Usual usual, double[][] deviations, boolean weighed) {
    double[] variances = variances(deviations);
    var own = new Auc();
    var without = new Auc();
    for (int meter = 0; meter < run.meters().size(); meter++) {
      int cohort = run.cohort(meter);
      HomeWeek at = run.meters().get(meter);
      for (int hour = 0; hour < Homes.HOURS; hour++) {
        double deviation = deviations[cohort][hour];
        if (Double.isNaN(deviation) || variances[hour] <= 0) {
          continue;
        }
        double usualWh = usual.usualWh[at.home()][at.week()][hour];
        int wh = run.energyWh(meter, hour);
        boolean above = wh > usualWh;
        double weight =
            weighed
                ? usual.swingKWh[at.home()][at.week()][hour] / variances[hour]
                : 1 / Math.sqrt(variances[hour]);
        double aboveKWh = Resampled.countedKWh(wh) - Resampled.countedKWh(usualWh);
        // Of a cell of several cohorts each has its share only; and so has the mean of all.
        double share = 1.0 / run.cell(cohort, hour).orElseThrow().cohorts().size();
        double shareOfMean = 1.0 / told(run, hour);
        own.add(weight * deviation, above);
        without.add(weight * (deviation - aboveKWh * (share - shareOfMean)), above);
      }
    }
    return new Gain(own.value(), without.value());
  }

  /// Cohorts whose cells are released in an hour, by themselves or with others.
  private static int told(Resampled run, int hour) {
    return run.released(hour).stream().mapToInt(cell -> cell.cohorts().size()).sum();
  }

  /// By cohort and hour: how far it is above the same hour of the cohort's other days.
  private static double[][] lessOtherDays(double[][] deviations) {
    var differences = new double[deviations.length][Homes.HOURS];
    for (int cohort = 0; cohort < deviations.length; cohort++) {
      for (int hour = 0; hour < Homes.HOURS; hour++) {
        double sum = 0;
        int count = 0;
        for (int other = hour % HOURS_OF_DAY; other < Homes.HOURS; other += HOURS_OF_DAY) {
          if (other != hour && !Double.isNaN(deviations[cohort][other])) {
            sum += deviations[cohort][other];
            count++;
          }
        }
        differences[cohort][hour] = deviations[cohort][hour] - sum / Math.max(1, count);
      }
    }
    return differences;
  }

  /// Pairs of released cells of one hour that share a cohort, or whose members differ by 1 to 14
  /// meters.
  static int closePairs(Resampled run) {
    int found = 0;
    for (int hour = 0; hour < Homes.HOURS; hour++) {
      List<Released> cells = run.released(hour);
      for (int i = 0; i < cells.size(); i++) {
        for (int j = 0; j < i; j++) {
          found += close(run, cells.get(i), cells.get(j)) ? 1 : 0;
        }
      }
    }
    return found;
  }

  private static boolean close(Resampled run, Released one, Released other) {
    // Cells that share no cohort differ by all members of both.
    return !Collections.disjoint(one.cohorts(), other.cohorts())
        || members(run, one) + members(run, other) < DIFFERENCE_MIN;
  }

  private static int members(Resampled run, Released cell) {
    return cell.cohorts().stream().mapToInt(run::members).sum();
  }

  /// How far released cells are from what their meters measured: the mean of the differences, each
  /// without its sign and in terms of what was measured.
  static double cellError(Resampled run) {
    var measuredWh = new double[run.cohortCount()][Homes.HOURS];
    for (int meter = 0; meter < run.meters().size(); meter++) {
      for (int hour = 0; hour < Homes.HOURS; hour++) {
        measuredWh[run.cohort(meter)][hour] += run.energyWh(meter, hour);
      }
    }
    double sum = 0;
    int count = 0;
    for (int hour = 0; hour < Homes.HOURS; hour++) {
      for (Released cell : run.released(hour)) {
        double wh = 0;
        for (int cohort : cell.cohorts()) {
          wh += measuredWh[cohort][hour];
        }
        sum += Math.abs(cell.energyKWh() * WH_PER_KWH - wh) / wh;
        count++;
      }
    }
    return sum / count;
  }

  /// Energy in released cells, of all energy that was measured.
  static double releasedShare(Resampled run) {
    double measuredWh = 0;
    double releasedWh = 0;
    for (int hour = 0; hour < Homes.HOURS; hour++) {
      for (int meter = 0; meter < run.meters().size(); meter++) {
        measuredWh += run.energyWh(meter, hour);
      }
      for (Released cell : run.released(hour)) {
        releasedWh += cell.energyKWh() * WH_PER_KWH;
      }
    }
    return releasedWh / measuredWh;
  }

  /// Cohort's hours that are released by themselves, of all.
  static double ownShare(Resampled run) {
    double own = 0;
    for (int hour = 0; hour < Homes.HOURS; hour++) {
      own += run.released(hour).stream().filter(cell -> cell.cohorts().size() == 1).count();
    }
    return own / Homes.HOURS / run.cohortCount();
  }

  /// By cohort and hour: its share of its cell less the mean of all, in kWh; not a number where it
  /// is suppressed.
  private static double[][] deviations(Resampled run) {
    int cohorts = run.cohortCount();
    var deviations = new double[cohorts][Homes.HOURS];
    for (int hour = 0; hour < Homes.HOURS; hour++) {
      double sum = 0;
      for (int cohort = 0; cohort < cohorts; cohort++) {
        Optional<Released> cell = run.cell(cohort, hour);
        deviations[cohort][hour] = cell.map(Released::shareKWh).orElse(Double.NaN);
        sum += cell.map(Released::shareKWh).orElse(0.0);
      }
      for (double[] hours : deviations) {
        hours[hour] -= sum / Math.max(1, told(run, hour));
      }
    }
    return deviations;
  }

  private static double[] variances(double[][] deviations) {
    var variances = new double[Homes.HOURS];
    for (int hour = 0; hour < Homes.HOURS; hour++) {
      double squares = 0;
      int count = 0;
      for (double[] cohort : deviations) {
        if (!Double.isNaN(cohort[hour])) {
          squares += cohort[hour] * cohort[hour];
          count++;
        }
      }
      variances[hour] = count == 0 ? 0 : squares / count;
    }
    return variances;
  }
}

package meterveil.benchmarks;

import java.util.Collection;
import java.util.List;
import java.util.Locale;

/// Median, minimum and maximum of several measurements of one thing.
public record Spread(double median, double min, double max) {

  /// @throws IllegalArgumentException if there are no measurements
  public static Spread of(Collection<Double> measured) {
    if (measured.isEmpty()) {
      throw new IllegalArgumentException("nothing was measured");
    }
    List<Double> sorted = measured.stream().sorted().toList();
    int half = sorted.size() / 2;
    double median =
        sorted.size() % 2 == 1 ? sorted.get(half) : (sorted.get(half - 1) + sorted.get(half)) / 2;
    return new Spread(median, sorted.getFirst(), sorted.getLast());
  }

  /// As in `1,234 (1,200–1,300)`.
  public String text(int decimals) {
    String number = "%,." + decimals + "f";
    return String.format(
        Locale.ROOT, number + " (" + number + "–" + number + ")", median, min, max);
  }
}

package meterveil.benchmarks.price;

import java.util.LinkedHashMap;
import java.util.Map;

/// How much of what AWS charges for is used, by the id of its price; all of it for the same number
/// of meter-hours, or the same month.
///
/// @param units by the price's id
record Use(Map<String, Double> units) {

  Use {
    units = Map.copyOf(units);
  }

  /// Collects units.
  static final class Sum {
    private final Map<String, Double> units = new LinkedHashMap<>();

    /// Adds some.
    Sum add(String price, double count) {
      units.merge(price, count, Double::sum);
      return this;
    }

    Use done() {
      return new Use(units);
    }
  }

  /// As much again and again.
  Use times(double factor) {
    var sum = new Sum();
    units.forEach((price, count) -> sum.add(price, count * factor));
    return sum.done();
  }

  /// Both together.
  Use plus(Use more) {
    var sum = new Sum();
    units.forEach(sum::add);
    more.units.forEach(sum::add);
    return sum.done();
  }

  /// What it costs.
  double usd(PriceList prices) {
    return units.entrySet().stream()
        .mapToDouble(use -> use.getValue() * prices.of(use.getKey()))
        .sum();
  }

  /// What those cost whose id begins so.
  double usd(PriceList prices, String begins) {
    return units.entrySet().stream()
        .filter(use -> use.getKey().startsWith(begins))
        .mapToDouble(use -> use.getValue() * prices.of(use.getKey()))
        .sum();
  }
}

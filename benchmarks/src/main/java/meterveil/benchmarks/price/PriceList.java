package meterveil.benchmarks.price;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.time.LocalDate;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// AWS's list prices, as `prices.json` has them, each with its source.
///
/// @param prices by id
record PriceList(Map<String, Line> prices) {

  PriceList {
    prices = Map.copyOf(prices);
  }

  /// One of them.
  ///
  /// @param usd of one unit
  /// @param unit what is paid for
  /// @param source the page it stands on
  /// @param section of the page
  /// @param seen when it stood there
  record Line(double usd, String unit, URI source, String section, LocalDate seen) {}

  /// Reads them.
  static PriceList read() throws IOException {
    try (InputStream in = PriceList.class.getResourceAsStream("prices.json")) {
      var prices = new TreeMap<String, Line>();
      for (JsonNode price : new JsonMapper().readTree(in).path("prices")) {
        prices.put(
            price.path("id").asText(),
            new Line(
                price.path("usd").asDouble() / price.path("per").asDouble(),
                price.path("unit").asText(),
                URI.create(price.path("source").asText()),
                price.path("section").asText(),
                LocalDate.parse(price.path("seen").asText())));
      }
      return new PriceList(prices);
    }
  }

  /// When the oldest of them was seen.
  LocalDate dated() {
    return prices.values().stream().map(Line::seen).min(Comparator.naturalOrder()).orElseThrow();
  }

  /// The price of one unit.
  ///
  /// @throws IllegalArgumentException if there is no such price
  double of(String id) {
    return Optional.ofNullable(prices.get(id))
        .orElseThrow(() -> new IllegalArgumentException("there is no price of " + id))
        .usd();
  }

  /// As `price.json` has them.
  Map<String, Map<String, Object>> json() {
    var json = new TreeMap<String, Map<String, Object>>();
    prices.forEach((id, line) ->
        json.put(
            id,
            Map.of(
                "usd", line.usd(),
                "unit", line.unit(),
                "source", line.source().toString(),
                "section", line.section(),
                "seen", line.seen().toString())));
    return json;
  }
}

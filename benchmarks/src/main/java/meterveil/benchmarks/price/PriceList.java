package meterveil.benchmarks.price;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/// AWS's list prices, as `prices.json` has them, each with its source.
///
/// @param dated when they were written down
/// @param usd of one unit, by the price's id
record PriceList(String dated, Map<String, Double> usd) {

  PriceList {
    usd = Map.copyOf(usd);
  }

  /// Reads them.
  static PriceList read() throws IOException {
    try (InputStream in = PriceList.class.getResourceAsStream("prices.json")) {
      JsonNode file = new JsonMapper().readTree(in);
      var usd = new HashMap<String, Double>();
      for (JsonNode price : file.path("prices")) {
        usd.put(
            price.path("id").asText(), price.path("usd").asDouble() / price.path("per").asDouble());
      }
      return new PriceList(file.path("dated").asText(), usd);
    }
  }

  /// The price of one unit.
  ///
  /// @throws IllegalArgumentException if there is no such price
  double of(String id) {
    return Optional.ofNullable(usd.get(id))
        .orElseThrow(() -> new IllegalArgumentException("there is no price of " + id));
  }
}

package meterveil.embedded.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/// The functions' metrics, as CloudWatch would take them from their logs: lines in the Embedded
/// Metric Format, in which a member `_aws` names the members that are metrics.
final class MetricLog {

  private static final JsonMapper MAPPER = new JsonMapper();

  private final Map<String, Double> sums = new TreeMap<>();
  private final Map<String, Map<String, Long>> byReason = new TreeMap<>();
  private final Set<String> paidFor = new TreeSet<>();

  /// @param lines of all functions' logs; those that hold no metrics are passed over
  MetricLog(List<String> lines) {
    lines.stream().filter(line -> line.contains("\"_aws\"")).forEach(this::add);
  }

  private void add(String line) {
    JsonNode json;
    try {
      json = MAPPER.readTree(line.substring(line.indexOf('{')));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("a line of metrics that is not JSON", e);
    }
    for (JsonNode directive : json.at("/_aws/CloudWatchMetrics")) {
      for (JsonNode metric : directive.path("Metrics")) {
        String name = metric.path("Name").asText();
        double value = sum(json.path(name));
        for (JsonNode dimensions : directive.path("Dimensions")) {
          paidFor.add(name + values(dimensions, json));
        }
        sums.merge(name, value, Double::sum);
        if (json.has("Reason")) {
          byReason
              .computeIfAbsent(name, _ -> new TreeMap<>())
              .merge(json.path("Reason").asText(), Math.round(value), Long::sum);
        }
      }
    }
  }

  private static Map<String, String> values(JsonNode dimensions, JsonNode json) {
    var values = new TreeMap<String, String>();
    for (JsonNode dimension : dimensions) {
      values.put(dimension.asText(), json.path(dimension.asText()).asText());
    }
    return values;
  }

  private static double sum(JsonNode value) {
    if (!value.isArray()) {
      return value.asDouble();
    }
    double sum = 0;
    for (JsonNode element : value) {
      sum += element.asDouble();
    }
    return sum;
  }

  /// How many metrics CloudWatch would charge for: each name once for each set of dimensions.
  int count() {
    return paidFor.size();
  }

  /// The sum of a metric; 0 if it was never counted.
  long sum(String name) {
    return Math.round(sums.getOrDefault(name, 0.0));
  }

  /// The sums of a metric by its dimension `Reason`.
  Map<String, Long> byReason(String name) {
    return Map.copyOf(byReason.getOrDefault(name, Map.of()));
  }
}

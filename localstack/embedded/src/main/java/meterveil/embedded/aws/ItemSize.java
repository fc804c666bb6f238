package meterveil.embedded.aws;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;

/// The size of an item as DynamoDB charges it, by its documentation ("DynamoDB item sizes and
/// formats").
final class ItemSize {

  private static final int UNIT_BYTES = 1024;

  /// What keeping an item takes besides, by Amazon DynamoDB's pricing ("data storage").
  private static final int INDEX_BYTES = 100;

  private ItemSize() {}

  /// Write units for an item in DynamoDB's JSON; at least one, as for an item that is not there.
  static int writeUnits(JsonNode item) {
    return Math.max(1, Math.ceilDiv(bytes(item), UNIT_BYTES));
  }

  /// Bytes that are paid for while an item is kept.
  static int storedBytes(JsonNode item) {
    return bytes(item) + INDEX_BYTES;
  }

  /// Bytes of an item in DynamoDB's JSON.
  static int bytes(JsonNode item) {
    int size = 0;
    for (Map.Entry<String, JsonNode> attribute : item.properties()) {
      size += utf8(attribute.getKey()) + value(attribute.getValue());
    }
    return size;
  }

  private static int value(JsonNode typed) {
    Map.Entry<String, JsonNode> value = typed.properties().iterator().next();
    return switch (value.getKey()) {
      case "S" -> utf8(value.getValue().asText());
      case "N" -> number(value.getValue().asText());
      case "B" -> binary(value.getValue());
      case "SS", "NS", "BS" -> {
        int size = 3;
        for (JsonNode element : value.getValue()) {
          size +=
              1
                  + switch (value.getKey()) {
                    case "SS" -> utf8(element.asText());
                    case "NS" -> number(element.asText());
                    default -> binary(element);
                  };
        }
        yield size;
      }
      case "M" -> {
        int size = 3 + bytes(value.getValue());
        yield size + value.getValue().size();
      }
      case "L" -> {
        int size = 3;
        for (JsonNode element : value.getValue()) {
          size += 1 + value(element);
        }
        yield size;
      }
      default -> 1; // NULL and BOOL
    };
  }

  private static int utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }

  private static int binary(JsonNode value) {
    return Base64.getDecoder().decode(value.asText()).length;
  }

  private static int number(String digits) {
    long significant = digits.chars().filter(c -> c >= '0' && c <= '9').count();
    return (int) (significant + 1) / 2 + 1 + (digits.startsWith("-") ? 1 : 0);
  }
}

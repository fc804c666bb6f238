package meterveil.embedded.iot;

import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A thing of the registry, as it is at one moment.
///
/// @param name what it is called, and the client id it connects with
/// @param type its thing type, null for none; without one it has at most three attributes
/// @param attributes what policies can refer to
public record Thing(String name, @Nullable String type, Map<String, String> attributes) {

  private static final int ATTRIBUTES_MAX = 50;
  private static final int ATTRIBUTES_WITHOUT_TYPE_MAX = 3;
  private static final Pattern NAME = Pattern.compile("[a-zA-Z0-9:_-]{1,128}");
  private static final Pattern ATTRIBUTE_NAME = Pattern.compile("[a-zA-Z0-9_.,@/:#-]{1,128}");
  private static final Pattern ATTRIBUTE_VALUE = Pattern.compile("[a-zA-Z0-9_.,@/:#-]{0,800}");

  /// @throws IllegalArgumentException if the registry of IoT Core would refuse it
  public Thing {
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException("not the name of a thing: " + name);
    }
    attributes = Map.copyOf(attributes);
    if (attributes.size() > (type == null ? ATTRIBUTES_WITHOUT_TYPE_MAX : ATTRIBUTES_MAX)) {
      throw new IllegalArgumentException(name + " has too many attributes");
    }
    attributes.forEach((attribute, value) -> {
      if (!ATTRIBUTE_NAME.matcher(attribute).matches()
          || !ATTRIBUTE_VALUE.matcher(value).matches()) {
        throw new IllegalArgumentException(
            name + " has an attribute that is none: " + attribute + "=" + value);
      }
    });
  }
}

package meterveil.infrastructure;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import meterveil.infrastructure.Templates.Resource;
import org.jspecify.annotations.Nullable;

/// Makes templates wrong, to see whether a check finds out.
///
/// A path leads from a resource's definition to a value: names of members, positions in lists.
final class Changes {

  private Changes() {}

  static Templates set(Templates templates, String construct, Object value, Object... path) {
    return changed(templates, construct, value, path);
  }

  static Templates remove(Templates templates, String construct, Object... path) {
    return changed(templates, construct, null, path);
  }

  /// Appends to the list at the end of the path.
  static Templates append(Templates templates, String construct, Object value, Object... path) {
    @Nullable Object at = resource(templates, construct).definition();
    for (var step : path) {
      at = Templates.mapOf(at).get(String.valueOf(step));
    }
    var list = new ArrayList<>(Templates.listOf(at));
    list.add(value);
    return changed(templates, construct, list, path);
  }

  static Templates add(
      Templates templates, String id, String type, Map<String, Object> properties) {
    var resources = new LinkedHashMap<>(templates.resources());
    resources.put(id, new Resource(id, Map.of("Type", type, "Properties", properties)));
    return new Templates(resources);
  }

  /// A resource by its construct's id.
  static Resource resource(Templates templates, String construct) {
    return templates.resources().values().stream()
        .filter(resource -> resource.construct().equals(construct))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no resource " + construct));
  }

  private static Templates changed(
      Templates templates, String construct, @Nullable Object value, Object... path) {
    var resource = resource(templates, construct);
    var definition = Templates.mapOf(changed(resource.definition(), value, List.of(path)));
    var resources = new LinkedHashMap<>(templates.resources());
    resources.put(resource.id(), new Resource(resource.id(), definition));
    return new Templates(resources);
  }

  private static Object changed(@Nullable Object at, @Nullable Object value, List<Object> path) {
    var rest = path.subList(1, path.size());
    if (path.getFirst() instanceof Integer position) {
      var list = new ArrayList<@Nullable Object>(Templates.listOf(at));
      list.set(position, rest.isEmpty() ? value : changed(list.get(position), value, rest));
      return list;
    }
    var name = String.valueOf(path.getFirst());
    var map = Templates.mapOf(at);
    if (!rest.isEmpty()) {
      map.put(name, changed(map.get(name), value, rest));
    } else if (value != null) {
      map.put(name, value);
    } else if (map.remove(name) == null) {
      throw new AssertionError("nothing to remove at " + name);
    }
    return map;
  }
}

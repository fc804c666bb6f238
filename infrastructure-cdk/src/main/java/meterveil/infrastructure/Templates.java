package meterveil.infrastructure;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The finished templates of one stage, as one set of resources.
///
/// What a stack imports from another is replaced by what the other exports, so that every reference
/// names a resource. Values stay the maps, lists and strings that JSON has.
///
/// @param resources by logical id, in the templates' order
record Templates(Map<String, Resource> resources) {

  /// @param id its logical id
  /// @param definition all that the template says of it
  record Resource(String id, Map<String, Object> definition) {

    String type() {
      return String.valueOf(definition.get("Type"));
    }

    /// The id of the construct: the logical id without the hash that CDK adds.
    String construct() {
      return id.replaceFirst("[0-9A-F]{8}$", "");
    }

    /// The property at the end of a path of names, if there is one. A list of one is passed
    /// through.
    Optional<Object> at(String... path) {
      @Nullable Object value = definition.get("Properties");
      for (var name : path) {
        var one = value instanceof List<?> list && list.size() == 1 ? list.getFirst() : value;
        value = one instanceof Map<?, ?> map ? map.get(name) : null;
      }
      return Optional.ofNullable(value);
    }

    /// The same as [#text], and empty for a property that is not there.
    String textAt(String... path) {
      return at(path).map(Templates::text).orElse("");
    }

    List<String> dependsOn() {
      return textsOf(definition.get("DependsOn"));
    }
  }

  /// @param assembly what a synthesis wrote
  /// @throws IOException if there are no templates of the stage, or they cannot be read
  static Templates of(Path assembly, String stage) throws IOException {
    var templates = new ArrayList<Map<String, Object>>();
    try (Stream<Path> files = Files.list(assembly.resolve("assembly-" + stage))) {
      for (var file :
          files.filter(f -> f.toString().endsWith(".template.json")).sorted().toList()) {
        templates.add(CdkJson.read(file));
      }
    }
    var exports = new LinkedHashMap<String, Object>();
    for (var template : templates) {
      for (var output : mapOf(template.get("Outputs")).values()) {
        exports.put(
            text(mapOf(mapOf(output).get("Export")).get("Name")), mapOf(output).get("Value"));
      }
    }
    var resources = new LinkedHashMap<String, Resource>();
    for (var template : templates) {
      mapOf(template.get("Resources"))
          .forEach((id, definition) ->
              resources.put(id, new Resource(id, mapOf(imported(definition, exports)))));
    }
    return new Templates(resources);
  }

  List<Resource> ofType(String type) {
    return resources.values().stream().filter(r -> r.type().equals(type)).toList();
  }

  /// The resource that a reference or an attribute's text names.
  Optional<Resource> named(String text) {
    return Optional.ofNullable(resources.get(text.replaceAll("^\\$\\{|(\\.Arn)?}$", "")));
  }

  /// A value as one string: `${Id}` for a reference, `${Id.Arn}` for an attribute, joined texts
  /// joined.
  static String text(@Nullable Object value) {
    if (value instanceof Map<?, ?> map && map.size() == 1) {
      var intrinsic = map.entrySet().iterator().next();
      var argument = intrinsic.getValue();
      switch (String.valueOf(intrinsic.getKey())) {
        case "Ref" -> {
          return "${" + argument + "}";
        }
        case "Fn::GetAtt" -> {
          return "${" + String.join(".", textsOf(argument)) + "}";
        }
        case "Fn::Sub" -> {
          return String.valueOf(argument);
        }
        case "Fn::Join" -> {
          var parts = (List<?>) argument;
          return String.join(text(parts.getFirst()), textsOf(parts.getLast()));
        }
        default -> {}
      }
    }
    return String.valueOf(value);
  }

  /// One text or many, as policies have it; none for what is not there.
  static List<String> textsOf(@Nullable Object value) {
    return listOf(value).stream().map(Templates::text).toList();
  }

  /// A JSON list; one of itself for a single value, an empty one for what is not there.
  static List<Object> listOf(@Nullable Object value) {
    return switch (value) {
      case null -> List.of();
      case Collection<?> many -> List.copyOf(many);
      default -> List.of(value);
    };
  }

  /// A JSON object; an empty one for what is not there or is something else.
  static Map<String, Object> mapOf(@Nullable Object value) {
    var map = new LinkedHashMap<String, Object>();
    if (value instanceof Map<?, ?> entries) {
      entries.forEach((name, entry) -> map.put(String.valueOf(name), entry));
    }
    return map;
  }

  /// The same value with each intrinsic function as its text.
  static Object plain(Object value) {
    return switch (value) {
      case Map<?, ?> map when map.size() == 1 && !text(map).equals(map.toString()) -> text(map);
      case Map<?, ?> map -> {
        var plain = mapOf(map);
        plain.replaceAll((name, entry) -> plain(entry));
        yield plain;
      }
      case Collection<?> list -> list.stream().map(entry -> plain(entry)).toList();
      default -> value;
    };
  }

  private static Object imported(Object value, Map<String, Object> exports) {
    return switch (value) {
      case Map<?, ?> map when map.get("Fn::ImportValue") instanceof String name -> {
        var exported = exports.get(name);
        if (exported == null) {
          throw new IllegalArgumentException("nothing exports " + name);
        }
        yield exported;
      }
      case Map<?, ?> map -> {
        var resolved = mapOf(map);
        resolved.replaceAll((name, entry) -> imported(entry, exports));
        yield resolved;
      }
      case List<?> list -> list.stream().map(entry -> imported(entry, exports)).toList();
      default -> value;
    };
  }
}

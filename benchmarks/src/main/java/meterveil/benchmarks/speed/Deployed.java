package meterveil.benchmarks.speed;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Enumeration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/// A function as it is deployed: what the synthesised template says of it, and its zip.
///
/// @param name such as `collect`
/// @param handler its class
/// @param memoryMb what it is given
/// @param environment its variables; where the template refers to a table, the variable's name in
///   place of the table's
/// @param zip what is uploaded
record Deployed(
    String name, String handler, int memoryMb, Map<String, String> environment, Path zip) {

  private static final String A_KEY =
      "arn:aws:kms:us-west-2:000000000000:key/00000000-0000-0000-0000-000000000000";

  Deployed {
    environment = Map.copyOf(environment);
  }

  /// All functions of ours in the templates of the first stage.
  ///
  /// @param repository its root folder, built
  static List<Deployed> all(Path repository) throws IOException {
    var found = new ArrayList<Deployed>();
    List<Path> templates;
    try (Stream<Path> files = Files.walk(repository.resolve("infrastructure-cdk/target/cdk.out"))) {
      templates =
          files.filter(file -> file.toString().endsWith(".template.json")).sorted().toList();
    }
    for (Path template : templates) {
      for (JsonNode resource : new JsonMapper().readTree(template.toFile()).path("Resources")) {
        JsonNode properties = resource.path("Properties");
        String handler = properties.path("Handler").asText();
        if (resource.path("Type").asText().equals("AWS::Lambda::Function")
            && handler.startsWith("meterveil.")) {
          String name = handler.split("\\.", -1)[1];
          found.add(
              new Deployed(
                  name,
                  handler,
                  properties.path("MemorySize").asInt(),
                  environment(properties.path("Environment").path("Variables")),
                  repository.resolve("functions/%s/target/function.zip".formatted(name))));
        }
      }
    }
    return found;
  }

  private static Map<String, String> environment(JsonNode variables) {
    var environment = new LinkedHashMap<String, String>();
    for (Map.Entry<String, JsonNode> variable : variables.properties()) {
      String name = variable.getKey();
      environment.put(
          name,
          variable.getValue().isTextual()
              ? variable.getValue().asText()
              : name.endsWith("_TABLE") ? name : A_KEY);
    }
    return environment;
  }

  /// Unpacks the zip as Lambda does: classes at the root, jars in `lib`.
  void unpack(Path folder) throws IOException {
    try (var zipFile = new ZipFile(zip.toFile())) {
      for (Enumeration<? extends ZipEntry> entries = zipFile.entries();
          entries.hasMoreElements(); ) {
        ZipEntry entry = entries.nextElement();
        Path file = folder.resolve(entry.getName()).normalize();
        if (!file.startsWith(folder)) {
          throw new IOException("a zip with a file outside it");
        }
        if (entry.isDirectory()) {
          Files.createDirectories(file);
        } else {
          Files.createDirectories(file.getParent());
          try (InputStream in = zipFile.getInputStream(entry)) {
            Files.copy(in, file);
          }
        }
      }
    }
  }

  /// Packs an unpacked function's own classes into a jar, as archives of classes take no folders.
  static Path jar(Path unpacked, Path jar) throws IOException {
    try (var out = new JarOutputStream(Files.newOutputStream(jar));
        Stream<Path> files = Files.walk(unpacked)) {
      files
          .filter(file -> Files.isRegularFile(file) && !file.startsWith(unpacked.resolve("lib")))
          .sorted()
          .forEach(file -> {
            try {
              out.putNextEntry(new JarEntry(unpacked.relativize(file).toString()));
              Files.copy(file, out);
              out.closeEntry();
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
    }
    return jar;
  }
}

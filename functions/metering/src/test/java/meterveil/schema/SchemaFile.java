package meterveil.schema;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SortedMap;
import java.util.TreeMap;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// One schema of the device contract and its examples.
public final class SchemaFile {

  private static final Path FOLDER = Path.of("..", "..", "schemas");
  private static final SchemaRegistry REGISTRY =
      SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);

  /// Numbers as they are written, and one value only.
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private final String name;
  private final Schema schema;

  /// @param name such as `readings-1`
  public SchemaFile(String name) {
    this.name = name;
    this.schema = REGISTRY.getSchema(new String(bytes(FOLDER.resolve(name + ".json")), UTF_8));
  }

  /// Whether these bytes are JSON in UTF-8 of which the schema has nothing to say.
  public boolean takes(byte[] bytes) {
    try {
      JsonNode json = JSON.readTree(UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
      return !json.isMissingNode()
          && schema
              .validate(
                  json,
                  execution ->
                      execution.executionConfig(config -> config.formatAssertionsEnabled(true)))
              .isEmpty();
    } catch (CharacterCodingException _) {
      return false;
    } catch (JacksonException _) {
      // Not JSON; or a number beyond 64 bits, which the validator cannot hold against a limit.
      return false;
    }
  }

  /// The examples the contract gives, by name, in order.
  ///
  /// @param kind `accepted` or `refused`
  public SortedMap<String, byte[]> examples(String kind) {
    var examples = new TreeMap<String, byte[]>();
    try (var files = Files.list(FOLDER.resolve("examples").resolve(name).resolve(kind))) {
      files.forEach(
          file -> examples.put(file.getFileName().toString().replace(".json", ""), bytes(file)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return examples;
  }

  private static byte[] bytes(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

package meterveil.embedded.cloud;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// What CDK synthesised, as CDK's command line reads it to deploy it.
///
/// @param stacks each after those it depends on
public record Assembly(List<Stack> stacks) {

  private static final JsonMapper MAPPER = new JsonMapper();

  public Assembly {
    stacks = List.copyOf(stacks);
  }

  /// A stack.
  ///
  /// @param name its name
  /// @param template its template
  /// @param assets what it refers to in buckets
  public record Stack(String name, JsonNode template, List<Asset> assets) {
    public Stack {
      assets = List.copyOf(assets);
    }
  }

  /// A file or folder to be uploaded.
  ///
  /// @param source on this machine; a folder is uploaded as a zip
  /// @param bucket as CDK writes it, with `${AWS::AccountId}` in it
  /// @param key in the bucket
  public record Asset(Path source, String bucket, String key) {}

  /// Reads an assembly and the stages nested in it.
  ///
  /// @param folder `cdk.out`
  public static Assembly read(Path folder) throws IOException {
    var stacks = new ArrayList<Stack>();
    collect(folder, stacks);
    return new Assembly(stacks);
  }

  /// The manifest lists a stack after those it depends on.
  private static void collect(Path folder, List<Stack> stacks) throws IOException {
    JsonNode artifacts = json(folder.resolve("manifest.json")).path("artifacts");
    for (Map.Entry<String, JsonNode> artifact : artifacts.properties()) {
      JsonNode properties = artifact.getValue().path("properties");
      switch (artifact.getValue().path("type").asText()) {
        case "cdk:cloud-assembly" ->
            collect(folder.resolve(properties.path("directoryName").asText()), stacks);
        case "aws:cloudformation:stack" ->
            stacks.add(
                new Stack(
                    properties.path("stackName").asText(artifact.getKey()),
                    json(folder.resolve(properties.path("templateFile").asText())),
                    assets(folder, artifacts.path(artifact.getKey() + ".assets"))));
        default -> {} // the construct tree and such
      }
    }
  }

  private static List<Asset> assets(Path folder, JsonNode artifact) throws IOException {
    var assets = new ArrayList<Asset>();
    Path file = folder.resolve(artifact.path("properties").path("file").asText());
    for (JsonNode asset : json(file).path("files")) {
      Path source = folder.resolve(asset.path("source").path("path").asText()).normalize();
      for (JsonNode destination : asset.path("destinations")) {
        assets.add(
            new Asset(
                source,
                destination.path("bucketName").asText(),
                destination.path("objectKey").asText()));
      }
    }
    return assets;
  }

  private static JsonNode json(Path file) throws IOException {
    return MAPPER.readTree(Files.readAllBytes(file));
  }
}

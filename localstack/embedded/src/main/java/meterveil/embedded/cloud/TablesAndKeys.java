package meterveil.embedded.cloud;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.Closeable;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import meterveil.embedded.aws.Deployment;
import meterveil.embedded.cloud.Assembly.Stack;

/// The tables and keys of an assembly, deployed for one test and deleted with it.
///
/// Each stack gets a name of its own, and tables and keys have no others than CloudFormation makes
/// up, so any number can be there at a time. The keys' policies are left out: who may use them is
/// judged by the doors of the embedded platform, which alone come to them.
public final class TablesAndKeys implements Closeable {

  private static final JsonMapper MAPPER = new JsonMapper();

  private final Cloud cloud;
  private final CloudFormation cloudFormation;
  private final List<String> made = new CopyOnWriteArrayList<>();
  private final Map<String, String> names = new HashMap<>();
  private final Thread deleting = new Thread(this::deleteQuietly, "delete-tables-and-keys");

  private TablesAndKeys(Cloud cloud) {
    this.cloud = cloud;
    this.cloudFormation = new CloudFormation(cloud);
  }

  /// Deploys them. What was made is deleted again if not all of it is, or if this process ends
  /// before they are closed.
  ///
  /// @param cloud closed with what is returned
  /// @throws IOException if they were not made
  public static TablesAndKeys deploy(Cloud cloud, Assembly assembly)
      throws IOException, InterruptedException {
    var deployed = new TablesAndKeys(cloud);
    Runtime.getRuntime().addShutdownHook(deployed.deleting);
    try {
      for (Stack stack : assembly.stacks()) {
        ObjectNode template = template(stack);
        if (!template.path("Resources").isEmpty()) {
          deployed.deploy(stack, template);
        }
      }
      return deployed;
    } catch (IOException | InterruptedException | RuntimeException failed) {
      deployed.closeAfter(failed);
      throw failed;
    }
  }

  /// Closes them because of something that has failed since.
  ///
  /// @param failed is told what could not be deleted
  public void closeAfter(Exception failed) {
    try {
      close();
    } catch (IOException | RuntimeException e) {
      failed.addSuppressed(e);
    }
  }

  private static ObjectNode template(Stack stack) throws IOException {
    var template = MAPPER.createObjectNode();
    ObjectNode resources = template.putObject("Resources");
    for (Map.Entry<String, JsonNode> resource : stack.template().path("Resources").properties()) {
      String type = resource.getValue().path("Type").asText();
      ObjectNode kept = MAPPER.createObjectNode().put("Type", type).put("DeletionPolicy", "Delete");
      switch (type) {
        case "AWS::DynamoDB::Table" -> {
          ObjectNode properties = resource.getValue().path("Properties").deepCopy();
          properties.remove("WarmThroughput"); // it costs, and takes time to come up
          properties.put("DeletionProtectionEnabled", false);
          resources.set(resource.getKey(), kept.<ObjectNode>set("Properties", properties));
        }
        case "AWS::KMS::Key" -> {
          ObjectNode properties = resource.getValue().path("Properties").deepCopy();
          properties.remove("KeyPolicy");
          resources.set(resource.getKey(), kept.<ObjectNode>set("Properties", properties));
        }
        default -> {} // of no use to the suites
      }
    }
    return template;
  }

  private void deploy(Stack stack, ObjectNode template) throws IOException, InterruptedException {
    String name = "meterveil-test-" + UUID.randomUUID();
    made.add(name);
    cloudFormation.create(name, Map.entry("TemplateBody", template.toString()));
    for (CloudFormation.Event resource : cloudFormation.resources(name)) {
      names.put(stack.name() + "/" + resource.logicalId(), resource.physicalId());
    }
  }

  /// Where they are.
  public Deployment deployment() throws IOException {
    return new Deployment(
        cloud.endpoint("dynamodb"),
        cloud.endpoint("kms"),
        cloud.account(),
        cloud.credentials(),
        names);
  }

  /// Deletes them all, without waiting; the cloud is closed too. What could not be deleted is tried
  /// once more when this process ends.
  @Override
  public void close() throws IOException {
    delete();
    Runtime.getRuntime().removeShutdownHook(deleting);
    cloud.close();
  }

  private void delete() throws IOException {
    for (String stack : made) {
      cloudFormation.delete(stack);
    }
  }

  private void deleteQuietly() {
    try {
      delete();
    } catch (IOException e) {
      System.err.println(
          "Not deleted, so delete them yourself: %s. %s".formatted(made, e.getMessage()));
    }
  }
}

package meterveil.embedded.aws;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import meterveil.embedded.probe.ProbeFunction;

/// Small assemblies as CDK writes them: a stage with a stack, the probe as its only asset, and a
/// stack that only watches.
public final class TestAssembly {

  private TestAssembly() {}

  /// Writes an assembly.
  ///
  /// @param folder made if it is not there
  /// @param resources the stack's resources, as JSON without the outer braces
  public static Path write(Path folder, String resources) throws IOException {
    Path stage = Files.createDirectories(folder.resolve("assembly-dev"));
    Files.writeString(
        folder.resolve("manifest.json"),
        """
        {"artifacts": {
          "assembly-dev": {
            "type": "cdk:cloud-assembly", "properties": {"directoryName": "assembly-dev"}},
          "Tree": {"type": "cdk:tree", "properties": {"file": "tree.json"}}}}
        """);
    Files.writeString(
        stage.resolve("manifest.json"),
        """
        {"artifacts": {
          "devData.assets": {
            "type": "cdk:asset-manifest", "properties": {"file": "devData.assets.json"}},
          "devData": {
            "type": "aws:cloudformation:stack", "environment": "aws://unknown-account/us-west-2",
            "properties": {"templateFile": "devData.template.json", "stackName": "dev-Data"}},
          "devOps": {
            "type": "aws:cloudformation:stack", "environment": "aws://unknown-account/us-west-2",
            "properties": {"templateFile": "devOps.template.json", "stackName": "dev-Ops"}}}}
        """);
    Files.writeString(
        stage.resolve("devOps.template.json"),
        """
        {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
         "Outputs": {"Export": {"Value": "alarms", "Export": {"Name": "dev-Ops:Topic"}}}}
        """);
    Files.writeString(
        stage.resolve("devData.assets.json"),
        """
        {"files": {"probe": {
          "source": {"path": "../asset.probe.zip", "packaging": "file"},
          "destinations": {"here": {"objectKey": "probe.zip"}}}}}
        """);
    Files.writeString(
        stage.resolve("devData.template.json"),
        """
        {"Resources": {%s},
         "Outputs": {"Export": {
           "Value": {"Fn::GetAtt": ["Key", "Arn"]}, "Export": {"Name": "dev-Data:Key"}}},
         "Parameters": {"BootstrapVersion": {"Type": "AWS::SSM::Parameter::Value<String>"}}}
        """
            .formatted(resources));
    writeProbe(folder.resolve("asset.probe.zip"));
    return folder;
  }

  private static void writeProbe(Path zip) throws IOException {
    String entry = ProbeFunction.class.getName().replace('.', '/') + ".class";
    try (var out = new ZipOutputStream(Files.newOutputStream(zip));
        InputStream bytes = ProbeFunction.class.getClassLoader().getResourceAsStream(entry)) {
      out.putNextEntry(new ZipEntry(entry));
      bytes.transferTo(out);
      out.closeEntry();
    }
  }

  /// A key whose policy leaves it to the account's policies.
  public static String key(String id) {
    return """
    "%s": {"Type": "AWS::KMS::Key", "Properties": {"EnableKeyRotation": true, "KeyPolicy": {
      "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:*",
        "Resource": "*", "Principal": {"AWS": {"Fn::Sub":
          "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}}}]}}}\
    """
        .formatted(id);
  }

  /// A role for a service, with statements of its own.
  public static String role(String id, String service, String... statements) {
    return """
    "%s": {"Type": "AWS::IAM::Role", "Properties": {
      "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "%s"}}]},
      "Policies": [{"PolicyName": "own", "PolicyDocument": {
        "Version": "2012-10-17", "Statement": [%s]}}]}}\
    """
        .formatted(id, service, String.join(",\n", statements));
  }

  /// A statement that allows actions on a resource.
  public static String allow(String actions, String resource) {
    return "{\"Effect\": \"Allow\", \"Action\": [%s], \"Resource\": %s}"
        .formatted(actions, resource);
  }

  /// What a function's role needs to write its log.
  public static final String MAY_LOG =
      """
      {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
       "Resource": {"Fn::Sub": "arn:aws:logs:us-west-2:${AWS::AccountId}:log-group:*"}}\
      """;

  /// The probe as a function with an alias.
  ///
  /// @param properties more of the function's, each with a comma before it
  public static String function(String id, String role, String properties) {
    return """
    "%1$s": {"Type": "AWS::Lambda::Function", "Properties": {
      "Runtime": "java25", "Handler": "meterveil.embedded.probe.ProbeFunction",
      "Code": {"S3Bucket": {"Fn::Sub": "assets-${AWS::AccountId}"}, "S3Key": "probe.zip"},
      "MemorySize": 256, "Timeout": 20, "Role": {"Fn::GetAtt": ["%2$s", "Arn"]}%3$s}},
    "%1$sVersion": {"Type": "AWS::Lambda::Version", "Properties": {
      "FunctionName": {"Ref": "%1$s"}}},
    "%1$sLive": {"Type": "AWS::Lambda::Alias", "Properties": {
      "FunctionName": {"Ref": "%1$s"}, "Name": "live",
      "FunctionVersion": {"Fn::GetAtt": ["%1$sVersion", "Version"]}}}\
    """
        .formatted(id, role, properties);
  }
}

package meterveil.operations;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import meterveil.connection.JdkHttp;
import meterveil.meter.Downlink;
import meterveil.meter.MeterTable;
import meterveil.registry.Registry;
import meterveil.status.DeviceStatusTable;
import meterveil.tenant.TenantTable;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/// What the commands work on.
///
/// @param meters the list of meters
/// @param tenants whose they are
/// @param statuses when they were last heard of, and what they said of themselves
/// @param registry IoT Core's things and certificates
/// @param downlink its connections
record Platform(
    MeterTable meters,
    TenantTable tenants,
    DeviceStatusTable statuses,
    Registry registry,
    Downlink downlink) {

  /// By the SDK's default chain and variables; the tables' names from `METERS_TABLE`,
  /// `TENANTS_TABLE` and `DEVICE_STATUS_TABLE`, or else from the stage's stack.
  ///
  /// @param environment the process's
  /// @param cdkJson the settings of the stages
  /// @throws IllegalArgumentException if neither a table nor a stage is named, or the stage is
  ///   wrong
  /// @throws IOException if `cdk.json` cannot be read
  static Platform connect(Optional<String> stage, Map<String, String> environment, Path cdkJson)
      throws IOException {
    AwsCredentialsProvider credentials = DefaultCredentialsProvider.builder().build();
    String meters = environment.get("METERS_TABLE");
    String tenants = environment.get("TENANTS_TABLE");
    String statuses = environment.get("DEVICE_STATUS_TABLE");
    if (stage.isPresent()) {
      Region region = Region.of(StageJson.region(cdkJson, stage.get()));
      // Every client of the process asks the SDK's own chain, which asks this first.
      System.setProperty("aws.region", region.id());
      var stack =
          new DeployedStack(
              DeployedStack.endpoint(region),
              region,
              credentials,
              new JdkHttp(),
              stage.get() + "-Data");
      meters = stack.table("Meters");
      tenants = stack.table("Tenants");
      statuses = stack.table("DeviceStatus");
    }
    if (meters == null || tenants == null || statuses == null) {
      throw new IllegalArgumentException(
          "Which meters? --stage STAGE for those of a deployed stage, or first --embedded for those"
              + " of a platform that scripts/run --keep runs.");
    }
    DynamoDbClient dynamoDb =
        DynamoDbClient.builder()
            .credentialsProvider(credentials)
            .httpClient(UrlConnectionHttpClient.create())
            .build();
    return new Platform(
        new MeterTable(dynamoDb, meters),
        new TenantTable(dynamoDb, tenants),
        new DeviceStatusTable(dynamoDb, statuses),
        Registry.fromEnvironment(),
        Downlink.fromEnvironment());
  }
}

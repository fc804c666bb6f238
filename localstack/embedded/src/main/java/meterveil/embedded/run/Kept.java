package meterveil.embedded.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import meterveil.embedded.EmbeddedPlatform;
import meterveil.embedded.aws.AwsStandIns.Access;
import meterveil.embedded.iot.DeviceCertificate;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;

/// A platform that is left running for whoever wants to use it, by the wall's clock: how to reach
/// it stands in a file of shell variables, which is there as long as the platform is.
///
/// Commands reach it as the role `Registrar`, so what that may not do in an account fails here too.
final class Kept implements AutoCloseable {

  /// How often schedules are looked at.
  static final Duration SCHEDULES = Duration.ofSeconds(5);

  private final EmbeddedPlatform platform;
  private final Path file;
  private final CountDownLatch stopped = new CountDownLatch(1);

  private Kept(EmbeddedPlatform platform, Path file) {
    this.platform = platform;
    this.file = file;
  }

  /// Starts one.
  ///
  /// @param assembly `cdk.out`
  /// @param work for everything it writes; empty
  /// @param file where the variables go
  /// @throws IOException if it does not start
  static Kept start(Path assembly, Path work, Path file) throws IOException, InterruptedException {
    var platform =
        EmbeddedPlatform.start(
            assembly, work, EmbeddedPlatform.Options.startingAt(Clock.systemUTC().instant()));
    try {
      var kept = new Kept(platform, file);
      kept.write();
      return kept;
    } catch (IOException | RuntimeException failed) {
      platform.close();
      throw failed;
    }
  }

  /// What the SDK's own variables and `scripts/meters` need, and a device that has nothing yet.
  private Map<String, String> variables() throws IOException {
    Access access = platform.aws().as("Registrar");
    var credentials = (AwsSessionCredentials) access.credentials().resolveCredentials();
    DeviceCertificate claim = platform.claim("claim");
    var variables = new LinkedHashMap<String, String>();
    variables.put("AWS_REGION", access.region());
    variables.put("AWS_ACCESS_KEY_ID", credentials.accessKeyId());
    variables.put("AWS_SECRET_ACCESS_KEY", credentials.secretAccessKey());
    variables.put("AWS_SESSION_TOKEN", credentials.sessionToken());
    variables.put("AWS_ENDPOINT_URL_DYNAMODB", access.dynamoDb().toString());
    variables.put("AWS_ENDPOINT_URL_KMS", access.kms().toString());
    variables.put("AWS_ENDPOINT_URL_IOT", access.iot().toString());
    variables.put("AWS_ENDPOINT_URL_IOT_DATA_PLANE", access.iotData().toString());
    variables.put("METERS_TABLE", platform.table("Meters"));
    variables.put("TENANTS_TABLE", platform.table("Tenants"));
    variables.put("DEVICE_STATUS_TABLE", platform.table("DeviceStatus"));
    variables.put("METERVEIL_BROKER", "localhost:" + platform.broker().port());
    variables.put("METERVEIL_BROKER_CA", platform.authority().certificatePem().toString());
    variables.put("METERVEIL_CLAIM_CERTIFICATE", claim.certificatePem().toString());
    variables.put("METERVEIL_CLAIM_KEY", claim.privateKeyPem().toString());
    return variables;
  }

  private void write() throws IOException {
    var text = new StringBuilder("# How to reach the platform of scripts/run --keep.\n");
    variables().forEach((name, value) -> text.append(name + "='" + value + "'\n"));
    Files.createDirectories(file.toAbsolutePath().getParent());
    Files.deleteIfExists(file);
    if (file.getFileSystem().supportedFileAttributeViews().contains("posix")) {
      Files.createFile(
          file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    }
    Files.writeString(file, text);
  }

  /// Runs schedules as they come due, until it is closed.
  ///
  /// @param every how often
  void await(Duration every) throws IOException, InterruptedException {
    while (!stopped.await(every.toMillis(), TimeUnit.MILLISECONDS)) {
      platform.tick();
    }
  }

  /// Ends the platform; nobody reaches it any more.
  @Override
  public void close() throws IOException {
    stopped.countDown();
    Files.deleteIfExists(file);
    platform.close();
  }
}

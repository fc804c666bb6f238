package meterveil.embedded.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeptTest {

  private static final Path CLOUD_ASSEMBLY = Path.of("../../infrastructure-cdk/target/cdk.out");

  @Test
  void runsUntilItIsStoppedAndSaysHowToReachIt(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("run/platform.env");
    Kept kept = Kept.start(CLOUD_ASSEMBLY, folder.resolve("platform"), file);
    var running =
        CompletableFuture.runAsync(() -> {
          try {
            kept.await(Duration.ofMillis(10));
          } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
          }
        });
    try (kept) {
      assertThat(Files.readString(file))
          .contains("AWS_ENDPOINT_URL_IOT='http://", "METERS_TABLE='", "METERVEIL_CLAIM_KEY='/");
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
          .isEqualTo("rw-------");
      assertRunsOn(running);
    }
    assertThat(running).succeedsWithin(Duration.ofSeconds(10));
    assertThat(file).doesNotExist();
  }

  private static void assertRunsOn(CompletableFuture<Void> running)
      throws InterruptedException, ExecutionException {
    try {
      running.get(1, TimeUnit.SECONDS);
      throw new AssertionError("ended by itself");
    } catch (TimeoutException _) {
      // as it should
    }
  }
}

package meterveil.embedded.run;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeptTest {

  private static final String HEADER = "thing,tenant,district,tariffClass,commodity";

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
      assertThat(meters(file, "list")).isEqualTo(HEADER + ",state,certificateExpiresAt\n");
      Path list =
          Files.writeString(
              folder.resolve("list.csv"), HEADER + "\nkept-1,grid,north,residential,gas\n");
      assertThat(meters(file, "import", list.toString())).contains("1 added");
      assertThat(meters(file, "list")).contains("kept-1,grid,north,residential,gas,listed,");
      assertRunsOn(running);
    }
    assertThat(running).succeedsWithin(Duration.ofSeconds(10));
    assertThat(file).doesNotExist();
  }

  /// What `scripts/meters --embedded` prints, as the script starts it.
  private static String meters(Path file, String... arguments)
      throws IOException, InterruptedException {
    var command =
        new ArrayList<>(
            List.of(
                "bash",
                "-c",
                "set -a; source \"$0\"; exec \"$@\"",
                file.toString(),
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                "meterveil.operations.Meters"));
    command.addAll(List.of(arguments));
    var process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String printed = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as(printed).isZero();
    return printed;
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

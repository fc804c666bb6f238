package meterveil.simulator;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;

/// Ports of 127.0.0.1 for servers that must be told theirs before they start.
///
/// They lie below those that systems give to connections by themselves (from 32,768 on Linux), so
/// that none takes a port in the seconds until its server does.
public final class FreePort {

  private static final int FIRST = 20_000;
  private static final int COUNT = 12_000;
  private static final int TRIES = 100;

  private FreePort() {}

  /// A port that nobody listens on.
  ///
  /// @throws IOException if many were tried and all were taken
  public static int any() throws IOException {
    for (int i = 0; i < TRIES; i++) {
      int port = FIRST + ThreadLocalRandom.current().nextInt(COUNT);
      try (var _ = new ServerSocket(port, 1, InetAddress.ofLiteral("127.0.0.1"))) {
        return port;
      } catch (BindException _) {
        // Another one, then.
      }
    }
    throw new IOException("no free port from %d on".formatted(FIRST));
  }
}

package meterveil.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import org.junit.jupiter.api.Test;

class FreePortTest {

  @Test
  void isNoneThatTheSystemGivesToConnections() throws IOException {
    int port = FreePort.any();
    assertThat(port).isBetween(1_024, 32_767);
    try (var _ = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
      assertThat(FreePort.any()).isNotEqualTo(port);
    }
  }
}

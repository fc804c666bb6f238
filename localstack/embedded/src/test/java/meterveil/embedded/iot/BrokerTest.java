package meterveil.embedded.iot;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.crt.mqtt5.packets.PubAckPacket.PubAckReasonCode;

class BrokerTest {

  @TempDir static Path folder;
  static TestCore core;

  @BeforeAll
  static void start() throws IOException {
    core = new TestCore(folder);
  }

  @AfterAll
  static void stop() throws IOException {
    core.close();
  }

  @Test
  void givesWhatAMeterPublishesToTheFunction() throws Exception {
    try (var meter = core.meter("m-publishes").connected()) {
      assertThat(meter.publish(TestCore.readings("m-publishes"), "{\"a\":1}"))
          .isEqualTo(PubAckReasonCode.SUCCESS);
    }
    var invocation = core.nextInvocation();
    assertThat(invocation.function()).isEqualTo(TestCore.COLLECT);
    System.out.println(core.broker.refusals() + " " + core.broker.lastRefusals());
  }
}

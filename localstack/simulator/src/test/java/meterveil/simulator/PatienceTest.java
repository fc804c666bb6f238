package meterveil.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.crt.mqtt5.packets.ConnAckPacket.ConnectReasonCode;

class PatienceTest {

  @Test
  void believesARefusalAtOnce() {
    assertThat(Patience.attemptsMax(ConnectReasonCode.NOT_AUTHORIZED)).isOne();
    assertThat(Patience.attemptsMax(ConnectReasonCode.CLIENT_IDENTIFIER_NOT_VALID)).isOne();
    assertThat(Patience.attemptsMax(ConnectReasonCode.BANNED)).isOne();
  }

  @Test
  void waitsForWhatPasses() {
    assertThat(Patience.attemptsMax(ConnectReasonCode.SERVER_BUSY))
        .isEqualTo(Patience.PASSING_ATTEMPTS_MAX);
    for (String error :
        new String[] {
          "AWS_IO_TLS_NEGOTIATION_TIMEOUT",
          "AWS_IO_SOCKET_CONNECTION_REFUSED",
          "AWS_IO_SOCKET_TIMEOUT",
          "AWS_IO_SOCKET_CLOSED",
          "AWS_ERROR_MQTT_TIMEOUT",
          "AWS_ERROR_MQTT5_CONNACK_TIMEOUT"
        }) {
      assertThat(Patience.attemptsMax(error)).isEqualTo(Patience.PASSING_ATTEMPTS_MAX);
    }
    assertThat(Patience.attemptsMax("AWS_IO_TLS_ERROR_NEGOTIATION_FAILURE"))
        .isEqualTo(Patience.DOUBTFUL_ATTEMPTS_MAX);
  }

  @Property
  void waitsLongerEachTimeUpToAMinute(
      @ForAll @IntRange(max = 1_000_000) int failures, @ForAll long seed) {
    long pause = Patience.pauseMillis(failures, new SplittableRandom(seed));
    long latest = failures < 7 ? 500L << failures : 60_000;
    assertThat(pause).isBetween(latest / 2, latest);
  }
}

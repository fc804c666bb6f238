package meterveil.embedded.run;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Base64;
import meterveil.meter.ThingName;
import org.junit.jupiter.api.Test;

class JourneysTest {

  private static final ThingName ONE = new ThingName("meter-000001");
  private static final ThingName OTHER = new ThingName("meter-000002");
  private static final byte[] FIRST = "{\"start\":1}".getBytes(UTF_8);
  private static final byte[] SECOND = "{\"start\":2}".getBytes(UTF_8);

  private final Journeys journeys = new Journeys();

  private void publish(ThingName thing, byte[] payload) {
    journeys.published(Journeys.id(thing, payload), Journeys.nowMicros());
  }

  private void store(ThingName thing, byte[] payload) {
    journeys.stored(
        "{\"payload\":\"%s\",\"tenant\":\"demo\",\"thing\":\"%s\"}"
            .formatted(Base64.getEncoder().encodeToString(payload), thing)
            .getBytes(UTF_8));
  }

  @Test
  void tellsTheMessagesOfMetersApart() throws InterruptedException {
    publish(ONE, FIRST);
    Thread.sleep(30);
    publish(ONE, SECOND);
    publish(OTHER, FIRST);
    store(ONE, SECOND);
    assertThat(journeys.millis()).hasSize(1);
    store(ONE, FIRST);
    assertThat(journeys.millis()).hasSize(2).isSorted();
    assertThat(journeys.millis().getLast() - journeys.millis().getFirst()).isGreaterThan(29);
  }

  @Test
  void countsAMessageOnceHoweverOftenItComes() throws InterruptedException {
    publish(ONE, FIRST);
    Thread.sleep(30);
    publish(ONE, FIRST);
    store(ONE, FIRST);
    store(ONE, FIRST);
    assertThat(journeys.millis()).singleElement().satisfies(it -> assertThat(it).isGreaterThan(29));
  }

  @Test
  void needsNotHearOfThePublishingFirst() throws InterruptedException {
    long micros = Journeys.nowMicros();
    Thread.sleep(30);
    store(ONE, FIRST);
    assertThat(journeys.millis()).isEmpty();
    journeys.published(Journeys.id(ONE, FIRST), micros);
    assertThat(journeys.millis()).singleElement().satisfies(it -> assertThat(it).isGreaterThan(29));
  }

  @Test
  void knowsNothingOfWhatNoMeterPublished() {
    store(ONE, FIRST);
    assertThat(journeys.millis()).isEmpty();
  }
}

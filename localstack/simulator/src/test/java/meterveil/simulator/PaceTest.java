package meterveil.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PaceTest {

  /// Two permits may be there at the start; each of the others takes 20 ms to earn.
  @Test
  void doesThingsInOrderAndNotTooFast() throws InterruptedException {
    try (var thread = Executors.newSingleThreadExecutor()) {
      var pace = new Pace(50, thread);
      List<Integer> done = new ArrayList<>();
      var all = new CountDownLatch(12);

      long startNanos = System.nanoTime();
      thread.execute(() ->
          IntStream.range(0, 12)
              .forEach(i ->
                  pace.run(() -> {
                    done.add(i);
                    all.countDown();
                  })));

      assertThat(all.await(30, TimeUnit.SECONDS)).isTrue();
      assertThat(System.nanoTime() - startNanos).isGreaterThan(TimeUnit.MILLISECONDS.toNanos(190));
      assertThat(done).containsExactlyElementsOf(IntStream.range(0, 12).boxed().toList());
    }
  }
}

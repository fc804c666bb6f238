package meterveil.simulator;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/// Does things one after another, at most so many in a second. Used from one thread only, on which
/// it also does them.
final class Pace {

  private static final int TICK_MILLIS = 10;

  private final Executor ticks;
  private final Queue<Runnable> waiting = new ArrayDeque<>();
  private final double perTick;
  private double permits;
  private boolean ticking;

  /// @param thread the thread from which it is used
  Pace(int perSecond, Executor thread) {
    this.ticks = CompletableFuture.delayedExecutor(TICK_MILLIS, MILLISECONDS, thread);
    this.perTick = perSecond * TICK_MILLIS / 1_000.0;
    this.permits = Math.max(perTick, 1);
  }

  /// Does it now, or as soon as it may be done.
  void run(Runnable task) {
    waiting.add(task);
    if (!ticking) {
      ticking = true;
      tick();
    }
  }

  /// Goes on until nothing has been waiting for as long as it takes to earn the next permit, so
  /// that tasks which come singly keep to the pace too.
  private void tick() {
    permits = Math.min(permits + perTick, Math.max(perTick, 1));
    boolean rested = waiting.isEmpty() && permits >= Math.max(perTick, 1);
    if (rested) {
      ticking = false;
    } else {
      ticks.execute(this::tick); // first, so that a task that fails stops no other
    }
    while (permits >= 1 && !waiting.isEmpty()) {
      permits--;
      waiting.remove().run();
    }
  }
}

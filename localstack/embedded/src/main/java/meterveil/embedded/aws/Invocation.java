package meterveil.embedded.aws;

import java.time.Instant;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// An event on its way through a function.
final class Invocation {

  private final String requestId;
  private final Functions.Target target;
  private final byte[] payload;
  private final Instant accepted;
  private final @Nullable CompletableFuture<Outcome> waiting;
  private long begunNanos = System.nanoTime();
  private int attempts;

  /// @param accepted when, by the moved clock
  /// @param waiting who waits for the outcome; null for an asynchronous invocation
  Invocation(
      Functions.Target target,
      byte[] payload,
      Instant accepted,
      @Nullable CompletableFuture<Outcome> waiting) {
    this.requestId = UUID.randomUUID().toString();
    this.target = target;
    this.payload = payload;
    this.accepted = accepted;
    this.waiting = waiting;
  }

  String requestId() {
    return requestId;
  }

  Functions.Target target() {
    return target;
  }

  byte[] payload() {
    return payload;
  }

  Instant accepted() {
    return accepted;
  }

  @Nullable CompletableFuture<Outcome> waiting() {
    return waiting;
  }

  /// How often a process has been given it. Only one thread at a time has an invocation.
  int attempts() {
    return attempts;
  }

  void begin() {
    attempts++;
    begunNanos = System.nanoTime();
  }

  /// Real time since a process was given it last.
  long busyNanos() {
    return System.nanoTime() - begunNanos;
  }
}

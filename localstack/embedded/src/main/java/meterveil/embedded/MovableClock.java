package meterveil.embedded;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;

/// A UTC clock that ticks as time does and can be moved forward, by every process at once.
///
/// It is the machine's clock plus an offset in nanoseconds, eight bytes in a file that every
/// process maps into its memory: no reader ever waits or asks.
public final class MovableClock extends Clock {

  private static final VarHandle LONG =
      MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  private final ByteBuffer offsetNanos;
  private final Clock machine;

  private MovableClock(ByteBuffer offsetNanos, Clock machine) {
    this.offsetNanos = offsetNanos;
    this.machine = machine;
  }

  /// A clock of its own, written to a file.
  ///
  /// @param file made if it is not there
  /// @param start what the clock says now
  public static MovableClock create(Path file, Instant start) throws IOException {
    try (var channel =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      var clock =
          new MovableClock(
              channel.map(FileChannel.MapMode.READ_WRITE, 0, Long.BYTES), Clock.systemUTC());
      LONG.setVolatile(
          clock.offsetNanos, 0, Duration.between(clock.machine.instant(), start).toNanos());
      return clock;
    }
  }

  /// The clock that another process writes to a file.
  public static MovableClock follow(Path file) throws IOException {
    try (var channel = FileChannel.open(file, StandardOpenOption.READ)) {
      return new MovableClock(
          channel.map(FileChannel.MapMode.READ_ONLY, 0, Long.BYTES), Clock.systemUTC());
    }
  }

  /// Moves the clock forward, so that it says `instant` now.
  ///
  /// @throws IllegalArgumentException if that lies behind
  public synchronized void moveTo(Instant instant) {
    Duration ahead = Duration.between(instant(), instant);
    if (ahead.isNegative()) {
      throw new IllegalArgumentException("the clock is past " + instant);
    }
    var _ = (long) LONG.getAndAdd(offsetNanos, 0, ahead.toNanos());
  }

  @Override
  public Instant instant() {
    return machine.instant().plusNanos((long) LONG.getVolatile(offsetNanos, 0));
  }

  @Override
  public ZoneId getZone() {
    return ZoneOffset.UTC;
  }

  @Override
  public Clock withZone(ZoneId zone) {
    throw new UnsupportedOperationException("a clock of instants");
  }
}

package meterveil.block;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.stream.IntStream;

/// Whole UTC hours that are reported, frozen and released together. Lies within one UTC day.
///
/// @param start on a multiple of the length since 00:00 UTC
/// @param length how many hours
public record Block(Instant start, BlockLength length) {

  /// @throws IllegalArgumentException if `start` is not aligned to the length
  public Block {
    if (start.getNano() != 0 || Math.floorMod(start.getEpochSecond(), seconds(length)) != 0) {
      throw new IllegalArgumentException("a block starts on a multiple of its length");
    }
  }

  /// The block of that length in which an instant lies.
  public static Block containing(Instant instant, BlockLength length) {
    long seconds = instant.getEpochSecond();
    return new Block(
        Instant.ofEpochSecond(seconds - Math.floorMod(seconds, seconds(length))), length);
  }

  /// The first instant after it.
  public Instant end() {
    return start.plusSeconds(seconds(length));
  }

  /// The block after it.
  public Block next() {
    return new Block(end(), length);
  }

  /// The block before it.
  public Block previous() {
    return new Block(start.minusSeconds(seconds(length)), length);
  }

  /// The starts of its hours, in order.
  public List<Instant> hours() {
    return IntStream.range(0, length.hours())
        .mapToObj(hour -> start.plus(Duration.ofHours(hour)))
        .toList();
  }

  /// The UTC day in which it lies.
  public LocalDate day() {
    return LocalDate.ofInstant(start, ZoneOffset.UTC);
  }

  /// The epoch in which it lies.
  public Epoch epoch() {
    return Epoch.containing(start);
  }

  private static int seconds(BlockLength length) {
    return length.hours() * 3600;
  }
}

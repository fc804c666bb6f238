package meterveil.block;

import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;

/// Thirty days from 00:00 UTC, counted from 1970-01-01. Cohorts last one epoch.
///
/// @param number 0 or more
public record Epoch(int number) {

  /// The length of an epoch.
  public static final int DAYS = 30;

  /// @throws IllegalArgumentException if `number` is negative or has more than five digits
  public Epoch {
    if (number < 0 || number > 99_999) {
      throw new IllegalArgumentException("not an epoch: " + number);
    }
  }

  /// The epoch in which an instant lies.
  public static Epoch containing(Instant instant) {
    return of(LocalDate.ofInstant(instant, ZoneOffset.UTC));
  }

  /// The epoch of a UTC day.
  public static Epoch of(LocalDate day) {
    return new Epoch(Math.toIntExact(Math.floorDiv(day.toEpochDay(), (long) DAYS)));
  }

  /// Its first instant.
  public Instant start() {
    return LocalDate.ofEpochDay((long) number * DAYS).atStartOfDay(ZoneOffset.UTC).toInstant();
  }

  /// The first instant after it.
  public Instant end() {
    return next().start();
  }

  /// The one after it.
  public Epoch next() {
    return new Epoch(number + 1);
  }
}

package meterveil.tenant;

import java.time.Duration;
import java.time.Instant;
import meterveil.block.BlockLength;

/// What a tenant has chosen.
///
/// @param id who
/// @param retention how long what is released of it is kept, 5 days to 10 years in whole days
/// @param blockLength what its meters report at once, in every epoch that is planned from now on
public record Tenant(TenantId id, Duration retention, BlockLength blockLength) {

  /// The default.
  public static final Duration RETENTION = Duration.ofDays(30);

  /// The default.
  public static final BlockLength BLOCK_LENGTH = BlockLength.DAY;

  /// The shortest: nothing may expire before its day is closed.
  public static final Duration RETENTION_MIN = Duration.ofDays(5);

  /// The longest.
  public static final Duration RETENTION_MAX = Duration.ofDays(3653);

  /// @throws IllegalArgumentException if the retention is outside its limits or has a part of a day
  public Tenant {
    if (retention.compareTo(RETENTION_MIN) < 0
        || retention.compareTo(RETENTION_MAX) > 0
        || !retention.equals(Duration.ofDays(retention.toDays()))) {
      throw new IllegalArgumentException(
          "retention is %d to %d whole days"
              .formatted(RETENTION_MIN.toDays(), RETENTION_MAX.toDays()));
    }
  }

  /// A tenant whose meters report what is the default.
  ///
  /// @throws IllegalArgumentException if the retention is outside its limits or has a part of a day
  public Tenant(TenantId id, Duration retention) {
    this(id, retention, BLOCK_LENGTH);
  }

  /// When something of that instant expires.
  public Instant expiry(Instant of) {
    return of.plus(retention);
  }
}

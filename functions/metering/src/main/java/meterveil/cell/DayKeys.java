package meterveil.cell;

import java.time.Clock;
import java.time.LocalDate;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import meterveil.block.Times;
import meterveil.cell.DayKeyTable.WrappedKey;
import meterveil.tenant.TenantId;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kms.KmsClient;

/// The day keys, as KMS makes and opens them.
///
/// A key is made by whoever needs it first, under an encryption context of tenant and day, and
/// shared through the table by all. A key once fetched is kept in memory until its day closes.
///
/// Safe for use by many threads.
public final class DayKeys {

  private final DayKeyTable table;
  private final KmsClient kms;
  private final String kmsKeyId;
  private final Clock clock;
  private final Map<TenantDay, DayKey> open = new ConcurrentHashMap<>();

  private record TenantDay(TenantId tenant, LocalDate day) {}

  /// @param table where they lie wrapped
  /// @param kms what wraps and opens them
  /// @param kmsKeyId the KMS key under which they are wrapped
  /// @param clock says when a day ended
  public DayKeys(DayKeyTable table, KmsClient kms, String kmsKeyId, Clock clock) {
    this.table = table;
    this.kms = kms;
    this.kmsKeyId = kmsKeyId;
    this.clock = clock;
  }

  /// The key of a day, made if there is none yet.
  ///
  /// @return nothing once the day is closed, or ended too long ago to be opened
  /// @throws software.amazon.awssdk.core.exception.SdkException if KMS or DynamoDB refused or did
  ///   not answer; nothing is lost by asking again
  Optional<DayKey> obtain(TenantId tenant, LocalDate day) {
    DayKey kept = kept(tenant, day);
    if (kept != null) {
      return Optional.of(kept);
    }
    // Looked up once: another may make the key at any moment, and a key is not a marker.
    Optional<WrappedKey> row = table.find(tenant, day);
    if (row.isPresent() || !Times.acceptsAnyOf(day, clock.instant())) {
      return row.flatMap(this::unwrapped);
    }
    var made =
        kms.generateDataKey(generate ->
            generate
                .keyId(kmsKeyId)
                .numberOfBytes(DayKey.BYTES)
                .encryptionContext(context(tenant, day)));
    var own = new WrappedKey(tenant, day, Optional.of(made.ciphertextBlob()));
    WrappedKey first = table.putFirst(own);
    return first.equals(own)
        ? Optional.of(remember(tenant, day, made.plaintext()))
        : unwrapped(first);
  }

  /// The key of a day.
  ///
  /// @return nothing if none was made, or once the day is closed
  /// @throws software.amazon.awssdk.core.exception.SdkException if KMS or DynamoDB refused or did
  ///   not answer
  public Optional<DayKey> find(TenantId tenant, LocalDate day) {
    DayKey kept = kept(tenant, day);
    return kept != null ? Optional.of(kept) : table.find(tenant, day).flatMap(this::unwrapped);
  }

  private @Nullable DayKey kept(TenantId tenant, LocalDate day) {
    open.keySet().removeIf(kept -> Times.isClosed(kept.day(), clock.instant()));
    return open.get(new TenantDay(tenant, day));
  }

  /// The key in a row; nothing in a marker.
  private Optional<DayKey> unwrapped(WrappedKey row) {
    return row.wrapped()
        .map(
            wrapped -> remember(row.tenant(), row.day(), unwrap(row.tenant(), row.day(), wrapped)));
  }

  private SdkBytes unwrap(TenantId tenant, LocalDate day, SdkBytes wrapped) {
    return kms.decrypt(decrypt ->
            decrypt.keyId(kmsKeyId).ciphertextBlob(wrapped).encryptionContext(context(tenant, day)))
        .plaintext();
  }

  private DayKey remember(TenantId tenant, LocalDate day, SdkBytes plaintext) {
    var key = new DayKey(plaintext.asByteArrayUnsafe());
    if (!Times.isClosed(day, clock.instant())) {
      open.put(new TenantDay(tenant, day), key); // not while it is closed, to be forgotten with it
    }
    return key;
  }

  private static Map<String, String> context(TenantId tenant, LocalDate day) {
    return Map.of("tenant", tenant.value(), "day", day.toString());
  }
}

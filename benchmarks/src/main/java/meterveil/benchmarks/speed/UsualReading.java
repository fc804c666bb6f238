package meterveil.benchmarks.speed;

import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.enhanced.dynamodb.mapper.annotations.DynamoDbBean;
import software.amazon.awssdk.enhanced.dynamodb.mapper.annotations.DynamoDbPartitionKey;
import software.amazon.awssdk.enhanced.dynamodb.mapper.annotations.DynamoDbSortKey;

/// A reading as the usual design stores it: an item for each meter and hour.
@DynamoDbBean
public final class UsualReading {

  private @Nullable String thing;
  private @Nullable String start;
  private @Nullable String tenant;
  private long energyWh;
  private long expiresAt;

  /// Whose reading it is.
  @DynamoDbPartitionKey
  public @Nullable String getThing() {
    return thing;
  }

  public void setThing(@Nullable String thing) {
    this.thing = thing;
  }

  /// The hour's beginning.
  @DynamoDbSortKey
  public @Nullable String getStart() {
    return start;
  }

  public void setStart(@Nullable String start) {
    this.start = start;
  }

  /// The utility.
  public @Nullable String getTenant() {
    return tenant;
  }

  public void setTenant(@Nullable String tenant) {
    this.tenant = tenant;
  }

  /// What was used in the hour.
  public long getEnergyWh() {
    return energyWh;
  }

  public void setEnergyWh(long energyWh) {
    this.energyWh = energyWh;
  }

  /// When it expires, in seconds since 1970.
  public long getExpiresAt() {
    return expiresAt;
  }

  public void setExpiresAt(long expiresAt) {
    this.expiresAt = expiresAt;
  }
}

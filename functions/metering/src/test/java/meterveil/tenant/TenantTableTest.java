package meterveil.tenant;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Map;
import meterveil.LocalDynamoDb;
import meterveil.block.BlockLength;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

@Tag("place")
class TenantTableTest {

  private static final String NAME = LocalDynamoDb.table("tenants", TenantTable.SCHEMA);
  private static final TenantTable TABLE = new TenantTable(LocalDynamoDb.CLIENT, NAME);

  @Test
  @DisplayName("an item of before a length could be chosen means a day, and can be changed")
  void readsAnItemWithoutALength() {
    LocalDynamoDb.CLIENT.putItem(put ->
        put.tableName(NAME)
            .item(
                Map.of(
                    "tenant", AttributeValue.fromS("old"),
                    "retentionDays", AttributeValue.fromN("60"))));
    var old = new Tenant(new TenantId("old"), Duration.ofDays(60), BlockLength.DAY);
    assertThat(TABLE.find(old.id())).contains(old);
    assertThat(TABLE.all()).contains(old);

    var hourly = new Tenant(old.id(), old.retention(), BlockLength.HOUR);
    assertThat(TABLE.replace(old, hourly)).isTrue();
    assertThat(TABLE.find(old.id())).contains(hourly);
  }

  @Test
  @DisplayName("T54 what a tenant has chosen is not taken back by adding it again")
  void keepsATenantThatIsThere() {
    var chosen = new Tenant(new TenantId("there"), Duration.ofDays(90), BlockLength.HOUR);
    assertThat(TABLE.add(chosen)).isTrue();
    assertThat(TABLE.add(new Tenant(chosen.id(), Tenant.RETENTION))).isFalse();
    assertThat(TABLE.find(chosen.id())).contains(chosen);
  }

  @ParameterizedTest
  @EnumSource
  void replacesWhatWasReadAndNothingElse(BlockLength length) {
    var read = new Tenant(new TenantId("read-" + length), Tenant.RETENTION, length);
    var one = new Tenant(read.id(), Duration.ofDays(90), length);
    assertThat(TABLE.replace(read, one)).as("is not there").isFalse();
    assertThat(TABLE.find(read.id())).isEmpty();
    assertThat(TABLE.add(read)).isTrue();

    assertThat(TABLE.replace(read, one)).isTrue();
    assertThat(TABLE.replace(read, one)).as("its answer was lost").isTrue();
    for (BlockLength other : BlockLength.values()) {
      var another = new Tenant(read.id(), Tenant.RETENTION, other);
      assertThat(TABLE.replace(read, another)).as("read before the first").isFalse();
      var otherwise = new Tenant(one.id(), one.retention(), other);
      assertThat(TABLE.replace(otherwise, read)).as("read otherwise").isEqualTo(other == length);
      assertThat(TABLE.replace(read, one)).isTrue();
    }
    assertThat(TABLE.find(read.id())).contains(one);
  }
}

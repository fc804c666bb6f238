package meterveil.cell;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.LocalDate;
import java.util.Optional;
import meterveil.LocalDynamoDb;
import meterveil.cell.DayKeyTable.WrappedKey;
import meterveil.tenant.TenantId;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.SdkBytes;

@Tag("place")
class DayKeyTableTest {

  private static final TenantId GRID = new TenantId("grid");

  private final DayKeyTable table =
      new DayKeyTable(LocalDynamoDb.CLIENT, LocalDynamoDb.table("day-keys", DayKeyTable.SCHEMA));

  private static WrappedKey key(LocalDate day, int filling) {
    return new WrappedKey(
        GRID, day, Optional.of(SdkBytes.fromByteArray(new byte[] {(byte) filling, 2, 3})));
  }

  @Test
  @DisplayName("of two that make a day's key at once both get the first, and so does who repeats")
  void tellsWhoWasFirst() {
    var day = LocalDate.parse("2013-01-01");

    assertThat(table.putFirst(key(day, 1))).isEqualTo(key(day, 1));
    assertThat(table.putFirst(key(day, 2))).isEqualTo(key(day, 1));
    assertThat(table.putFirst(key(day, 1))).as("its answer was lost").isEqualTo(key(day, 1));
    assertThat(table.find(GRID, day)).contains(key(day, 1));
    assertThat(table.openDays(GRID)).containsExactly(day);

    table.close(GRID, day);
    assertThat(table.putFirst(key(day, 3)))
        .as("a closed day gets no key again")
        .isEqualTo(new WrappedKey(GRID, day, Optional.empty()));
    assertThat(table.openDays(GRID)).isEmpty();
  }
}

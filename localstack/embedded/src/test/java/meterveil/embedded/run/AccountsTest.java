package meterveil.embedded.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import meterveil.cell.DayKeyTable;
import meterveil.cell.DayKeys;
import meterveil.embedded.EmbeddedPlatform;
import meterveil.embedded.EmbeddedPlatform.Options;
import meterveil.tenant.Tenant;
import meterveil.usage.Reconciliation;
import meterveil.usage.Reconciliation.Figures;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

class AccountsTest {

  private static final Path CLOUD_ASSEMBLY = Path.of("../../infrastructure-cdk/target/cdk.out");
  private static final LocalDate EXPIRED = LocalDate.of(2024, 1, 10);
  private static final LocalDate TOLD = EXPIRED.plusDays(1);
  private static final LocalDate NOT_TOLD = EXPIRED.plusDays(2);
  private static final LocalDate LOST = EXPIRED.plusDays(3);

  @TempDir private Path work;

  @Test
  void excusesADayOnlyByItsRecord() throws Exception {
    var tenant = new Tenant(Samples.TENANT, Duration.ofDays(5));
    var now = EXPIRED.atStartOfDay(ZoneOffset.UTC).toInstant().plus(tenant.retention());
    try (var platform = EmbeddedPlatform.start(CLOUD_ASSEMBLY, work, Options.startingAt(now));
        DynamoDbClient administrator = platform.dynamoDb()) {
      var keys =
          new DayKeys(
              new DayKeyTable(administrator, platform.table("DayKeys")),
              platform.kms(),
              platform.aws().key("DayKeyKey"),
              platform.clock());
      var stores = Accounts.Stores.of(administrator, platform::table, keys);
      var figures = Optional.of(new Figures(1_010, 1_000, 0, 10));
      stores.reconciliations().putFirst(new Reconciliation(tenant.id(), EXPIRED, figures), tenant);
      stores.reconciliations().putFirst(new Reconciliation(tenant.id(), TOLD, figures), tenant);
      stores
          .reconciliations()
          .putFirst(new Reconciliation(tenant.id(), NOT_TOLD, Optional.empty()), tenant);
      // A releaser died between the record and the end of the key.
      administrator.putItem(put ->
          put.tableName(platform.table("DayKeys"))
              .item(
                  Map.of(
                      "tenant", AttributeValue.fromS(tenant.id().value()),
                      "day", AttributeValue.fromS(TOLD.toString()),
                      "wrapped", AttributeValue.fromB(SdkBytes.fromUtf8String("a key")))));

      var accounts =
          Accounts.read(stores, tenant, List.of(), List.of(EXPIRED, TOLD, NOT_TOLD, LOST), now);

      assertThat(accounts.undisclosed()).containsExactly(EXPIRED, NOT_TOLD);
      assertThat(accounts.unrecorded()).containsExactly(LOST);
      assertThat(accounts.withheldWh()).isEqualTo(10);
      assertThat(accounts.pendingWh()).isZero();
    }
  }
}

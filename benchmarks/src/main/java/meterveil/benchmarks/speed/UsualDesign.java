package meterveil.benchmarks.speed;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import meterveil.meter.ThingName;
import meterveil.tenant.TenantId;
import software.amazon.awssdk.enhanced.dynamodb.DynamoDbEnhancedClient;
import software.amazon.awssdk.enhanced.dynamodb.DynamoDbTable;
import software.amazon.awssdk.enhanced.dynamodb.TableSchema;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/// What the usual sample does: the message bound to a bean, each reading put as an item.
public final class UsualDesign {

  private static final TenantId TENANT = new TenantId("demo");
  private static final ThingName THING = new ThingName("meter-000123");

  private final JsonMapper mapper = new JsonMapper();
  private final DynamoDbTable<UsualReading> readings;

  /// @param table name of the table of readings
  public UsualDesign(DynamoDbClient dynamoDb, String table) {
    this.readings =
        DynamoDbEnhancedClient.builder()
            .dynamoDbClient(dynamoDb)
            .build()
            .table(table, TableSchema.fromBean(UsualReading.class));
  }

  /// Makes the table.
  public void createTable() {
    readings.createTable();
  }

  /// Stores a message of one meter.
  ///
  /// @return what was read
  public UsualMessage store(byte[] message) throws IOException {
    UsualMessage read = mapper.readValue(message, UsualMessage.class);
    Instant start = Instant.parse(read.getStart());
    for (int hour = 0; hour < read.getEnergyWh().size(); hour++) {
      var reading = new UsualReading();
      reading.setThing(THING.value());
      reading.setStart(start.plus(Duration.ofHours(hour)).toString());
      reading.setTenant(TENANT.value());
      reading.setEnergyWh(read.getEnergyWh().get(hour));
      reading.setExpiresAt(start.plus(Duration.ofDays(30)).getEpochSecond());
      readings.putItem(reading);
    }
    return read;
  }
}

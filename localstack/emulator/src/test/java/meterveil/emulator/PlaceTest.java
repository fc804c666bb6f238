package meterveil.emulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// The first of a build that asks for a place: it stops here when the place is not to be had.
@Tag("place")
class PlaceTest {

  @Test
  void keepsWhatIsPut() {
    Place place = Place.ofThisRun();
    String table = place.table("place", "partition", "sort");
    var item = Map.of("partition", AttributeValue.fromS("p"), "sort", AttributeValue.fromS("s"));

    place.dynamoDb().putItem(put -> put.tableName(table).item(item));

    assertThat(place.dynamoDb().scan(scan -> scan.tableName(table)).items()).containsExactly(item);
  }

  @Test
  void startsTheLatestForWhoHasAToken() {
    assertThat(Place.image(Map.of())).isEqualTo("localstack/localstack:4.14.0");
    assertThat(Place.image(Map.of("LOCALSTACK_AUTH_TOKEN", "ls-1")))
        .isEqualTo("localstack/localstack:latest");
    assertThat(Place.image(Map.of("LOCALSTACK_AUTH_TOKEN", "ls-1", "LOCALSTACK_IMAGE", "ours:1")))
        .isEqualTo("ours:1");
    assertThat(Place.image(Map.of("LOCALSTACK_AUTH_TOKEN", "", "LOCALSTACK_IMAGE", "")))
        .isEqualTo("localstack/localstack:4.14.0");
  }
}

package meterveil.simulator;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import meterveil.block.Block;
import meterveil.block.BlockLength;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Holds what meters send to the schemas of the device contract.
class UplinkJsonTest {

  private static final Schema READINGS = schema("readings-1");
  private static final Schema STATUS = schema("status-1");
  private static final JsonMapper JSON = new JsonMapper();

  private static final long SECONDS_2000 = Instant.parse("2000-01-01T00:00:00Z").getEpochSecond();
  private static final int WH_MAX = 400_000;

  private static Schema schema(String name) {
    try {
      return SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
          .getSchema(Files.readString(Path.of("..", "..", "schemas", name + ".json")));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static JsonNode taken(Schema schema, byte[] payload) {
    JsonNode json = JSON.readTree(payload);
    assertThat(
            schema.validate(
                json,
                execution ->
                    execution.executionConfig(config -> config.formatAssertionsEnabled(true))))
        .isEmpty();
    return json;
  }

  @Property(tries = 300)
  void writesBlocksAsTheSchemaHasThem(
      @ForAll BlockLength length,
      @ForAll boolean two,
      @ForAll @LongRange(max = 3_000_000_000L) long secondsSince2000,
      @ForAll @Size(48) List<@IntRange(min = -1, max = WH_MAX) Integer> hours) {
    Block block = Block.containing(Instant.ofEpochSecond(SECONDS_2000 + secondsSince2000), length);
    int[] energyWh =
        hours.stream()
            .limit((two ? 2L : 1L) * length.hours())
            .mapToInt(Integer::intValue)
            .toArray();

    JsonNode json = taken(READINGS, UplinkJson.readings(block.start(), energyWh));

    assertThat(json.size()).isEqualTo(2);
    assertThat(Instant.parse(json.get("start").asString())).isEqualTo(block.start());
    assertThat(json.get("energyWh").values().stream().map(h -> h.isNull() ? -1 : h.intValue()))
        .containsExactlyElementsOf(IntStream.of(energyWh).boxed().toList());
  }

  @Property
  void writesStatusesAsTheSchemaHasThem(
      @ForAll @LongRange(max = 4_294_967_295L) long sequence,
      @ForAll @IntRange(max = 100) int batteryPercent,
      @ForAll @IntRange(min = -200, max = 0) int signalDbm,
      @ForAll boolean lost,
      @ForAll boolean unreadable,
      @ForAll @LongRange(max = 4_294_967_295L) long uptimeSeconds,
      @ForAll @IntRange(max = Integer.MAX_VALUE) int blocksGivenUp) {
    List<String> faults =
        Stream.of(
                lost ? MeterStatus.CONNECTION_LOST : "",
                unreadable ? MeterStatus.DOWNLINK_UNREADABLE : "")
            .filter(fault -> !fault.isEmpty())
            .toList();
    var status =
        new MeterStatus(
            sequence, "1.0.0", batteryPercent, signalDbm, faults, uptimeSeconds, blocksGivenUp);

    JsonNode json = taken(STATUS, UplinkJson.status(status));

    assertThat(json.get("sequence").longValue()).isEqualTo(sequence);
    assertThat(json.get("faults").values().stream().map(JsonNode::asString))
        .containsExactlyElementsOf(faults);
    assertThat(json.get("uptimeSeconds").longValue()).isEqualTo(uptimeSeconds);
  }

  static Stream<Path> acceptedReadings() throws IOException {
    return accepted("readings-1");
  }

  /// What a meter that has measured this would send is the example again, in the meter's own words.
  @ParameterizedTest
  @MethodSource("acceptedReadings")
  void saysWhatAnExampleOfReadingsSays(Path file) throws IOException {
    JsonNode example = JSON.readTree(Files.readString(file));
    int[] energyWh =
        example.get("energyWh").values().stream()
            .mapToInt(hour -> hour.isNull() ? LoadProfile.NOT_MEASURED : (int) hour.asDouble())
            .toArray();

    JsonNode json =
        taken(
            READINGS,
            UplinkJson.readings(Instant.parse(example.get("start").asString()), energyWh));

    assertThat(Instant.parse(json.get("start").asString()))
        .isEqualTo(Instant.parse(example.get("start").asString()));
    assertThat(doubles(json.get("energyWh"))).isEqualTo(doubles(example.get("energyWh")));
  }

  private static List<Double> doubles(JsonNode hours) {
    return hours.values().stream()
        .map(hour -> hour.isNull() ? Double.NaN : hour.asDouble() + 0.0)
        .toList();
  }

  static Stream<Path> acceptedStatuses() throws IOException {
    return accepted("status-1");
  }

  @ParameterizedTest
  @MethodSource("acceptedStatuses")
  void saysWhatAnExampleOfAStatusSays(Path file) throws IOException {
    JsonNode example = JSON.readTree(Files.readString(file));
    var status =
        new MeterStatus(
            (long) example.get("sequence").asDouble(),
            example.get("firmware").asString(),
            (int) example.get("batteryPercent").asDouble(),
            (int) example.get("signalDbm").asDouble(),
            example.get("faults").values().stream().map(JsonNode::asString).toList(),
            (long) example.get("uptimeSeconds").asDouble(),
            (int) Math.min(Integer.MAX_VALUE, (long) example.get("blocksGivenUp").asDouble()));

    JsonNode json = taken(STATUS, UplinkJson.status(status));

    assertThat(json.get("firmware")).isEqualTo(example.get("firmware"));
    assertThat(json.get("faults")).isEqualTo(example.get("faults"));
    for (String number : List.of("sequence", "batteryPercent", "signalDbm", "uptimeSeconds")) {
      assertThat(json.get(number).asDouble()).as(number).isEqualTo(example.get(number).asDouble());
    }
  }

  private static Stream<Path> accepted(String schema) throws IOException {
    Path folder = Path.of("..", "..", "schemas", "examples", schema, "accepted");
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().toList().stream();
    }
  }

  @Test
  void writesNothingButTheMembersOfTheContract() {
    assertThat(
            new String(
                UplinkJson.readings(
                    Instant.parse("2024-01-11T05:00:00Z"), LoadProfile.NOT_MEASURED, 0),
                UTF_8))
        .isEqualTo("{\"start\":\"2024-01-11T05:00:00Z\",\"energyWh\":[null,0]}");
    assertThat(
            taken(STATUS, UplinkJson.status(new MeterStatus(0, "1.0.0", 5, -60, List.of(), 0, 0)))
                .propertyNames())
        .containsExactlyInAnyOrder(
            "sequence",
            "firmware",
            "batteryPercent",
            "signalDbm",
            "faults",
            "uptimeSeconds",
            "blocksGivenUp");
  }
}

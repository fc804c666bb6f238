package meterveil.meter;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;
import meterveil.block.Block;
import meterveil.block.BlockLength;
import meterveil.block.Epoch;
import meterveil.cohort.CohortId;
import meterveil.meter.MeterSettings.Membership;
import meterveil.schema.SchemaFile;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DownlinkJsonTest {

  private static final SchemaFile SETTINGS = new SchemaFile("settings-1");
  private static final SchemaFile RESEND = new SchemaFile("resend-1");

  @Test
  void writesSettingsAsTheContractSays() {
    var settings =
        new MeterSettings(List.of(new Membership(new CohortId("00523-north-1"), BlockLength.DAY)));

    assertThat(new String(DownlinkJson.encode(settings), UTF_8))
        .isEqualTo(
            """
            {"epochs":[{"epoch":523,"start":"2012-12-16T00:00:00Z","end":"2013-01-15T00:00:00Z",\
            "cohort":"00523-north-1","blockHours":24}]}\
            """);
  }

  @Property(tries = 200)
  void settingsOnTheWireAreOfTheSchemaAndReadBackTheSame(
      @ForAll("memberships") List<Membership> memberships) {
    var settings = new MeterSettings(memberships);

    byte[] json = DownlinkJson.encode(settings);

    assertThat(SETTINGS.takes(json)).isTrue();
    assertThat(DownlinkJson.settings(json)).isEqualTo(settings);
  }

  @Property(tries = 200)
  void requestsOnTheWireAreOfTheSchemaAndReadBackTheSame(
      @ForAll @IntRange(min = 1, max = ResendRequest.BLOCKS_MAX) int blocks,
      @ForAll BlockLength length) {
    var first = Block.containing(Instant.parse("2013-01-01T17:00:00Z"), length);
    var request =
        new ResendRequest(
            IntStream.range(0, blocks)
                .mapToObj(i -> first.start().plus(Duration.ofHours((long) i * length.hours())))
                .toList());

    byte[] json = DownlinkJson.encode(request);

    assertThat(RESEND.takes(json)).isTrue();
    assertThat(DownlinkJson.resend(json)).isEqualTo(request);
  }

  @Test
  void passesOverMembersALaterPlatformMayAdd() {
    assertThat(
            DownlinkJson.resend(
                "{\"why\":\"lost\",\"blocks\":[\"2013-01-01T00:00:00Z\"]}".getBytes(UTF_8)))
        .isEqualTo(new ResendRequest(List.of(Instant.parse("2013-01-01T00:00:00Z"))));
    assertThat(
            DownlinkJson.settings(
                "{\"epochs\":[{\"cohort\":\"00523-n\",\"blockHours\":1,\"x\":2}]}".getBytes(UTF_8)))
        .isEqualTo(
            new MeterSettings(List.of(new Membership(new CohortId("00523-n"), BlockLength.HOUR))));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{",
        "null",
        "{}",
        "{\"blocks\":[]}",
        "{\"blocks\":[\"yesterday\"]}",
        "{\"blocks\":[17]}",
        "{\"blocks\":\"2013-01-01T00:00:00Z\"}"
      })
  void refusesWhatIsNoRequest(String json) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> DownlinkJson.resend(json.getBytes(UTF_8)));
    assertThat(RESEND.takes(json.getBytes(UTF_8))).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{",
        "{\"epochs\":[{}]}",
        "{\"epochs\":[{\"cohort\":\"north\",\"blockHours\":24}]}",
        "{\"epochs\":[{\"cohort\":\"00523-north-1\",\"blockHours\":12}]}"
      })
  void refusesWhatAreNoSettings(String json) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> DownlinkJson.settings(json.getBytes(UTF_8)));
    assertThat(SETTINGS.takes(json.getBytes(UTF_8))).isFalse();
  }

  @Provide
  static Arbitrary<List<Membership>> memberships() {
    Arbitrary<String> names =
        Arbitraries.strings().withChars("abcXYZ019_-").ofMinLength(1).ofMaxLength(58);
    return Combinators.combine(
            Arbitraries.integers().between(0, 97_000),
            names.list().ofMaxSize(3),
            Arbitraries.of(BlockLength.class))
        .as((epoch, cohorts, length) ->
            IntStream.range(0, cohorts.size())
                .mapToObj(
                    i -> new Membership(CohortId.of(new Epoch(epoch + i), cohorts.get(i)), length))
                .toList());
  }
}

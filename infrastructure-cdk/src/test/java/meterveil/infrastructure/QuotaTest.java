package meterveil.infrastructure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import meterveil.infrastructure.ServiceQuotas.Given;
import org.junit.jupiter.api.Test;

/// What meters need of what AWS limits.
class QuotaTest {

  private static final Pattern ROW =
      Pattern.compile("(?m)^\\| ([A-Z][^|]+?) \\| [0-9,]+[^|]* \\| ([0-9,]+)[^|]*\\|$");

  private static final String CONNECTIONS = "Maximum concurrent client connections per account";

  private final ByteArrayOutputStream printed = new ByteArrayOutputStream();

  @Test
  void isWhatTheArchitectureSaysOfAMillionMeters() throws IOException {
    var architecture =
        Files.readString(Synthesis.MODULE.resolveSibling("docs").resolve("architecture.md"));
    var written = new LinkedHashMap<String, Long>();
    ROW.matcher(architecture.substring(architecture.indexOf("Quotas met")))
        .results()
        .forEach(row -> written.put(row.group(1), Long.valueOf(row.group(2).replace(",", ""))));

    var needed = new LinkedHashMap<String, Long>();
    Quota.neededBy(new Load(1_000_000)).forEach(quota -> needed.put(quota.name(), quota.needed()));

    assertThat(needed).isNotEmpty().isEqualTo(written);
  }

  @Test
  void needsLittleForFewMeters() {
    assertThat(Quota.neededBy(new Load(10)))
        .filteredOn(quota -> !quota.name().equals("Concurrent executions"))
        .allSatisfy(quota -> assertThat(quota.needed()).isBetween(1L, 40L));
  }

  @Test
  void findsWhatIsTooLittleAndWhatIsNotKnown() {
    var given = enoughForProd();
    of(given, "iotcore").values().put(CONNECTIONS.toLowerCase(Locale.ROOT), 500_000.0);
    of(given, "lambda").values().clear();

    assertThat(QuotaCheck.report(Synthesis.settings("prod"), given, out()))
        .extracting(Quota::name)
        .containsExactly(CONNECTIONS, "Concurrent executions");
    assertThat(printed.toString(StandardCharsets.UTF_8))
        .containsPattern("RAISE +iotcore +" + CONNECTIONS + " +needs 1,000,000 +has +500,000")
        .containsPattern("NOT KNOWN +lambda +Concurrent executions .* has no quota of this name")
        .contains("Too little of 2.");
  }

  @Test
  void isContentWithEnough() {
    assertThat(QuotaCheck.report(Synthesis.settings("prod"), enoughForProd(), out())).isEmpty();
    assertThat(printed.toString(StandardCharsets.UTF_8))
        .contains("What 1,000,000 meters need in us-west-2")
        .contains("Enough of everything.")
        .doesNotContain("RAISE");
  }

  @Test
  void refusesTheQuotasOfAnotherAccount() {
    var given = enoughForProd();
    of(given, "lambda").accounts().add("999999999999");

    assertThatThrownBy(() -> QuotaCheck.report(Synthesis.settings("prod"), given, out()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("these credentials are of account 999999999999, not of stages.prod.account");
  }

  private PrintStream out() {
    return new PrintStream(printed, true, StandardCharsets.UTF_8);
  }

  private static Given of(Map<String, Given> given, String service) {
    return given.computeIfAbsent(
        service, name -> new Given(new TreeSet<>(Set.of("123456789012")), new TreeMap<>()));
  }

  private static Map<String, Given> enoughForProd() {
    var given = new TreeMap<String, Given>();
    for (var quota : Quota.neededBy(Synthesis.settings("prod").load())) {
      of(given, quota.service())
          .values()
          .put(quota.name().toLowerCase(Locale.ROOT), (double) quota.needed());
    }
    return given;
  }
}

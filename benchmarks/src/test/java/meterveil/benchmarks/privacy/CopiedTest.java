package meterveil.benchmarks.privacy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Copies of a run's tables show records of few meters, and tokens that return.
final class CopiedTest {

  private static final String OPEN = open("monday", "AA", "AB");
  private static final String TUESDAY = open("tuesday", "AC", "AD");
  private static final String CELL =
      closed("Usage", "\"cell\":\"13/a\",\"count\":50,\"energyKWh\":12");
  private static final String SUPPRESSED =
      closed("Usage", "\"cell\":\"14/a\",\"count\":0,\"energyKWh\":null");
  private static final String EMPTIED = closed("OpenBlocks", "\"b\":\"monday\",\"z\":\"e\"");

  @TempDir private Path folder;

  @Test
  void passesOverWhatIsEmptiedOrSuppressed() throws IOException {
    assertThat(read(OPEN, TUESDAY, CELL, SUPPRESSED, EMPTIED)).isEqualTo(new Copied(50, 1, 0, 4));
  }

  @Test
  @DisplayName("T5 a record of few meters is found in what a run has left")
  void findsTheRecordOfFewestMeters() throws IOException {
    String few = closed("Usage", "\"cell\":\"15/a\",\"count\":5,\"energyKWh\":1");
    assertThat(read(OPEN, CELL, few).metersMin()).isEqualTo(5);
    String notEmptied = closed("OpenBlocks", "\"b\":\"monday\",\"d\":7,\"t\":[\"AA\"]");
    assertThat(read(OPEN, CELL, notEmptied).metersMin()).isOne();
    String tokensOnly = closed("OpenBlocks", "\"b\":\"monday\",\"u\":[\"AA\",\"AB\"]");
    assertThat(read(OPEN, CELL, tokensOnly).metersMin()).isEqualTo(2);
    String sumOnly = closed("OpenBlocks", "\"b\":\"monday\",\"d\":7");
    assertThat(read(OPEN, CELL, sumOnly).metersMin()).isZero();
  }

  @Test
  @DisplayName("T5 a token that is in items of two days is found in what a run has open")
  void findsATokenThatReturns() throws IOException {
    assertThat(read(OPEN, open("tuesday", "AB", "AC"), CELL).tokensTwice()).isOne();
  }

  @Test
  void refusesToLookAtNothing() {
    assertThatIllegalStateException().isThrownBy(() -> read(OPEN, EMPTIED));
    assertThatIllegalStateException().isThrownBy(() -> read(CELL));
  }

  private Copied read(String... copies) throws IOException {
    return Copied.read(Files.write(folder.resolve("copies.jsonl"), List.of(copies)));
  }

  private static String open(String block, String token, String late) {
    return "{\"when\":\"open\",\"table\":\"OpenBlocks\",\"item\":{\"b\":\"%s\",\"d\":7,\"t\":[\"%s\"],\"u\":[\"%s\"]}}"
        .formatted(block, token, late);
  }

  private static String closed(String table, String item) {
    return "{\"when\":\"closed\",\"table\":\"%s\",\"item\":{%s}}".formatted(table, item);
  }
}

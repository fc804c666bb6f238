package meterveil.plan;

import de.siegmar.fastcsv.reader.CsvParseException;
import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.NamedCsvRecord;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.SequencedMap;
import meterveil.cohort.DistrictId;
import meterveil.cohort.TariffClass;
import meterveil.energy.Commodity;
import meterveil.meter.ListedMeter;
import meterveil.meter.ThingName;
import meterveil.tenant.TenantId;

/// A utility's list of meters: CSV with the header `thing,tenant,district,tariffClass,commodity`.
public final class MeterListCsv {

  private static final List<String> HEADER =
      List.of("thing", "tenant", "district", "tariffClass", "commodity");

  private MeterListCsv() {}

  /// What is wrong with a list: every line of it, with its number.
  public static final class BadListException extends Exception {

    private final List<String> problems;

    BadListException(Path file, List<String> problems) {
      super(file + ":\n" + String.join("\n", problems));
      this.problems = List.copyOf(problems);
    }

    /// One line each, such as `line 7: there is no commodity "water"`.
    public List<String> problems() {
      return problems;
    }
  }

  /// Reads a whole list.
  ///
  /// @throws BadListException if any line of it is wrong; then nothing of it counts
  /// @throws IOException if the file cannot be read
  public static List<ListedMeter> read(Path file) throws IOException, BadListException {
    return List.copyOf(lines(file).keySet());
  }

  /// Reads a whole list.
  ///
  /// @return the meters in the order of the file, each with the number of its line
  /// @throws BadListException if any line of it is wrong; then nothing of it counts
  /// @throws IOException if the file cannot be read
  public static SequencedMap<ListedMeter, Long> lines(Path file)
      throws IOException, BadListException {
    var meters = new LinkedHashMap<ListedMeter, Long>();
    var problems = new ArrayList<String>();
    var seen = new HashSet<ThingName>();
    try (CsvReader<NamedCsvRecord> csv =
        CsvReader.builder()
            .allowMissingFields(true)
            .allowExtraFields(true)
            .ofNamedCsvRecord(file)) {
      boolean first = true;
      for (NamedCsvRecord line : csv) {
        if (first && !line.getHeader().equals(HEADER)) {
          throw new BadListException(
              file, List.of("line 1: the header must be " + String.join(",", HEADER)));
        }
        first = false;
        try {
          ListedMeter meter = meter(line);
          meters.put(meter, line.getStartingLineNumber());
          if (!seen.add(meter.thing())) {
            problems.add(
                "line %d: %s is listed twice"
                    .formatted(line.getStartingLineNumber(), meter.thing()));
          }
        } catch (IllegalArgumentException e) {
          problems.add("line %d: %s".formatted(line.getStartingLineNumber(), e.getMessage()));
        }
      }
    } catch (CsvParseException e) {
      problems.add(String.valueOf(e.getMessage()));
    } catch (UncheckedIOException e) {
      throw new IOException(e);
    }
    if (meters.isEmpty() && problems.isEmpty()) {
      problems.add("there is no meter in it");
    }
    if (!problems.isEmpty()) {
      throw new BadListException(file, problems);
    }
    return meters;
  }

  private static ListedMeter meter(NamedCsvRecord line) {
    if (line.getFieldCount() != HEADER.size()) {
      throw new IllegalArgumentException(
          "%d fields in place of %d".formatted(line.getFieldCount(), HEADER.size()));
    }
    return new ListedMeter(
        new ThingName(line.getField("thing")),
        new TenantId(line.getField("tenant")),
        new DistrictId(line.getField("district")),
        choice(TariffClass.class, "tariff class", line.getField("tariffClass")),
        choice(Commodity.class, "commodity", line.getField("commodity")));
  }

  private static <T extends Enum<T>> T choice(Class<T> of, String what, String name) {
    for (T constant : of.getEnumConstants()) {
      if (constant.name().equals(name.toUpperCase(Locale.ROOT).replace('-', '_'))) {
        return constant;
      }
    }
    throw new IllegalArgumentException("there is no %s \"%s\"".formatted(what, name));
  }
}

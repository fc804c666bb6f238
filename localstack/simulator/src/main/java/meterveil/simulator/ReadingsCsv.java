package meterveil.simulator;

import de.siegmar.fastcsv.reader.CsvParseException;
import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.CsvRecord;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.zone.ZoneOffsetTransition;
import java.time.zone.ZoneRules;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import meterveil.meter.ThingName;

/// A file of quarter-hours, read as meters would report it: in UTC hours.
///
/// The format: a header `datetime,NAME,NAME…` with a column for each home, then a row for each
/// quarter-hour, in order: its start in local time as `d-m-yyyy HH:MM`, and the energy of each home
/// in whole watt-hours. An empty field is a quarter-hour that was not measured. An hour is measured
/// when any of its quarter-hours is, and has the energy of those that are.
///
/// When the clocks change, no energy is lost. In spring an hour of the day does not exist; rows in
/// it are added to the hour that its clock times mean then, one later. In autumn an hour comes
/// twice; where the file has it twice, the first is summer time, and where it has it once, it is
/// taken as that too, and the second is not measured.
///
/// @param measurements what the file says
/// @param rows how many rows it has, the header aside
/// @param clockChanges the days in it on which the clocks change
public record ReadingsCsv(Measurements measurements, int rows, List<ClockChange> clockChanges) {

  /// Where the clocks are by which such files are written, unless told otherwise.
  public static final ZoneId ZONE = ZoneId.of("Europe/Amsterdam");

  /// The most columns with homes.
  public static final int HOMES_MAX = 10_000;

  /// The longest stretch of time in one file: ten years.
  public static final int HOURS_MAX = 10 * 366 * 24;

  /// The first and the last year of which there are readings: within them, and some days before and
  /// after, the certificates of a run are valid.
  public static final int YEAR_MIN = 2001;

  public static final int YEAR_MAX = 2048;

  /// The most energy of a quarter-hour: no meter for homes or shops measures so much.
  public static final int QUARTER_HOUR_WH_MAX = 1_000_000;

  /// @throws NullPointerException if a clock change is missing
  public ReadingsCsv {
    clockChanges = List.copyOf(clockChanges);
  }

  /// A day on which the clocks change, and what the file has for it.
  ///
  /// @param day the local day
  /// @param rows how many rows it has
  /// @param rowsMoved how many of them lie in the hour that does not exist; 0 in autumn
  /// @param hourOnce whether the hour that comes twice is in the file once
  public record ClockChange(LocalDate day, int rows, int rowsMoved, boolean hourOnce) {

    /// One line for a person.
    @Override
    public String toString() {
      var line = new StringBuilder("%s: %d rows on clock-change day".formatted(day, rows));
      if (rowsMoved > 0) {
        line.append(", %d of them in the hour that does not exist".formatted(rowsMoved));
        line.append(", added to the hour they map to");
      }
      if (hourOnce) {
        line.append(", the hour that comes twice once, taken as summer time");
      }
      return line.toString();
    }
  }

  /// Reads a file in Dutch local time.
  ///
  /// @throws BadFileException if it is not of the format; the message names the line
  /// @throws IOException if it cannot be read
  public static ReadingsCsv read(Path file) throws IOException {
    return read(file, ZONE);
  }

  /// Reads a file in the local time of a zone.
  ///
  /// @throws BadFileException if it is not of the format; the message names the line
  /// @throws IOException if it cannot be read
  public static ReadingsCsv read(Path file, ZoneId zone) throws IOException {
    if (!Files.exists(file)) {
      throw new BadFileException(file, "no such file");
    }
    if (!Files.isRegularFile(file) || !Files.isReadable(file)) {
      throw new BadFileException(file, "not a file that can be read");
    }
    try (CsvReader<CsvRecord> csv =
        CsvReader.builder()
            .allowExtraFields(true)
            .allowMissingFields(true)
            .detectBomHeader(true)
            .ofCsvRecord(file)) {
      Iterator<CsvRecord> records = csv.iterator();
      if (!records.hasNext()) {
        throw new BadFileException(file, "empty");
      }
      var hours = new Hours(file, zone, things(file, records.next()));
      while (records.hasNext()) {
        hours.add(records.next());
      }
      return hours.readings();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    } catch (CsvParseException e) {
      throw new BadFileException(file, "not comma-separated values: " + e.getMessage());
    }
  }

  private static List<ThingName> things(Path file, CsvRecord header) throws IOException {
    List<String> names = header.getFields();
    if (!names.getFirst().strip().equalsIgnoreCase("datetime") || names.size() < 2) {
      throw new BadFileException(
          file, 1, "expected a header such as: datetime,Klant 2,Klant 4 (a column for each home)");
    }
    if (names.size() - 1 > HOMES_MAX) {
      throw new BadFileException(file, 1, "more than %,d homes".formatted(HOMES_MAX));
    }
    var things = new LinkedHashSet<ThingName>();
    for (String name : names.subList(1, names.size())) {
      String level = name.strip().toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9_-]+", "-");
      if (level.isEmpty() || level.length() > 64) {
        throw new BadFileException(
            file, 1, "column %d has no name of 1 to 64 characters".formatted(things.size() + 2));
      }
      if (!things.add(new ThingName(level))) {
        throw new BadFileException(file, 1, "two columns are named " + level);
      }
    }
    return List.copyOf(things);
  }

  /// The rows read so far, added up.
  private static final class Hours {

    private final Path file;
    private final ZoneRules zone;
    private final List<ThingName> things;
    private final List<ClockChange> clockChanges = new ArrayList<>();

    /// By home and hour; the hours grow with the file.
    private final int[][] energyWh;

    private Instant start = Instant.EPOCH;
    private int hours;
    private int rows;
    private LocalDateTime last = LocalDateTime.MIN;
    private Instant lastInstant = Instant.MIN;
    private boolean lastMoved;
    private int rowsOfDay;
    private int rowsMovedOfDay;
    private int rowsAmbiguousOfDay;
    private int rowsAgainOfDay;

    Hours(Path file, ZoneId zone, List<ThingName> things) {
      this.file = file;
      this.zone = zone.getRules();
      this.things = things;
      this.energyWh = new int[things.size()][];
      Arrays.setAll(energyWh, _ -> unmeasured(366 * 24));
    }

    void add(CsvRecord row) throws BadFileException {
      long line = row.getStartingLineNumber();
      if (row.getFieldCount() != things.size() + 1) {
        throw new BadFileException(
            file,
            line,
            "%d columns where the header has %d".formatted(row.getFieldCount(), things.size() + 1));
      }
      int hour = hour(line, row.getField(0));
      for (int home = 0; home < things.size(); home++) {
        int quarterWh = quarterWh(line, home, row.getField(home + 1));
        if (quarterWh != LoadProfile.NOT_MEASURED) {
          energyWh[home][hour] = Math.max(0, energyWh[home][hour]) + quarterWh;
        }
      }
      rows++;
    }

    ReadingsCsv readings() throws BadFileException {
      if (rows == 0) {
        throw new BadFileException(file, 1, "a header, but no rows");
      }
      endDay();
      var profiles = new LinkedHashMap<ThingName, LoadProfile>();
      for (int home = 0; home < things.size(); home++) {
        profiles.put(
            things.get(home), new LoadProfile(start, Arrays.copyOf(energyWh[home], hours)));
      }
      return new ReadingsCsv(new Measurements(profiles), rows, clockChanges);
    }

    /// The hour of a row, counted from the first one.
    private int hour(long line, String field) throws BadFileException {
      LocalDateTime local = local(line, field);
      if (local.getYear() < YEAR_MIN || local.getYear() > YEAR_MAX) {
        throw new BadFileException(
            file,
            line,
            "column 1 (datetime): \"%s\" is not in the years %d to %d"
                .formatted(field, YEAR_MIN, YEAR_MAX));
      }
      if (rows > 0 && !local.toLocalDate().equals(last.toLocalDate())) {
        endDay();
      }
      List<ZoneOffset> offsets = zone.getValidOffsets(local);
      boolean moved = offsets.isEmpty();
      Instant instant =
          moved
              ? local.toInstant(zone.getTransition(local).getOffsetBefore())
              : local.toInstant(offsets.getFirst());
      if (offsets.size() == 2 && !instant.isAfter(lastInstant)) {
        instant = local.toInstant(offsets.getLast());
        rowsAgainOfDay++;
      }
      // A moved row stands before others of the hour it is added to, so there the clock decides.
      boolean inOrder = (moved || lastMoved) ? local.isAfter(last) : instant.isAfter(lastInstant);
      if (rows > 0 && !inOrder) {
        throw new BadFileException(
            file, line, "%s does not come after the row before it".formatted(field));
      }
      last = local;
      lastInstant = instant;
      lastMoved = moved;
      rowsOfDay++;
      rowsMovedOfDay += moved ? 1 : 0;
      rowsAmbiguousOfDay += offsets.size() == 2 ? 1 : 0;
      if (rows == 0) {
        start = instant.minusSeconds(Math.floorMod(instant.getEpochSecond(), 3600));
      }
      long hour = (instant.getEpochSecond() - start.getEpochSecond()) / 3600;
      if (hour >= HOURS_MAX) {
        throw new BadFileException(file, line, field + " is ten years after the first row");
      }
      hours = Math.max(hours, (int) hour + 1);
      while (hours > energyWh[0].length) {
        Arrays.setAll(energyWh, home -> grown(energyWh[home]));
      }
      return (int) hour;
    }

    private LocalDateTime local(long line, String field) throws BadFileException {
      String[] parts = field.strip().split("[-: ]", -1);
      try {
        if (parts.length == 5 && field.strip().matches("[0-9]+-[0-9]+-[0-9]{4} [0-9]+:[0-9]{2}")) {
          var local =
              LocalDateTime.of(
                  Integer.parseInt(parts[2]),
                  Integer.parseInt(parts[1]),
                  Integer.parseInt(parts[0]),
                  Integer.parseInt(parts[3]),
                  Integer.parseInt(parts[4]));
          if (local.getMinute() % 15 == 0) {
            return local;
          }
        }
      } catch (DateTimeException | NumberFormatException _) {
        // Answered below, as every other date that is none.
      }
      throw new BadFileException(
          file,
          line,
          "\"%s\" is not the start of a quarter-hour such as 31-1-2013 17:45".formatted(field));
    }

    private int quarterWh(long line, int home, String field) throws BadFileException {
      String digits = field.strip();
      if (digits.isEmpty()) {
        return LoadProfile.NOT_MEASURED;
      }
      int wh = 0;
      for (int i = 0; i < digits.length(); i++) {
        int digit = digits.charAt(i) - '0';
        if (digit < 0 || digit > 9) {
          throw new BadFileException(
              file,
              line,
              "column %d (%s): \"%s\" is not a whole number of watt-hours, 0 or more"
                  .formatted(home + 2, things.get(home), field));
        }
        wh = wh * 10 + digit;
        if (wh > QUARTER_HOUR_WH_MAX) {
          throw new BadFileException(
              file,
              line,
              "column %d (%s): more than %,d Wh in a quarter-hour"
                  .formatted(home + 2, things.get(home), QUARTER_HOUR_WH_MAX));
        }
      }
      return wh;
    }

    /// Notes the day that is over if the clocks changed on it.
    private void endDay() {
      LocalDate day = last.toLocalDate();
      ZoneOffsetTransition next =
          zone.nextTransition(day.minusDays(1).atStartOfDay().toInstant(ZoneOffset.UTC));
      if (next != null && next.getDateTimeBefore().toLocalDate().equals(day)) {
        boolean hourOnce = rowsAmbiguousOfDay > 0 && rowsAgainOfDay == 0;
        clockChanges.add(new ClockChange(day, rowsOfDay, rowsMovedOfDay, hourOnce));
      }
      rowsOfDay = 0;
      rowsMovedOfDay = 0;
      rowsAmbiguousOfDay = 0;
      rowsAgainOfDay = 0;
    }

    private static int[] grown(int[] hours) {
      int[] grown = unmeasured(hours.length * 2);
      System.arraycopy(hours, 0, grown, 0, hours.length);
      return grown;
    }

    private static int[] unmeasured(int hours) {
      var energyWh = new int[hours];
      Arrays.fill(energyWh, LoadProfile.NOT_MEASURED);
      return energyWh;
    }
  }
}

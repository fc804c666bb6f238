package meterveil.embedded.run;

import static meterveil.embedded.run.Html.number;
import static meterveil.embedded.run.Html.text;
import static meterveil.embedded.run.Html.xy;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import meterveil.block.Epoch;
import meterveil.cohort.CohortId;
import meterveil.usage.Formed;
import meterveil.usage.ReleasedCell;

/// The released cells as drawings: a picture for each cohort, hour by hour.
///
/// Up to two weeks are drawn as columns, more as a field of a day's hours above one another with
/// the days' energy below. Cohorts of different epochs that have the same name but for the epoch
/// share a picture, though not their meters. A merged cell is drawn in the picture of each of its
/// cohorts with an even share of its energy, as what is each one's own is not known to anyone.
final class LoadCurves {

  /// The most pictures; what is drawn in none is in `cells.csv`.
  static final int PICTURES_MAX = 24;

  private static final int COLUMN_DAYS_MAX = 16;
  private static final int FIELD_DAYS_MAX = 186;
  private static final int TABLE_ROWS_MAX = 1_500;
  private static final int SHADES = 8;

  private static final double LEFT = 34;
  private static final double TOP = 8;

  private static final DateTimeFormatter DAY =
      DateTimeFormatter.ofPattern("EEE d MMM", Locale.ENGLISH);
  private static final DateTimeFormatter MONTH =
      DateTimeFormatter.ofPattern("MMM uuuu", Locale.ENGLISH);
  private static final DateTimeFormatter HOUR =
      DateTimeFormatter.ofPattern("EEE d MMM HH:mm", Locale.ENGLISH).withZone(ZoneOffset.UTC);

  private final Map<String, NavigableMap<Integer, ReleasedCell>> cohorts = new TreeMap<>();
  private final LocalDate firstDay;
  private final int days;
  private final double highestKWh;

  /// @param cells those of one hour are drawn, late totals are not
  LoadCurves(List<ReleasedCell> cells) {
    var hourly = cells.stream().filter(cell -> cell.formed() != Formed.LATE).toList();
    this.firstDay =
        hourly.stream().map(LoadCurves::day).min(LocalDate::compareTo).orElse(LocalDate.EPOCH);
    LocalDate last =
        hourly.stream().map(LoadCurves::day).max(LocalDate::compareTo).orElse(firstDay);
    this.days = hourly.isEmpty() ? 0 : (int) (last.toEpochDay() - firstDay.toEpochDay()) + 1;
    for (ReleasedCell cell : hourly) {
      for (CohortId cohort : cell.cohorts()) {
        cohorts.computeIfAbsent(name(cohort), _ -> new TreeMap<>()).put(hour(cell.start()), cell);
      }
    }
    this.highestKWh =
        Math.max(1, hourly.stream().mapToDouble(LoadCurves::shareKWh).max().orElse(0));
  }

  /// Legend, pictures and the same as a table.
  String html() {
    if (cohorts.isEmpty()) {
      return "<p class=\"note\">No cell was released.</p>\n";
    }
    boolean fields = days > COLUMN_DAYS_MAX;
    var html = new StringBuilder(legend(fields));
    html.append("<div class=\"curves%s\">\n".formatted(fields ? " wide" : ""));
    cohorts.entrySet().stream()
        .limit(PICTURES_MAX)
        .forEach(entry -> html.append(figure(entry.getKey(), entry.getValue(), fields)));
    html.append("</div>\n");
    if (cohorts.size() > PICTURES_MAX) {
      html.append(
          "<p class=\"note\">%d more cohorts are in <code>cells.csv</code>.</p>\n"
              .formatted(cohorts.size() - PICTURES_MAX));
    }
    return html.append(table()).toString();
  }

  /// What the drawings share.
  static String patterns() {
    return """
    <svg width="0" height="0" aria-hidden="true" style="position:absolute"><defs>
    <pattern id="merged" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">\
    <rect width="5" height="5" class="f-merged" opacity=".28"/><rect width="2.4" height="5" class="f-merged"/></pattern>
    <pattern id="over" width="3.4" height="3.4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">\
    <rect width="1.3" height="3.4" class="f-merged"/></pattern>
    <pattern id="suppressed" width="6" height="6" patternUnits="userSpaceOnUse">\
    <rect width="6" height="6" class="f-wash"/><circle cx="1.5" cy="1.5" r=".9" class="f-suppressed"/>\
    <circle cx="4.5" cy="4.5" r=".9" class="f-suppressed"/></pattern>
    </defs></svg>
    """;
  }

  private String legend(boolean fields) {
    String own =
        fields
            ? "<svg viewBox=\"0 0 22 14\" aria-hidden=\"true\"><rect width=\"6\" height=\"14\" class=\"h1\"/>"
                + "<rect x=\"5.5\" width=\"6\" height=\"14\" class=\"h3\"/><rect x=\"11\" width=\"6\" height=\"14\""
                + " class=\"h5\"/><rect x=\"16.5\" width=\"5.5\" height=\"14\" class=\"h7\"/></svg>"
            : swatch("class=\"f-own\"");
    String merged =
        fields
            ? "<svg viewBox=\"0 0 22 14\" aria-hidden=\"true\"><rect width=\"22\" height=\"14\""
                + " class=\"h2\"/><rect width=\"22\" height=\"14\" fill=\"url(#over)\"/></svg>"
            : swatch("fill=\"url(#merged)\"");
    String scale =
        fields ? ", from light at 0 to full at %s kWh an hour".formatted(xy(highestKWh)) : "";
    return """
    <ul class="legend">
    <li>%s<span><b>Own</b>: the cohort's cell as it is%s</span></li>
    <li>%s<span><b>Merged</b>: too few or too uneven alone, told with siblings; drawn at an even share</span></li>
    <li>%s<span><b>Suppressed</b>: may not be told</span></li>
    </ul>
    """
        .formatted(own, scale, merged, swatch("fill=\"url(#suppressed)\""));
  }

  private static String swatch(String fill) {
    return "<svg viewBox=\"0 0 22 14\" aria-hidden=\"true\"><rect width=\"22\" height=\"14\" rx=\"3\" %s/></svg>"
        .formatted(fill);
  }

  private String figure(String name, NavigableMap<Integer, ReleasedCell> hours, boolean fields) {
    Map<Formed, Integer> count = count(hours);
    String said =
        "%s own · %s merged · %s suppressed"
            .formatted(
                number(count.getOrDefault(Formed.OWN, 0)),
                number(count.getOrDefault(Formed.MERGED, 0)),
                number(count.getOrDefault(Formed.SUPPRESSED, 0)));
    var pictures = new StringBuilder();
    if (fields) {
      for (int day = 0; day < days; day += FIELD_DAYS_MAX) {
        pictures.append(field(hours, day, Math.min(days, day + FIELD_DAYS_MAX)));
      }
    } else {
      pictures.append(columns(hours));
    }
    String label =
        "Energy released of cohort %s by hour, %s to %s UTC: %s hours"
            .formatted(name, firstDay, firstDay.plusDays(days - 1), said);
    return """
    <figure><figcaption><h3>%s</h3><span>%s hours</span></figcaption>
    <div class="scroll" role="img" tabindex="0" aria-label="%s">
    %s</div></figure>
    """
        .formatted(text(name), said, text(label), pictures);
  }

  private String columns(NavigableMap<Integer, ReleasedCell> hours) {
    double width = 502;
    double height = 138;
    double column = width / (days * 24);
    double step = niceStep(highestKWh);
    double top = Math.ceil(highestKWh / step) * step;
    var svg = new StringBuilder("<svg viewBox=\"0 0 540 172\" aria-hidden=\"true\">\n");
    for (double kWh = 0; kWh <= top + step / 2; kWh += step) {
      double y = TOP + height * (1 - kWh / top);
      svg.append(
          "<line x1=\"%s\" x2=\"536\" y1=\"%s\" y2=\"%s\" class=\"%s\"/><text x=\"%s\" y=\"%s\" text-anchor=\"end\">%s</text>\n"
              .formatted(
                  xy(LEFT),
                  xy(y),
                  xy(y),
                  kWh == 0 ? "axis" : "grid",
                  xy(LEFT - 6),
                  xy(y + 3.5),
                  xy(kWh)));
    }
    for (int day = 0; day < days; day++) {
      double x = LEFT + day * 24 * column;
      svg.append(
          "<line x1=\"%1$s\" x2=\"%1$s\" y1=\"%2$s\" y2=\"%3$s\" class=\"grid\"/>"
              .formatted(xy(x), xy(TOP), xy(TOP + height + 5)));
      if (days <= 7 || day % 2 == 0) {
        svg.append(
            "<text x=\"%s\" y=\"%s\">%s</text>\n"
                .formatted(xy(x + 4), xy(TOP + height + 17), DAY.format(firstDay.plusDays(day))));
      }
    }
    hours.forEach((hour, cell) -> {
      boolean told = cell.formed() != Formed.SUPPRESSED;
      double high = told ? Math.max(1, height * shareKWh(cell) / top) : height;
      svg.append(
          "<rect x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" %s><title>%s</title></rect>\n"
              .formatted(
                  xy(LEFT + hour * column),
                  xy(TOP + height - high),
                  xy(told && column > 2 ? column - 0.5 : column),
                  xy(high),
                  fill(cell.formed()),
                  text(told(cell))));
    });
    return svg.append("</svg>\n").toString();
  }

  /// A stretch of days, each a column of its 24 hours, and below it the energy of each day.
  private String field(NavigableMap<Integer, ReleasedCell> hours, int from, int to) {
    double width = 1020;
    double side = Math.min(12, width / (to - from));
    double row = 6;
    double fieldHeight = 24 * row;
    double curveTop = TOP + fieldHeight + 26;
    double curveHeight = 58;
    double highestDay = 1;
    for (int day = 0; day < days; day++) {
      highestDay = Math.max(highestDay, dayKWh(hours, day));
    }
    var shades = new StringBuilder[SHADES];
    for (int shade = 0; shade < SHADES; shade++) {
      shades[shade] = new StringBuilder();
    }
    var over = new StringBuilder();
    var suppressed = new StringBuilder();
    var curve = new StringBuilder();
    for (int day = from; day < to; day++) {
      double x = LEFT + (day - from) * side;
      for (int hour = 0; hour < 24; hour++) {
        ReleasedCell cell = hours.get(day * 24 + hour);
        if (cell != null) {
          // A hair taller and wider than its place, so that no gap shows between neighbours.
          String place =
              "M%s %sh%sv%sh-%sz"
                  .formatted(
                      xy(x),
                      xy(TOP + (23 - hour) * row),
                      xy(side + 0.2),
                      xy(row + 0.2),
                      xy(side + 0.2));
          switch (cell.formed()) {
            case SUPPRESSED -> suppressed.append(place);
            case MERGED -> over.append(place);
            case OWN, LATE -> {}
          }
          if (cell.formed() != Formed.SUPPRESSED) {
            int shade = (int) Math.min(SHADES - 1, SHADES * shareKWh(cell) / highestKWh);
            shades[shade].append(place);
          }
        }
      }
      double y = curveTop + curveHeight * (1 - dayKWh(hours, day) / highestDay);
      curve.append("%s%s %sh%s".formatted(curve.isEmpty() ? "M" : "L", xy(x), xy(y), xy(side)));
    }
    double end = LEFT + (to - from) * side;
    var svg = new StringBuilder();
    svg.append("<svg viewBox=\"0 0 1064 264\" aria-hidden=\"true\">\n");
    for (int hour = 0; hour <= 18; hour += 6) {
      svg.append(
          "<text x=\"%s\" y=\"%s\" text-anchor=\"end\">%02d h</text>"
              .formatted(xy(LEFT - 6), xy(TOP + (24 - hour) * row - 1), hour));
    }
    for (int shade = 0; shade < SHADES; shade++) {
      svg.append("<path class=\"h%d\" d=\"%s\"/>\n".formatted(shade, shades[shade]));
    }
    svg.append("<path fill=\"url(#over)\" d=\"%s\"/>\n".formatted(over));
    svg.append("<path fill=\"url(#suppressed)\" d=\"%s\"/>\n".formatted(suppressed));
    for (int day = from; day < to; day++) {
      LocalDate date = firstDay.plusDays(day);
      double x = LEFT + (day - from) * side;
      if (date.getDayOfMonth() == 1 || (day == from && date.getDayOfMonth() < 24)) {
        svg.append(
            "<line x1=\"%1$s\" x2=\"%1$s\" y1=\"%2$s\" y2=\"%3$s\" class=\"axis\"/><text x=\"%4$s\" y=\"%5$s\">%6$s</text>\n"
                .formatted(
                    xy(x),
                    xy(TOP + fieldHeight),
                    xy(curveTop + curveHeight),
                    xy(x + 5),
                    xy(TOP + fieldHeight + 15),
                    MONTH.format(date)));
      }
      if (day > from && !Epoch.of(date).equals(Epoch.of(date.minusDays(1)))) {
        svg.append(
            "<line x1=\"%1$s\" x2=\"%1$s\" y1=\"%2$s\" y2=\"%3$s\" class=\"s-ink\" stroke-dasharray=\"2 3\" opacity=\".55\"/>\n"
                .formatted(xy(x), xy(TOP - 6), xy(TOP + fieldHeight)));
      }
    }
    svg.append(
        "<path class=\"f-own\" opacity=\".16\" d=\"%1$sV%2$sH%3$sz\"/><path class=\"s-own\" stroke-width=\"1.3\" d=\"%1$s\"/>\n"
            .formatted(curve, xy(curveTop + curveHeight), xy(LEFT)));
    svg.append(
        "<line x1=\"%s\" x2=\"%s\" y1=\"%3$s\" y2=\"%3$s\" class=\"axis\"/>"
            .formatted(xy(LEFT), xy(end), xy(curveTop + curveHeight)));
    svg.append(
        "<text x=\"%1$s\" y=\"%2$s\" text-anchor=\"end\">%3$s</text><text x=\"%1$s\" y=\"%4$s\" text-anchor=\"end\">0</text>"
            .formatted(
                xy(LEFT - 6),
                xy(curveTop + 8),
                number(Math.round(highestDay)),
                xy(curveTop + curveHeight)));
    svg.append(
        "<text x=\"%s\" y=\"%s\">kWh a day; dashed: cohorts are made anew</text>\n"
            .formatted(xy(LEFT), xy(curveTop + curveHeight + 15)));
    return svg.append("</svg>\n").toString();
  }

  private String table() {
    if (cohorts.size() * days > TABLE_ROWS_MAX) {
      return "<p class=\"note\">Every cell, in numbers: <code>cells.csv</code>.</p>\n";
    }
    var rows = new StringBuilder();
    cohorts.forEach((name, hours) -> {
      for (int day = 0; day < days; day++) {
        Map<Formed, Integer> count = count(ofDay(hours, day));
        rows.append(
            "<tr><th scope=\"row\">%s</th><td>%s</td><td class=\"n\">%s</td><td class=\"n\">%d</td><td class=\"n\">%d</td><td class=\"n\">%d</td></tr>\n"
                .formatted(
                    text(name),
                    firstDay.plusDays(day),
                    xy(dayKWh(hours, day)),
                    count.getOrDefault(Formed.OWN, 0),
                    count.getOrDefault(Formed.MERGED, 0),
                    count.getOrDefault(Formed.SUPPRESSED, 0)));
      }
    });
    return """
    <details><summary>The same as a table, by day</summary>
    <div class="scroll" role="region" tabindex="0" aria-label="Released energy by cohort and day">
    <table><thead><tr><th scope="col">Cohort</th><th scope="col">Day (UTC)</th><th scope="col" class="n">kWh</th>\
    <th scope="col" class="n">Own hours</th><th scope="col" class="n">Merged</th><th scope="col" class="n">Suppressed</th></tr></thead>
    <tbody>
    %s</tbody></table></div></details>
    """
        .formatted(rows);
  }

  private static Map<Formed, Integer> count(NavigableMap<Integer, ReleasedCell> hours) {
    var count = new EnumMap<Formed, Integer>(Formed.class);
    hours.values().forEach(cell -> count.merge(cell.formed(), 1, Integer::sum));
    return count;
  }

  private static double dayKWh(NavigableMap<Integer, ReleasedCell> hours, int day) {
    return ofDay(hours, day).values().stream().mapToDouble(LoadCurves::shareKWh).sum();
  }

  private static NavigableMap<Integer, ReleasedCell> ofDay(
      NavigableMap<Integer, ReleasedCell> hours, int day) {
    return hours.subMap(day * 24, true, day * 24 + 24, false);
  }

  private static double shareKWh(ReleasedCell cell) {
    return (double) cell.energyKWh().orElse(0) / Math.max(1, cell.cohorts().size());
  }

  private static String told(ReleasedCell cell) {
    String hour = HOUR.format(cell.start());
    return switch (cell.formed()) {
      case OWN, LATE ->
          "%s: %d kWh of %d meters or a few more"
              .formatted(hour, cell.energyKWh().orElse(0), cell.count());
      case MERGED ->
          "%s: merged, %d kWh of %d meters or a few more in %d cohorts"
              .formatted(hour, cell.energyKWh().orElse(0), cell.count(), cell.cohorts().size());
      case SUPPRESSED -> hour + ": suppressed";
    };
  }

  private static String fill(Formed formed) {
    return switch (formed) {
      case OWN, LATE -> "class=\"f-own\"";
      case MERGED -> "fill=\"url(#merged)\"";
      case SUPPRESSED -> "fill=\"url(#suppressed)\"";
    };
  }

  /// A step of 1, 2 or 5 times a power of ten, for three to six lines.
  private static double niceStep(double highest) {
    double rough = highest / 4;
    double power = Math.pow(10, Math.floor(Math.log10(rough)));
    double times = rough / power;
    return Math.max(1, power * (times > 5 ? 10 : times > 2 ? 5 : times > 1 ? 2 : 1));
  }

  private static String name(CohortId cohort) {
    return cohort.value().substring(CohortId.prefix(cohort.epoch()).length());
  }

  private static LocalDate day(ReleasedCell cell) {
    return LocalDate.ofInstant(cell.start(), ZoneOffset.UTC);
  }

  private int hour(Instant start) {
    return (int)
        Duration.between(firstDay.atStartOfDay(ZoneOffset.UTC).toInstant(), start).toHours();
  }
}

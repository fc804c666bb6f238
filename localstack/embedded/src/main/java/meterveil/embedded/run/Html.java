package meterveil.embedded.run;

import java.util.Locale;

/// Pieces of a page.
final class Html {

  private Html() {}

  /// A text, so that nothing in it is read as markup, in an attribute's value neither.
  static String text(Object value) {
    var escaped = new StringBuilder();
    value
        .toString()
        .chars()
        .forEach(c -> {
          switch (c) {
            case '&' -> escaped.append("&amp;");
            case '<' -> escaped.append("&lt;");
            case '>' -> escaped.append("&gt;");
            case '"' -> escaped.append("&quot;");
            case '\'' -> escaped.append("&#39;");
            default -> escaped.append((char) c);
          }
        });
    return escaped.toString();
  }

  /// A whole number with its thousands apart.
  static String number(long value) {
    return String.format(Locale.ROOT, "%,d", value).replace("-", "−");
  }

  /// Watt-hours as kilowatt-hours, whole from a hundred on.
  static String kWh(long wh) {
    return Math.abs(wh) >= 100_000
        ? number(Math.round(wh / 1000.0))
        : decimal(wh / 1000.0, 1).replace("-", "−");
  }

  /// A share in percent.
  static String percent(long part, long whole) {
    return whole == 0 ? "–" : decimal(100.0 * part / whole, 2).replace("-", "−") + " %";
  }

  /// A number with so many places.
  static String decimal(double value, int places) {
    return String.format(Locale.ROOT, "%,." + places + "f", value);
  }

  /// A coordinate, as short as it can be.
  static String xy(double value) {
    String text = String.format(Locale.ROOT, "%.2f", value);
    return text.replaceAll("\\.?0+$", "");
  }
}

package meterveil.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// Bars of several things beside each other, as an SVG picture that needs nothing else.
public final class Chart {

  private static final int WIDTH = 760;
  private static final int NAMES_WIDTH = 300;
  private static final int BAR_HEIGHT = 22;
  private static final int PITCH = 32;
  private static final int TOP = 56;

  private record Bar(String name, double value, String text, boolean ours) {}

  private final String title;
  private final String unit;
  private final List<Bar> bars = new ArrayList<>();

  /// @param title above it
  /// @param unit of its values
  public Chart(String title, String unit) {
    this.title = title;
    this.unit = unit;
  }

  /// Adds a bar.
  ///
  /// @param value its length, 0 or more
  /// @param ours whether it stands out
  public Chart bar(String name, double value, int decimals, boolean ours) {
    bars.add(new Bar(name, value, String.format(Locale.ROOT, "%,." + decimals + "f", value), ours));
    return this;
  }

  /// The picture.
  public String svg() {
    double max = bars.stream().mapToDouble(Bar::value).max().orElse(1);
    int height = TOP + bars.size() * PITCH + 12;
    var svg = new StringBuilder();
    svg.append(
        """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %1$d %2$d" width="%1$d" height="%2$d" font-family="system-ui, sans-serif" font-size="13">
        <rect width="%1$d" height="%2$d" fill="#fff"/>
        <text x="16" y="26" font-size="16" font-weight="600" fill="#1d2a33">%3$s</text>
        <text x="16" y="44" fill="#5b6b75">%4$s</text>
        """
            .formatted(WIDTH, height, escaped(title), escaped(unit)));
    int y = TOP;
    double room = WIDTH - NAMES_WIDTH - 110.0;
    for (Bar bar : bars) {
      double length = max > 0 ? Math.max(1, bar.value / max * room) : 1;
      svg.append(
          String.format(
              Locale.ROOT,
              """
              <text x="%d" y="%d" text-anchor="end" fill="#1d2a33">%s</text>
              <rect x="%d" y="%d" width="%.1f" height="%d" rx="3" fill="%s"/>
              <text x="%.1f" y="%d" fill="#1d2a33">%s</text>
              """,
              NAMES_WIDTH - 10,
              y + 16,
              escaped(bar.name),
              NAMES_WIDTH,
              y,
              length,
              BAR_HEIGHT,
              bar.ours ? "#0b7a75" : "#a9b8c1",
              NAMES_WIDTH + length + 8,
              y + 16,
              bar.text));
      y += PITCH;
    }
    return svg.append("</svg>\n").toString();
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }
}

package meterveil.embedded.run;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;
import static meterveil.embedded.run.Html.decimal;
import static meterveil.embedded.run.Html.kWh;
import static meterveil.embedded.run.Html.number;
import static meterveil.embedded.run.Html.percent;
import static meterveil.embedded.run.Html.text;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.LocalDate;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import meterveil.embedded.iot.Refusal.Reason;
import meterveil.embedded.run.RunSummary.Energy;
import meterveil.reading.Refusal;
import meterveil.usage.ReleaseRule;
import meterveil.usage.ReleasedCell;

/// `report.html`: a run on one page, in one file that asks for nothing else.
final class Report {

  private static final DateTimeFormatter DATE =
      DateTimeFormatter.ofPattern("d MMMM uuuu", Locale.ENGLISH);

  /// What collecting one meter-hour may cost in write units, by the hours of a block.
  private static final Map<Integer, Double> UNITS_MAX = Map.of(24, 0.13, 1, 1.05);

  /// What releasing it may cost.
  private static final double RELEASE_UNITS_MAX = 0.1;

  private final RunSummary run;
  private final List<ReleasedCell> cells;

  /// @param run what to tell of
  /// @param cells every released cell
  Report(RunSummary run, List<ReleasedCell> cells) {
    this.run = run;
    this.cells = cells;
  }

  String html() {
    return """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
    <title>%s – Meterveil</title>
    <style>
    %s</style>
    </head>
    <body>
    %s%s<main>
    %s%s%s%s%s%s%s</main>
    <footer>Times are UTC. Released energy is rounded to 1 kWh, counts are rounded down to a multiple of 5.</footer>
    </body>
    </html>
    """
        .formatted(
            text(title()),
            css(),
            LoadCurves.patterns(),
            header(),
            figures(),
            curves(),
            energy(),
            refusals(),
            traces(),
            cost(),
            notes());
  }

  private static String css() {
    try (InputStream css =
        Objects.requireNonNull(Report.class.getResourceAsStream("report.css"), "report.css")) {
      return new String(css.readAllBytes(), UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String title() {
    var scope = run.scope();
    String what = "%s, %s".formatted(many(scope.meters(), "meter"), many(scope.days(), "day"));
    return scope.file().map(file -> what + " of " + file).orElse(what);
  }

  private String header() {
    var scope = run.scope();
    LocalDate last = scope.firstDay().plusDays(scope.days() - 1L);
    String data =
        scope.file().isPresent()
            ? "Real data, replayed"
            : "Made-up homes from seed " + scope.seed();
    String what =
        "%s: %s to %s, a block of %s at once, %s in %s, %s. Kept for %s."
            .formatted(
                data,
                DATE.format(scope.firstDay()),
                DATE.format(last),
                many(scope.blockHours(), "hour"),
                many(scope.cohorts(), "cohort"),
                many(scope.districts(), "district"),
                many(scope.epochs(), "epoch"),
                many(scope.retentionDays(), "day"));
    return """
    <header>
    <p class="product">Meterveil</p>
    <h1>%s</h1>
    <p class="what">%s</p>
    <ul class="verdicts">
    %s%s</ul>
    </header>
    """
        .formatted(
            text(title()),
            text(what),
            energyVerdict(),
            tracesVerdict()
                + run.undone().stream().map(undone -> verdict("bad", undone)).collect(joining()));
  }

  private String energyVerdict() {
    Energy energy = run.energy();
    if (energy.unrecordedDays() != 0) {
      return verdict(
          "bad",
          "%s without a record: %s Wh of what was sent are not accounted for"
              .formatted(many(energy.unrecordedDays(), "day"), number(energy.differenceWh())));
    }
    if (energy.isWrong()) {
      return verdict(
          "bad", number(energy.differenceWh()) + " Wh of what was sent are not accounted for");
    }
    return energy.undisclosedDays() == 0
        ? verdict("good", "Every watt-hour is accounted for")
        : verdict(
            "unknown",
            "Every watt-hour is accounted for, but of %s whose total may not be told, or is not kept any more"
                .formatted(many(energy.undisclosedDays(), "day")));
  }

  private String tracesVerdict() {
    int hits = run.scan().hits().size();
    return hits == 0
        ? verdict("good", "No trace of a single meter was stored or logged")
        : verdict("bad", "Traces of single meters were found: " + number(hits));
  }

  private static String verdict(String kind, String words) {
    return "<li class=\"%s\">%s</li>\n".formatted(kind, text(words));
  }

  private String figures() {
    var counts = run.counts();
    Energy energy = run.energy();
    var formed = run.cells();
    return "<dl class=\"figures\">\n"
        + figure(
            "Messages",
            number(counts.messages()),
            decimal(run.messagesPerSecond(), 0) + " a second, from the first to the last")
        + figure(
            "Meter-hours counted",
            number(counts.meterHours()),
            counts.duplicates() == 0
                ? "each once"
                : "each once; %s dropped".formatted(many(counts.duplicates(), "duplicate")))
        + figure(
            "Energy released",
            kWh(energy.releasedWh()) + " <small>kWh</small>",
            percent(energy.releasedWh(), energy.sentWh()) + " of what was sent")
        + figure(
            "Cells",
            number(formed.all()),
            "%s own, %s merged, %s suppressed"
                .formatted(
                    number(formed.own()), number(formed.merged()), number(formed.suppressed())))
        + figure(
            "Traces of a meter",
            number(run.scan().hits().size()),
            "in %s and %s"
                .formatted(
                    many(run.scan().items(), "item"), many(run.scan().logLines(), "log line")))
        + figure(
            "Write units",
            perMeterHour(run.writeUnits().collect()),
            "a meter-hour collected, %s more to release it"
                .formatted(perMeterHour(run.writeUnits().release())))
        + "</dl>\n";
  }

  private static String figure(String name, String value, String more) {
    return "<div><dt>%s</dt><dd>%s</dd><dd>%s</dd></div>\n".formatted(name, value, more);
  }

  private String curves() {
    return """
    <section aria-labelledby="curves">
    <h2 id="curves">What was released, cohort by cohort</h2>
    <p class="lead">Energy of each hour in kWh. An hour is told when it holds at least %d meters and none of them has more than %d %% of it.</p>
    %s</section>
    """
        .formatted(
            ReleaseRule.METERS_MIN, ReleaseRule.SHARE_PERCENT_MAX, new LoadCurves(cells).html());
  }

  /// A part of the energy sent.
  private record Part(String id, String name, long wh, String why) {}

  private List<Part> parts() {
    Energy energy = run.energy();
    return List.of(
        new Part(
            "released", "Released", energy.releasedWh(), "In cells anyone may see, as rounded"),
        new Part(
            "late",
            "Late",
            energy.lateWh(),
            "Came after its hour was released; told as totals of a district"),
        new Part(
            "withheld",
            "Withheld",
            energy.withheldWh(),
            "Suppressed, clipped and rounded away; below zero where more was rounded up"),
        new Part(
            "undisclosed",
            "Not told",
            energy.undisclosedWh(),
            "What was withheld of days whose total may not be told, and all of days that are not kept any more; by the meters' own books"),
        new Part(
            "pending",
            "Pending",
            energy.pendingWh(),
            "In blocks not released, or of days not closed"),
        new Part(
            "refused",
            "Refused",
            energy.refusedWh(),
            "Turned away, as it has to be; by the meters' own books"),
        new Part(
            "undelivered",
            "Undelivered",
            energy.undeliveredWh(),
            "Never reached the platform; by the meters' own books"));
  }

  private String energy() {
    Energy energy = run.energy();
    List<Part> parts = parts();
    var rows = new StringBuilder();
    for (Part part : parts) {
      rows.append(
          """
          <tr><th scope="row"><i class="swatch b-%s" aria-hidden="true"></i>%s</th><td class="n">%s</td><td class="n">%s</td><td class="why">%s</td></tr>
          """
              .formatted(
                  part.id(),
                  part.name(),
                  number(part.wh()),
                  percent(part.wh(), energy.sentWh()),
                  part.why()));
    }
    if (energy.isWrong()) {
      rows.append(
          """
          <tr><th scope="row">Not accounted for</th><td class="n">%s</td><td class="n">%s</td><td class="why">This must not be</td></tr>
          """
              .formatted(
                  number(energy.differenceWh()), percent(energy.differenceWh(), energy.sentWh())));
    }
    return """
    <section aria-labelledby="energy">
    <h2 id="energy">Where the energy went</h2>
    <p class="lead">What was sent, refused and undelivered is summed by the meters themselves, without asking the platform; the rest is read from the platform's stores, but for what is not told: that is what the meters' own books have of those days, less what was released of them, so of those days the sum holds by itself.</p>
    <div class="bar" role="img" aria-label="%s">
    %s</div>
    <div class="scroll" role="region" tabindex="0" aria-label="Energy reconciliation">
    <table><thead><tr><th scope="col">Part</th><th scope="col" class="n">Wh</th><th scope="col" class="n">Share</th><th scope="col">What it is</th></tr></thead>
    <tbody>
    %s</tbody>
    <tfoot><tr><th scope="row">Sent</th><td class="n">%s</td><td class="n">%s</td><td class="why">Summed by the meters, each meter and block once</td></tr></tfoot>
    </table></div>
    </section>
    """
        .formatted(
            text(spoken(parts)),
            bar(parts),
            rows,
            number(energy.sentWh()),
            percent(energy.sentWh(), energy.sentWh()));
  }

  private String spoken(List<Part> parts) {
    var words = new StringBuilder("Of %s Wh sent".formatted(number(run.energy().sentWh())));
    parts.forEach(part ->
        words.append(
            ", %s %s"
                .formatted(
                    part.name().toLowerCase(Locale.ROOT),
                    percent(part.wh(), run.energy().sentWh()))));
    return words.toString();
  }

  private static String bar(List<Part> parts) {
    List<Part> seen = parts.stream().filter(part -> part.wh() > 0).toList();
    double mostWh = seen.stream().mapToLong(Part::wh).max().orElse(1);
    // What is there is seen, however little it is.
    ToDoubleFunction<Part> weight = part -> Math.max(0.002, part.wh() / mostWh);
    double whole = seen.stream().mapToDouble(weight).sum();
    var svg =
        new StringBuilder(
            "<svg viewBox=\"0 0 1000 34\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect width=\"1000\" height=\"34\" class=\"f-wash\"/>\n");
    double x = 0;
    for (Part part : seen) {
      double width = 1000 * weight.applyAsDouble(part) / whole;
      svg.append(
          "<rect x=\"%s\" width=\"%s\" height=\"34\" class=\"f-%s\"><title>%s: %s Wh</title></rect>\n"
              .formatted(
                  Html.xy(x),
                  Html.xy(Math.max(1, width - 1.5)),
                  part.id(),
                  part.name(),
                  number(part.wh())));
      x += width;
    }
    return svg.append("</svg>\n").toString();
  }

  private String refusals() {
    var rows = new StringBuilder();
    new TreeMap<>(run.counts().refused())
        .forEach(
            (reason, count) -> rows.append(refusal(reason, "Collector", count, words(reason))));
    new TreeMap<>(run.counts().refusedByBroker())
        .forEach(
            (reason, count) -> rows.append(refusal(reason, "Broker", count, brokerWords(reason))));
    String said =
        rows.isEmpty()
            ? "<p class=\"lead\" style=\"margin:0\">Nothing was refused.</p>\n"
            : """
            <p class="lead">A reason is counted; nothing of the message is kept.</p>
            <div class="scroll" role="region" tabindex="0" aria-label="Refused messages by reason">
            <table><thead><tr><th scope="col">Reason</th><th scope="col">By</th><th scope="col" class="n">Messages</th><th scope="col">What it means</th></tr></thead>
            <tbody>
            %s</tbody></table></div>
            """
                .formatted(rows);
    return """
    <section aria-labelledby="refused">
    <h2 id="refused">What was refused, and why</h2>
    %s</section>
    """
        .formatted(said);
  }

  private static String refusal(String reason, String by, long count, String words) {
    return """
    <tr><th scope="row">%s</th><td>%s</td><td class="n">%s</td><td class="why">%s</td></tr>
    """
        .formatted(
            text(reason.toLowerCase(Locale.ROOT).replace('_', ' ')),
            by,
            number(count),
            text(words));
  }

  private static String words(String reason) {
    return Arrays.stream(Refusal.values())
        .filter(refusal -> refusal.name().equals(reason))
        .map(Report::words)
        .findFirst()
        .orElse("");
  }

  private static String words(Refusal refusal) {
    return switch (refusal) {
      case TOO_LARGE -> "More bytes than any readings have";
      case NOT_JSON -> "Not one JSON object, or nested too deeply";
      case DUPLICATE_MEMBER -> "A member stands in it twice";
      case MISSING_MEMBER -> "No start, or no energy";
      case BAD_START -> "The start is not a whole UTC hour";
      case NOT_WHOLE -> "An hour's energy is not a whole number";
      case NEGATIVE -> "An hour's energy is below zero";
      case ABOVE_CAP -> "An hour's energy is more than the connection can carry";
      case WRONG_LENGTH -> "Not one or two blocks of the length agreed";
      case NOT_ALIGNED -> "Does not begin where a block begins";
      case WRONG_EPOCH -> "Hours of an epoch for which the cohort was not made";
      case NOT_OVER -> "Hours that are not over yet";
      case TOO_LATE -> "Hours that ended more than 72 hours ago";
      case UNKNOWN_COHORT -> "There is no such cohort";
    };
  }

  private static String brokerWords(String key) {
    return Arrays.stream(Reason.values())
        .filter(reason -> reason.key().equals(key))
        .map(Report::words)
        .findFirst()
        .orElse("");
  }

  private static String words(Reason reason) {
    return switch (reason) {
      case HANDSHAKE -> "No certificate, a foreign or an expired one, or a TLS that is too old";
      case CERTIFICATE_UNKNOWN -> "A certificate that was never registered";
      case CERTIFICATE_INACTIVE -> "A certificate that was switched off";
      case CERTIFICATE_REVOKED -> "A certificate that was revoked";
      case CERTIFICATE_PENDING -> "A certificate that is not activated yet";
      case CERTIFICATE_EXPIRED -> "A certificate that does not hold now";
      case CONNECT -> "Its policy does not allow this client, session or last will";
      case TOPIC -> "A topic that is too long or has too many levels";
      case PUBLISH -> "Its policy does not allow to publish there";
      case RETAIN -> "Its policy does not allow to leave messages there";
      case WILL -> "Its policy does not allow the last will that was due";
      case SUBSCRIBE -> "Its policy does not allow to subscribe to that";
      case RECEIVE -> "Its policy does not allow to hear that";
    };
  }

  private String traces() {
    var scan = run.scan();
    var rows = new StringBuilder();
    scan.hits().stream()
        .limit(100)
        .forEach(
            hit -> rows.append("<li>%s: %s</li>\n".formatted(text(hit.where()), text(hit.what()))));
    return """
    <section aria-labelledby="traces">
    <h2 id="traces">Looking for traces of a meter</h2>
    <p class="lead">Everything stored, kept or logged was searched for each meter's name, for pieces of messages and for hours a meter measured, plain and in base64. A name may stand in the key of what is known of its device, in the topic of its settings and where the broker's log says who was refused, nowhere else. What failed is handed to resend, message and all; resend keeps nothing.</p>
    <dl class="pair">
    %s%s%s%s</dl>
    %s</section>
    """
        .formatted(
            pair(
                "Traces found",
                number(scan.hits().size()),
                scan.hits().isEmpty() ? "nothing points to one meter" : "listed below"),
            pair(
                "Items in tables",
                number(scan.items()),
                "of every table, while open and at the end"),
            pair("Log lines", number(scan.logLines()), "all functions, metrics included"),
            pair(
                "Messages and key uses",
                number(scan.retainedMessages() + scan.failureRecords() + scan.keyContexts()),
                "%s retained, %s of failures, %s key contexts"
                    .formatted(
                        number(scan.retainedMessages()),
                        number(scan.failureRecords()),
                        number(scan.keyContexts()))),
            rows.isEmpty() ? "" : "<ul class=\"note\">\n%s</ul>\n".formatted(rows));
  }

  private String cost() {
    var pace = run.pace();
    Double collectMax = UNITS_MAX.get(run.scope().blockHours());
    String memory =
        pace.residentBytesMax().isPresent()
            ? decimal(pace.residentBytesMax().getAsLong() / (double) (1L << 30), 2)
                + " <small>GiB</small>"
            : "not measured";
    return """
    <section aria-labelledby="cost">
    <h2 id="cost">What it takes</h2>
    <p class="lead">Write units are DynamoDB's own figures; one writes up to 1 KB. Time and memory are of this machine, all processes together.</p>
    <dl class="pair">
    %s%s%s%s</dl>
    </section>
    """
        .formatted(
            units(
                "Collecting, write units a meter-hour",
                run.writeUnits().collect(),
                collectMax == null ? 0 : collectMax),
            units(
                "Releasing, write units a meter-hour",
                run.writeUnits().release(),
                RELEASE_UNITS_MAX),
            pair(
                "From start to last closed day",
                decimal(pace.wallSeconds(), 1) + " <small>s</small>",
                "first message counted after %s s".formatted(decimal(pace.startSeconds(), 1))),
            pair("Memory at most", memory, "resident, all processes at one time"));
  }

  private String units(String name, double units, double max) {
    var perMeterHour = run.perMeterHour(units);
    String limit = max > 0 ? ", at most %s".formatted(decimal(max, 2)) : "";
    String gauge = "";
    if (max > 0 && perMeterHour != null) {
      double share = 100 * perMeterHour.doubleValue() / max;
      gauge =
          "<div class=\"gauge%s\" aria-hidden=\"true\"><i style=\"width:%s%%\"></i></div>"
              .formatted(share > 100 ? " over" : "", Html.xy(Math.min(100, share)));
    }
    return "<div><dt>%s</dt><dd>%s</dd><dd>%s in all%s%s</dd></div>\n"
        .formatted(name, perMeterHour(units), decimal(units, 1), limit, gauge);
  }

  private static String pair(String name, String value, String more) {
    return "<div><dt>%s</dt><dd>%s</dd><dd>%s</dd></div>\n".formatted(name, value, more);
  }

  private String notes() {
    if (run.notes().isEmpty()) {
      return "";
    }
    var items = new StringBuilder();
    run.notes().forEach(note -> items.append("<li>%s</li>\n".formatted(text(note))));
    return """
    <section aria-labelledby="notes">
    <h2 id="notes">To be known besides</h2>
    <ul class="note">
    %s</ul></section>
    """
        .formatted(items);
  }

  private String perMeterHour(double units) {
    var perMeterHour = run.perMeterHour(units);
    return perMeterHour == null ? "–" : perMeterHour.toPlainString();
  }

  private static String many(long count, String of) {
    return "%s %s%s".formatted(number(count), of, count == 1 ? "" : "s");
  }
}

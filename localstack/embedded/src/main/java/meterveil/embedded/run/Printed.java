package meterveil.embedded.run;

import static meterveil.embedded.run.Html.decimal;
import static meterveil.embedded.run.Html.number;

import java.nio.file.Path;
import java.util.Locale;
import java.util.TreeMap;

/// A run's summary as a person reads it in a terminal.
///
/// @param run what to tell of
/// @param folder where the rest lies
record Printed(RunSummary run, Path folder) {

  /// Several lines.
  String text() {
    var scope = run.scope();
    var counts = run.counts();
    var energy = run.energy();
    var pace = run.pace();
    var text = new StringBuilder();
    text.append(
        "%n%s meters, %s days from %s, blocks of %d h, %d cohorts in %d districts, %d epochs%n%n"
            .formatted(
                number(scope.meters()),
                number(scope.days()),
                scope.firstDay(),
                scope.blockHours(),
                scope.cohorts(),
                scope.districts(),
                scope.epochs()));
    row(text, "messages", number(counts.messages()), "sent, each counted once here");
    row(
        text,
        "blocks counted",
        number(counts.accepted()),
        number(counts.meterHours()) + " meter-hours");
    row(text, "duplicates", number(counts.duplicates()), "dropped");
    new TreeMap<>(counts.refused())
        .forEach((reason, count) ->
            row(text, "refused", number(count), reason.toLowerCase(Locale.ROOT).replace('_', ' ')));
    new TreeMap<>(counts.refusedByBroker())
        .forEach(
            (reason, count) -> row(text, "refused", number(count), reason + ", by the broker"));
    row(
        text,
        "cells",
        number(run.cells().all()),
        "%s own, %s merged, %s suppressed"
            .formatted(
                number(run.cells().own()),
                number(run.cells().merged()),
                number(run.cells().suppressed())));
    row(text, "daily totals", number(run.dailyTotals()), "for everyone, with noise");
    text.append('\n');
    row(text, "sent", number(energy.sentWh()), "Wh, by the meters' own books");
    row(text, "released", number(energy.releasedWh()), "Wh");
    row(text, "late", number(energy.lateWh()), "Wh");
    row(text, "withheld", number(energy.withheldWh()), "Wh suppressed, clipped or rounded away");
    row(
        text,
        "not told",
        number(energy.undisclosedWh()),
        "Wh of %d days: withheld where their total may not be told, all where they are not kept any more"
            .formatted(energy.undisclosedDays()));
    row(text, "pending", number(energy.pendingWh()), "Wh");
    row(text, "refused", number(energy.refusedWh()), "Wh");
    row(text, "undelivered", number(energy.undeliveredWh()), "Wh");
    row(text, "difference", number(energy.differenceWh()), difference());
    run.undone().forEach(what -> text.append("  UNDONE: %s%n".formatted(what)));
    text.append('\n');
    row(
        text,
        "traces",
        number(run.scan().hits().size()),
        "of a single meter, in %s items and %s log lines"
            .formatted(number(run.scan().items()), number(run.scan().logLines())));
    run.scan().hits().stream()
        .limit(10)
        .forEach(hit -> text.append("    %s: %s%n".formatted(hit.where(), hit.what())));
    row(
        text,
        "write units",
        perMeterHour(run.writeUnits().collect()),
        "a meter-hour to collect, %s to release"
            .formatted(perMeterHour(run.writeUnits().release())));
    row(
        text,
        "time",
        decimal(pace.wallSeconds(), 1) + " s",
        "%s messages a second; first counted after %s s"
            .formatted(decimal(run.messagesPerSecond(), 0), decimal(pace.startSeconds(), 1)));
    row(
        text,
        "memory",
        pace.residentBytesMax().isPresent()
            ? decimal(pace.residentBytesMax().getAsLong() / (double) (1L << 30), 2) + " GiB"
            : "–",
        pace.residentBytesMax().isPresent()
            ? "resident at most, all processes together"
            : "not measured: this system does not tell");
    text.append('\n');
    run.notes().forEach(note -> text.append(note).append('\n'));
    return text.append("%nReport: %s%n".formatted(folder.resolve("report.html"))).toString();
  }

  private String difference() {
    if (run.energy().unrecordedDays() != 0) {
      return "Wh: NOT ACCOUNTED FOR, and %d days have no record"
          .formatted(run.energy().unrecordedDays());
    }
    return run.energy().isWrong()
        ? "Wh: NOT ACCOUNTED FOR"
        : "Wh: all that was sent is accounted for";
  }

  private String perMeterHour(double units) {
    var perMeterHour = run.perMeterHour(units);
    return perMeterHour == null ? "–" : perMeterHour.toPlainString();
  }

  private static void row(StringBuilder text, String name, String value, String more) {
    text.append("  %-15s%14s  %s%n".formatted(name, value, more));
  }
}

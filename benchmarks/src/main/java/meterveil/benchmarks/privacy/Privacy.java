package meterveil.benchmarks.privacy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import meterveil.benchmarks.Chart;
import meterveil.benchmarks.Goal;
import meterveil.benchmarks.MainLineRuns;
import meterveil.benchmarks.Outcome;
import meterveil.benchmarks.Spread;
import meterveil.benchmarks.Table;
import meterveil.benchmarks.privacy.Sensitivity.Bound;
import meterveil.benchmarks.privacy.Sensitivity.Choice;
import meterveil.block.BlockLength;
import meterveil.cohort.TariffClass;
import meterveil.energy.Commodity;
import meterveil.usage.ReleaseRule;

/// What the stores give away of a home, and what is left of the data for those it is meant for.
public final class Privacy {

  private static final List<Integer> SIZES = List.of(50, 70, 25, 15);

  /// Deals of meters to cohorts that are tried.
  private static final int DEALS = 10;

  /// Shares of the covariance between hours that filters leave out: of 0.1 to 0.9 about what finds
  /// most, and all of it.
  private static final List<Double> SHRINKAGES = List.of(0.7, 1.0);

  /// Cohorts that other choices are tried with, and the fewest that have goals.
  private static final int COHORTS = 8;

  private static final int COHORTS_MIN = 4;
  private static final String FEW_COHORTS = COHORTS_MIN + " cohorts";

  private static final int SPLITS = 4;
  private static final double TIMES_GUESSING_MAX = 1.5;
  private static final double AUC_MAX = 0.02;
  private static final double CELL_ERROR_MAX = 0.02;
  private static final double RELEASED_MIN = 0.98;

  /// Better than guessing by less than this is chance, at the number of hours that are looked at.
  private static final double CHANCE_MAX = 0.02;

  /// What the attacks learn from, and what their 95 % confidence needs.
  private static final int HOMES_MIN = 30;

  private static final int WEEKS_MIN = 4;

  private Privacy() {}

  /// Refuses a file that says too little.
  ///
  /// @throws IllegalArgumentException naming it, if there are too few homes or weeks
  /// @throws meterveil.simulator.BadFileException if something is wrong with it
  public static void requireEnough(Path file) throws IOException {
    Homes homes = Homes.read(file);
    if (homes.count() < HOMES_MIN || homes.weeks() < WEEKS_MIN) {
      throw new IllegalArgumentException(
          "%s has %d homes and %d whole weeks, from Monday 00:00 UTC: at least %d and %d are needed"
              .formatted(file, homes.count(), homes.weeks(), HOMES_MIN, WEEKS_MIN));
    }
  }

  /// Measures it.
  ///
  /// @param file of homes, as `scripts/run --readings` takes it
  /// @param repository its root folder, built
  /// @param runs of the whole line
  public static List<Outcome> measure(Path file, Path repository, MainLineRuns runs)
      throws IOException, InterruptedException {
    Homes homes = Homes.read(file);
    System.out.printf("  %d homes, %d weeks%n", homes.count(), homes.weeks());
    Resampled.Ran ran = Resampled.run(homes, SIZES.getFirst(), runs);
    Copied copied = Copied.read(ran.run().folder().resolve("copies.jsonl"));
    OpenItems.Told told = OpenItems.look(homes, repository, runs.emptied("open-items"));
    return outcomes(homes, ran, copied, told);
  }

  /// What it comes to.
  static List<Outcome> outcomes(
      Homes homes, Resampled.Ran ran, Copied copied, OpenItems.Told told) {
    return List.of(
        linking(Linking.link(homes, SPLITS, 1), copied, told),
        cells(homes, ran),
        openItems(told),
        sensitivity(homes),
        openData(homes));
  }

  private static Outcome linking(Linking.Found found, Copied copied, OpenItems.Told told) {
    var table =
        new Table(
            "R1: the same home's record found a week later, of half of the homes",
            "store",
            "nearest neighbour",
            "one to one",
            "guessing");
    table.row(
        "weekly pseudonyms (the usual design)",
        ratio(found.nearest()),
        ratio(found.assigned()),
        ratio(found.guessing()));
    var ours =
        new Table(
            "R1: what there is to be linked in copies of the run's tables", "", "found", "of");
    ours.row(
        "the fewest meters of an item that is left when all days are closed",
        Integer.toString(copied.metersMin()),
        "%,d items".formatted(copied.itemsLeft()));
    ours.row(
        "tokens in more than one item while days are open",
        Integer.toString(copied.tokensTwice()),
        "%,d tokens".formatted(copied.tokens()));
    var figures = new LinkedHashMap<String, Object>();
    figures.put("weeklyPseudonyms", found);
    figures.put("copiesOfTheRun", copied);
    figures.put("tokensInTwoItems", told.tokensTwice());
    return new Outcome(
        "R1 linking",
        List.of(table, ours),
        figures,
        Map.of(
            "linking",
            new Chart("A home's record found a week later", "share of homes, one-to-one assignment")
                .bar("weekly pseudonyms", found.assigned(), 2, false)
                .bar("guessing", found.guessing(), 2, false)
                .svg()),
        List.of(
            Goal.atLeast(
                "R1: the fewest meters of an item that the run has left",
                "meters",
                copied.metersMin(),
                ReleaseRule.METERS_MIN),
            Goal.atMost(
                "R1: tokens in more than one item of the run's open days",
                "",
                copied.tokensTwice(),
                0),
            Goal.atMost(
                "R1: tokens of meters that are in more than one item, of two days and lengths",
                "",
                told.tokensTwice(),
                0)));
  }

  /// What one deal of meters to cohorts comes to.
  private record Dealt(
      double aucAdded,
      double aucOwn,
      double closePairs,
      double cellError,
      double released,
      double own) {

    static Dealt of(Resampled run, Attacks.Usual usual) {
      Attacks.Gain gain = Attacks.gain(run, usual);
      return new Dealt(
          gain.added(),
          gain.own(),
          Attacks.closePairs(run),
          Attacks.cellError(run),
          Attacks.releasedShare(run),
          Attacks.ownShare(run));
    }
  }

  private static Outcome cells(Homes homes, Resampled.Ran ran) {
    var table =
        new Table(
            "R2 to R5 and use: what released cells tell. %,d meters; medians (minimum–maximum) of %d deals; R2: all deals as one, with the interval of 95 %% confidence"
                .formatted(ran.store().meters().size(), DEALS),
            "meters in a cohort",
            "cohorts",
            "R2 × guessing",
            "R3 AUC added",
            "R5 close pairs",
            "cell error",
            "released",
            "own cells");
    List<Filter> filters =
        SHRINKAGES.stream().map(shrinkage -> new Filter(homes, shrinkage)).toList();
    var figures = new LinkedHashMap<String, Object>();
    var chart = new Chart("R2: which cohort holds a known home", "times as often as by guessing");
    Attacks.Usual usual = Attacks.Usual.of(homes);
    Dealt store = Dealt.of(ran.store(), usual);
    Attacks.Times storeTimes = Attacks.timesGuessing(List.of(ran.store()), filters);
    row(table, "50, the run's store", ran.store().cohortCount(), storeTimes, List.of(store));
    var summary = ran.run().summary();
    long traces = MainLineRuns.traces(summary);
    var inStore = new LinkedHashMap<String, Object>();
    inStore.put("figures", store);
    inStore.put("timesGuessing", storeTimes);
    inStore.put("hoursAsDecidedInMemory", ran.sameCells());
    inStore.put("hours", Homes.HOURS);
    inStore.put(
        "releasedByTheRunsOwnSummary",
        summary.path("releasedWh").asDouble() / summary.path("sentWh").asDouble());
    inStore.put("traces", traces);
    figures.put("store", inStore);
    var goals = new ArrayList<Goal>();
    goals.add(
        Goal.atMost(
            "R2: a known home's cohort found in the run's store, upper bound",
            "times guessing",
            storeTimes.high(),
            TIMES_GUESSING_MAX));
    goals.add(
        Goal.atMost(
            "R3: what its cell in the run's store adds to guessing at a home",
            "AUC",
            store.aucAdded(),
            AUC_MAX));
    double closePairs = store.closePairs();
    for (int size : SIZES) {
      List<Resampled> deals =
          IntStream.range(0, DEALS).mapToObj(seed -> Resampled.decided(homes, size, seed)).toList();
      List<Dealt> dealt = deals.stream().map(deal -> Dealt.of(deal, usual)).toList();
      Attacks.Times times = Attacks.timesGuessing(deals, filters);
      closePairs += dealt.stream().mapToDouble(Dealt::closePairs).sum();
      row(
          table,
          "%d, decided in memory".formatted(size),
          deals.getFirst().cohortCount(),
          times,
          dealt);
      chart.bar("%d meters".formatted(size), times.mean(), 2, size == SIZES.getFirst());
      figures.put(Integer.toString(size), Map.of("timesGuessing", times, "deals", dealt));
      if (size == SIZES.getFirst()) {
        goals.add(
            Goal.atMost(
                "R2: a known home's cohort of 50 found, upper bound",
                "times guessing",
                times.high(),
                TIMES_GUESSING_MAX));
        goals.add(
            Goal.atMost(
                "R3: what its cell adds to guessing at a home",
                "AUC",
                spread(dealt, Dealt::aucAdded).median(),
                AUC_MAX));
      }
    }
    int ofAnySize =
        IntStream.range(0, DEALS)
            .map(seed -> Attacks.closePairs(Resampled.ofAnySize(homes, seed)))
            .sum();
    figures.put("closePairsOfCohortsOfAnySize", ofAnySize);
    closePairs += ofAnySize;
    goals.add(Goal.atMost("R4: traces of a meter in any store", "", (double) traces, 0));
    goals.add(
        Goal.atMost(
            "R5: released cells that overlap or differ by 1 to 14 meters", "pairs", closePairs, 0));
    goals.add(Goal.atMost("use: error of an hour's cell", "", store.cellError(), CELL_ERROR_MAX));
    goals.add(
        Goal.atLeast("use: energy released after merging", "", store.released(), RELEASED_MIN));
    goals.add(
        Goal.atLeast(
            "hours of the store that are as decided in memory",
            "hours",
            (double) ran.sameCells(),
            Homes.HOURS));
    return new Outcome(
        "R2 to R5 released cells", List.of(table), figures, Map.of("cohort", chart.svg()), goals);
  }

  private static Spread spread(List<Dealt> dealt, ToDoubleFunction<Dealt> figure) {
    return Spread.of(dealt.stream().map(figure::applyAsDouble).toList());
  }

  private static void row(
      Table table, String name, int cohorts, Attacks.Times times, List<Dealt> dealt) {
    table.row(
        name,
        Integer.toString(cohorts),
        "%.2f (%.2f–%.2f)".formatted(times.mean(), times.low(), times.high()),
        text(spread(dealt, Dealt::aucAdded), 3),
        text(spread(dealt, Dealt::closePairs), 0),
        percent(spread(dealt, Dealt::cellError).median()),
        percent(spread(dealt, Dealt::released).median()),
        percent(spread(dealt, Dealt::own).median()));
  }

  private static String text(Spread spread, int decimals) {
    return spread.min() == spread.max()
        ? ("%." + decimals + "f").formatted(spread.median())
        : spread.text(decimals);
  }

  private static Outcome openItems(OpenItems.Told told) {
    var table =
        new Table(
            "Copies of open items without the day key, after each of 11 meters: %,d meter-hours"
                .formatted(told.hours()),
            "what is looked at",
            "found",
            "by guessing");
    table.row(
        "a bit of what is hidden, from the same bit of the masked number (share)",
        "%.3f".formatted(0.5 + told.bitGain()),
        "0.500");
    table.row(
        "an hour above the median, from its masked number (AUC)",
        "%.3f".formatted(0.5 + told.energyGain()),
        "0.500");
    table.row(
        "which of two meters' buckets is higher, from their masked numbers (AUC)",
        "%.3f".formatted(0.5 + told.higherGain()),
        "0.500");
    table.row(
        "equal buckets of two meters, hours or cohorts, from their masked numbers (AUC)",
        "%.3f".formatted(0.5 + told.equalGain()),
        "0.500");
    table.row(
        "pairs of masked numbers that have a mask in common",
        Integer.toString(told.masksInCommon()),
        "0");
    return new Outcome(
        "open items",
        List.of(table),
        Map.of("told", told),
        Map.of(),
        List.of(
            Goal.atMost(
                "open items: any bit of what a masked number hides, above guessing",
                "",
                told.bitGain(),
                CHANCE_MAX),
            Goal.atMost(
                "open items: an hour's energy from its masked number, above guessing",
                "AUC",
                told.energyGain(),
                CHANCE_MAX),
            Goal.atMost(
                "open items: the higher of two meters' buckets, above guessing",
                "AUC",
                told.higherGain(),
                CHANCE_MAX),
            Goal.atMost(
                "open items: equal buckets of two meters, hours or cohorts, above guessing",
                "AUC",
                told.equalGain(),
                CHANCE_MAX),
            Goal.atMost(
                "open items: pairs of masked numbers that have a mask in common",
                "",
                told.masksInCommon(),
                0)));
  }

  private static Outcome sensitivity(Homes homes) {
    var table =
        new Table(
            "What is released, for other choices: %d cohorts for six weeks, in memory"
                .formatted(COHORTS),
            "",
            "released",
            "cell error",
            "own cells");
    int clipWh = (int) TariffClass.RESIDENTIAL.clip(Commodity.ELECTRICITY).value();
    int size = SIZES.getFirst();
    String asBuilt = "as built: clip %,d Wh, %d meters".formatted(clipWh, size);
    var choices = new LinkedHashMap<String, Choice>();
    choices.put(asBuilt, new Choice(Bound.AS_BUILT, clipWh, size, COHORTS));
    choices.put(FEW_COHORTS, new Choice(Bound.AS_BUILT, clipWh, size, COHORTS_MIN));
    for (double ratio : List.of(1.0, 1.1, 1.25, 1.5, 2.0)) {
      choices.put("ratio " + ratio, new Choice(Bound.ratio(ratio), clipWh, size, COHORTS));
    }
    for (int other : List.of(1_500, 2_500, 3_500, 10_000)) {
      choices.put("clip %,d Wh".formatted(other), new Choice(Bound.AS_BUILT, other, size, COHORTS));
    }
    for (int other : List.of(15, 25, 75)) {
      choices.put("%d meters".formatted(other), new Choice(Bound.AS_BUILT, clipWh, other, COHORTS));
    }
    var figures = new LinkedHashMap<String, Sensitivity.Released>();
    choices.forEach((name, choice) -> {
      var released = Sensitivity.of(homes, choice, 1);
      table.row(
          name, percent(released.released()), percent(released.error()), percent(released.own()));
      figures.put(name, released);
    });
    var few = Objects.requireNonNull(figures.get(FEW_COHORTS));
    return new Outcome(
        "sensitivity",
        List.of(table),
        new LinkedHashMap<>(figures),
        Map.of(),
        List.of(
            Goal.atMost(
                "use: error of an hour's cell of four cohorts", "", few.error(), CELL_ERROR_MAX),
            Goal.atLeast(
                "use: energy released of four cohorts", "", few.released(), RELEASED_MIN)));
  }

  private static String ratio(double value) {
    return "%.2f".formatted(value);
  }

  private static String percent(double share) {
    return "%.2f %%".formatted(share * 100);
  }

  /// The error of daily totals with noise: epsilon 1 for a meter's day.
  private static Outcome openData(Homes homes) {
    var table =
        new Table(
            "Open data: daily totals with discrete Laplace noise, epsilon 1 a meter and day",
            "meters",
            "reports every",
            "cut at",
            "error by noise",
            "error by cutting",
            "error of both");
    var figures = new LinkedHashMap<String, Object>();
    for (BlockLength length : List.of(BlockLength.DAY, BlockLength.HOUR)) {
      for (int meters : List.of(100, 300, 1_000)) {
        OpenData.Errors errors = OpenData.measure(homes, meters, length);
        table.row(
            "%,d".formatted(meters),
            "%d h".formatted(length.hours()),
            "%,d Wh".formatted(OpenData.blockMax(length).value()),
            percent(errors.noise()),
            percent(errors.cut()),
            percent(errors.both()));
        figures.put("%d meters every %d h".formatted(meters, length.hours()), errors);
      }
    }
    return new Outcome("open data", List.of(table), figures, Map.of(), List.of());
  }
}

package meterveil.embedded.run;

import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.Writer;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import meterveil.block.BlockLength;
import meterveil.block.Epoch;
import meterveil.cell.OpenBlockTable;
import meterveil.embedded.aws.CloudAssembly;
import meterveil.embedded.aws.CloudAssembly.Resource;
import meterveil.embedded.aws.Deployment;
import meterveil.embedded.cloud.Assembly;
import meterveil.embedded.cloud.Cloud;
import meterveil.embedded.cloud.Effects;
import meterveil.embedded.cloud.Effects.Effect;
import meterveil.embedded.cloud.LocalStackDeployment;
import meterveil.embedded.cloud.LocalStackDeployment.Deployed;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;

/// Deploys the templates into LocalStack, looks at what is really there, and runs the platform's
/// main job on its tables and keys.
///
/// Ends with 0 when everything is there that LocalStack can make, all energy is accounted for and
/// no trace of a meter was found; with 1 when not.
@Command(
    name = "scripts/run-localstack",
    description = {
      "Deploys Meterveil's templates into LocalStack and runs its main job there: broker, rules and"
          + " functions on this machine, tables and keys in LocalStack.",
      ""
    },
    sortOptions = false,
    usageHelpAutoWidth = true)
final class RunLocalStack implements Callable<Integer> {

  private static final JsonMapper MAPPER = new JsonMapper();
  private static final int DISTRICTS = 2;

  @Option(
      names = "--endpoint",
      paramLabel = "URL",
      defaultValue = "http://localhost:4566",
      description = "Where LocalStack is. Default: http://localhost:4566")
  private URI endpoint = URI.create("http://localhost:4566");

  @Option(
      names = "--meters",
      paramLabel = "N",
      defaultValue = "100",
      description = "How many homes to make up. Default: 100")
  private int meters;

  @Option(
      names = "--days",
      paramLabel = "N",
      defaultValue = "2",
      description = "How many days to make up. Default: 2")
  private int days;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      description = "What names, made-up homes and cohorts depend on. Default: 1")
  private long seed;

  private final Path repository;
  private final Clock wall = Clock.systemUTC();

  /// @param repository its root folder
  RunLocalStack(Path repository) {
    this.repository = repository;
  }

  /// Ends the process with the run's exit code.
  public static void main(String... arguments) {
    var repository = Path.of(System.getProperty("meterveil.repository", "")).toAbsolutePath();
    var command = CommandSpec.forAnnotatedObject(new RunLocalStack(repository));
    command.addOption(
        OptionSpec.builder("-h", "--help").usageHelp(true).description("Say this.").build());
    System.exit(new CommandLine(command).execute(arguments));
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    Path folder = repository.resolve("target/localstack");
    Path cloudAssembly = repository.resolve("infrastructure-cdk/target/cdk.out");
    String region = CloudAssembly.read(cloudAssembly).region();
    var progress = new Progress(System.out, false, wall);
    Scenario scenario =
        Scenario.madeUp(
            meters,
            days,
            new Scenario.Choices(
                seed,
                BlockLength.DAY,
                DISTRICTS,
                Optional.empty(),
                Optional.empty(),
                Optional.empty()));
    try (Cloud cloud = Cloud.localStack(endpoint, region)) {
      progress.say("Deploying into LocalStack at %s …".formatted(endpoint));
      var deployed = LocalStackDeployment.deploy(cloud, Assembly.read(cloudAssembly), wall);
      Deployment place = deployed.tablesAndKeys();
      CloudAssembly assembly = CloudAssembly.read(cloudAssembly, place);
      List<Effect> effects = Effects.of(cloud, assembly, deployed);
      progress.say(text(deployed, effects));
      Replay.Outcome outcome =
          new Replay(
                  scenario,
                  repository,
                  folder.resolve("platform"),
                  Optional.of(place),
                  _ -> {},
                  false,
                  progress)
              .run();
      Map<String, Long> items = items(cloud, assembly);
      Map<String, Long> left = left(scenario, outcome);
      Files.createDirectories(folder);
      Files.writeString(
          folder.resolve("deployment.json"),
          MAPPER
              .writerWithDefaultPrettyPrinter()
              .writeValueAsString(json(deployed, effects, items, left)));
      Files.writeString(folder.resolve("summary.json"), outcome.summary().toJson());
      try (Writer csv = Files.newBufferedWriter(folder.resolve("cells.csv"))) {
        CellsCsv.write(outcome.accounts().cells(), csv);
      }
      Files.writeString(
          folder.resolve("report.html"),
          new Report(outcome.summary(), outcome.accounts().cells()).html());
      progress.say(new Printed(outcome.summary(), folder).text());
      progress.say("Items in LocalStack's tables: %s".formatted(items));
      boolean asLeft = items.entrySet().containsAll(left.entrySet());
      if (!asLeft) {
        progress.say("NOT SO: the run left %s".formatted(left));
      }
      boolean right =
          outcome.summary().isRight()
              && deployed.stacks().stream().allMatch(stack -> stack.missing().isEmpty())
              && effects.stream().allMatch(effect -> effect.holds() || effect.isLimit())
              && asLeft;
      progress.say(right ? "All of it is as it should be." : "NOT all of it is as it should be.");
      return right ? CommandLine.ExitCode.OK : CommandLine.ExitCode.SOFTWARE;
    }
  }

  private static String text(LocalStackDeployment deployment, List<Effect> effects) {
    var text = new StringBuilder();
    for (Deployed stack : deployment.stacks()) {
      text.append(
          "%n%s: %d resources in %.1f s, %d as a fallback, %d left to the embedded run%n"
              .formatted(
                  stack.name(),
                  stack.made().size(),
                  stack.took().toMillis() / 1000.0,
                  stack.fallbacks().size(),
                  stack.leftOut().size()));
      stack
          .fallbacks()
          .forEach(
              (id, type) -> text.append("  deployed as a fallback  %s %s%n".formatted(type, id)));
      stack
          .missing()
          .forEach((id, type) ->
              text.append("  NOT SO: %s %s is none that LocalStack lacks%n".formatted(type, id)));
      counted(stack.leftOut())
          .forEach((type, count) ->
              text.append("  not asked for           %s (%d)%n".formatted(type, count)));
    }
    long held = effects.stream().filter(Effect::holds).count();
    text.append("%n%d of %d properties are as the templates say%n".formatted(held, effects.size()));
    effects.stream()
        .filter(effect -> !effect.holds() && effect.isLimit())
        .collect(
            groupingBy(
                effect -> effect.resource().split(" ", 2)[0] + ", " + effect.what(),
                TreeMap::new,
                counting()))
        .forEach((what, count) ->
            text.append("  LocalStack leaves out   %s (%d)%n".formatted(what, count)));
    effects.stream()
        .filter(effect -> !effect.holds() && !effect.isLimit())
        .forEach(effect ->
            text.append(
                "  NOT SO: %s, %s: %s was asked for, %s is there%n"
                    .formatted(effect.resource(), effect.what(), effect.asked(), effect.found())));
    return text.toString();
  }

  private static Map<String, Long> counted(Map<String, String> types) {
    return types.values().stream().collect(groupingBy(type -> type, TreeMap::new, counting()));
  }

  private static ObjectNode json(
      LocalStackDeployment deployment,
      List<Effect> effects,
      Map<String, Long> items,
      Map<String, Long> left) {
    var json = MAPPER.createObjectNode();
    for (Deployed stack : deployment.stacks()) {
      json.withArray("stacks")
          .addObject()
          .put("name", stack.name())
          .put("seconds", stack.took().toMillis() / 1000.0)
          .<ObjectNode>set("made", MAPPER.valueToTree(counted(stack.made())))
          .<ObjectNode>set("deployedAsAFallback", MAPPER.valueToTree(stack.fallbacks()))
          .set("notAskedFor", MAPPER.valueToTree(stack.leftOut()));
    }
    for (Effect effect : effects) {
      json.withArray("effects")
          .addObject()
          .put("resource", effect.resource())
          .put("what", effect.what())
          .put("asked", effect.asked())
          .put("found", effect.found())
          .put("holds", effect.holds())
          .put("limitOfLocalStack", effect.isLimit());
    }
    json.set("items", MAPPER.valueToTree(items));
    json.set("itemsLeftByTheRun", MAPPER.valueToTree(left));
    return json;
  }

  /// How many items the run must have left in the tables, by what was run and what came out of it.
  /// Of a longer run the markers of its first days have expired, so their tables are passed over.
  private static Map<String, Long> left(Scenario scenario, Replay.Outcome outcome) {
    long days = scenario.days().size();
    var left = new TreeMap<String, Long>();
    left.put("Tenants", 1L);
    left.put(
        "Cohorts", scenario.epochs().stream().mapToLong(epoch -> cohorts(scenario, epoch)).sum());
    left.put("Usage", (long) outcome.accounts().cells().size());
    left.put("Reconciliations", days);
    left.put("DeviceStatus", (long) scenario.meters().size());
    if (days < OpenBlockTable.MARKER_KEPT.toDays()) {
      left.put("DayKeys", days);
      left.put("Groupings", days);
      left.put(
          "OpenBlocks",
          scenario.days().stream().mapToLong(day -> cohorts(scenario, Epoch.of(day))).sum());
      long told = outcome.accounts().dailyTotals();
      left.put("OpenData", told == 0 ? 0 : told + 1); // what the epoch's figures have cost
      // The meters of a run are on no list, so nothing plans them.
      left.put("Meters", 0L);
      left.put("Assignments", 0L);
    }
    return left;
  }

  private static long cohorts(Scenario scenario, Epoch epoch) {
    return scenario.plan(epoch).cohorts().size();
  }

  /// How many items lie in each table, asked of LocalStack itself.
  private static Map<String, Long> items(Cloud cloud, CloudAssembly assembly) throws IOException {
    var items = new TreeMap<String, Long>();
    for (Resource table : assembly.ofType("AWS::DynamoDB::Table")) {
      var scan = MAPPER.createObjectNode().put("TableName", table.name()).put("Select", "COUNT");
      long count = 0;
      JsonNode page;
      do {
        page = cloud.json("dynamodb", "DynamoDB_20120810.Scan", scan);
        count += page.path("Count").asLong();
        scan.set("ExclusiveStartKey", page.path("LastEvaluatedKey"));
      } while (page.has("LastEvaluatedKey"));
      items.put(table.logicalId().replaceFirst("[0-9A-F]{8}$", ""), count);
    }
    return items;
  }
}

package meterveil.embedded.run;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.stream.StreamSupport;
import meterveil.block.Epoch;
import meterveil.embedded.MovableClock;
import meterveil.meter.ThingName;
import meterveil.simulator.Books;
import meterveil.simulator.Endpoint;
import meterveil.simulator.Fleet;
import meterveil.simulator.FleetOptions;
import meterveil.simulator.LoadProfile;
import meterveil.simulator.MeterCertificate;
import meterveil.tenant.TenantId;
import org.jspecify.annotations.Nullable;

/// The process of a run's meters: takes the orders of a [FleetProcess] from its input, a line each,
/// and answers on its output.
final class FleetProgram {

  private static final int CONNECTIONS_PER_SECOND = 100;
  private static final int PUBLISHES_PER_SECOND = 10_000;
  private static final Duration STATUS_EVERY = Duration.ofDays(30);
  private static final JsonMapper MAPPER = new JsonMapper();

  private final PrintStream answers;
  private @Nullable Fleet fleet;

  private FleetProgram(PrintStream answers) {
    this.answers = answers;
  }

  /// Ends when there are no more orders to come.
  public static void main(String... arguments) throws IOException {
    var program = new FleetProgram(System.out);
    System.setOut(System.err); // whatever else is written is no answer
    try (var orders = new BufferedReader(new InputStreamReader(System.in, UTF_8))) {
      for (String line = orders.readLine(); line != null; line = orders.readLine()) {
        program.take(MAPPER.readTree(line));
      }
    } finally {
      if (program.fleet != null) {
        program.fleet.close();
      }
      Runtime.getRuntime().exit(0); // whatever threads the SDK has left
    }
  }

  private void take(JsonNode order) {
    CompletableFuture<ObjectNode> done;
    try {
      done = obey(order);
    } catch (IOException | RuntimeException e) {
      done = CompletableFuture.failedFuture(e);
    }
    var _ =
        done.handle((answer, failed) -> {
          ObjectNode line = failed == null ? answer : nothing().put("failed", failed.toString());
          say(line.put("answers", order.path("number").asInt()));
          return line;
        });
  }

  private CompletableFuture<ObjectNode> obey(JsonNode order) throws IOException {
    String name = order.path("order").asText();
    switch (name) {
      case "begin" -> begin(order);
      case "add" -> add(order);
      case "connect" -> {
        return answered(fleet().connectAll(done -> say(nothing().put("connected", done))));
      }
      case "send" -> {
        return answered(fleet().sendDue());
      }
      case "know" -> {
        var epoch = new Epoch(order.path("epoch").asInt());
        return answered(
            CompletableFuture.allOf(
                fleet().meters().stream()
                    .map(meter -> meter.knows(epoch))
                    .toArray(CompletableFuture[]::new)));
      }
      case "books" -> {
        return CompletableFuture.completedFuture(json(fleet().books()));
      }
      case "delivered" -> {
        var day = LocalDate.parse(order.path("day").asText());
        return CompletableFuture.completedFuture(
            nothing().put("energyWh", fleet().delivered(day).value()));
      }
      default -> throw new IllegalArgumentException("no order: " + name);
    }
    return CompletableFuture.completedFuture(nothing());
  }

  private void begin(JsonNode order) throws IOException {
    var begun =
        new Fleet(
            new Endpoint(
                "localhost", order.path("port").asInt(), Path.of(order.path("authority").asText())),
            new TenantId(order.path("tenant").asText()),
            MovableClock.follow(Path.of(order.path("clock").asText())),
            FleetOptions.DEFAULT
                .withRates(CONNECTIONS_PER_SECOND, PUBLISHES_PER_SECOND)
                .withTwoBlocks(false)
                .withStatusEvery(STATUS_EVERY)
                .withSeed(order.path("seed").asLong()));
    begun.deliverTwice(order.path("twice").asBoolean());
    begun.onPublish((thing, payload) ->
        say(
            nothing()
                .put("published", Journeys.id(thing, payload))
                .put("micros", Journeys.nowMicros())));
    begun.onProgress(blocks -> say(nothing().put("acknowledged", blocks)));
    fleet = begun;
  }

  private void add(JsonNode order) {
    fleet()
        .add(
            new ThingName(order.path("thing").asText()),
            new MeterCertificate(
                Path.of(order.path("certificate").asText()), Path.of(order.path("key").asText())),
            new LoadProfile(
                Instant.parse(order.path("start").asText()),
                StreamSupport.stream(order.path("energyWh").spliterator(), false)
                    .mapToInt(JsonNode::asInt)
                    .toArray()));
  }

  private Fleet fleet() {
    return Objects.requireNonNull(fleet, "the first order is to begin");
  }

  private static ObjectNode json(Books books) {
    return nothing()
        .put("messages", books.messages())
        .put("repeats", books.repeats())
        .put("blocks", books.blocks())
        .put("meterHours", books.meterHours())
        .put("sentWh", books.sent().value())
        .put("refusedWh", books.refused().value())
        .put("undeliveredWh", books.undelivered().value());
  }

  private static CompletableFuture<ObjectNode> answered(CompletableFuture<?> done) {
    return done.thenApply(_ -> nothing());
  }

  private static ObjectNode nothing() {
    return MAPPER.createObjectNode();
  }

  private void say(ObjectNode line) {
    synchronized (answers) {
      answers.println(line);
      answers.flush();
    }
  }
}

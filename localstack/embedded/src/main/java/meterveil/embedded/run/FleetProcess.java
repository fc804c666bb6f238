package meterveil.embedded.run;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.lang.ProcessBuilder.Redirect;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.IntConsumer;
import meterveil.block.Epoch;
import meterveil.energy.WattHours;
import meterveil.meter.ThingName;
import meterveil.simulator.Books;
import meterveil.simulator.LoadProfile;
import meterveil.simulator.MeterCertificate;

/// The meters of a run, in a process of their own ([FleetProgram]): so that what they cost is not
/// the platform's, and each process has one end of their connections only.
///
/// Each line to the process is an order with a number; each line back is the answer to one, by its
/// number, or tells of something that happened. The process ends when nobody can give it orders any
/// more, whatever became of this one.
final class FleetProcess implements AutoCloseable {

  private static final JsonMapper MAPPER = new JsonMapper();

  /// How long it may take to disconnect all meters and to end.
  private static final int END_SECONDS_MAX = 60;

  private final Process process;
  private final Writer orders;
  private final Journeys journeys;
  private final Map<Integer, CompletableFuture<JsonNode>> open = new ConcurrentHashMap<>();
  private final List<CompletableFuture<?>> added = new ArrayList<>();
  private volatile IntConsumer connected = _ -> {};
  private volatile IntConsumer acknowledged = _ -> {};

  /// Orders are not taken any more, or there are no more answers to come.
  private volatile boolean over;

  private int orderNumber;

  private FleetProcess(Process process, Journeys journeys) {
    this.process = process;
    this.orders = process.outputWriter(UTF_8);
    this.journeys = journeys;
    Thread.ofPlatform().daemon().name("fleet-answers").start(this::listen);
  }

  /// Starts the process, in the same JVM and with the same options as this one, and without waiting
  /// for it to be up.
  ///
  /// @param journeys of its messages
  static FleetProcess start(Journeys journeys) throws IOException {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    for (String option : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
      command.add(option.replace("run.jsa", "meters.jsa")); // of classes, for the next start
    }
    command.add(FleetProgram.class.getName());
    var builder = new ProcessBuilder(command).redirectError(Redirect.INHERIT);
    builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
    return new FleetProcess(builder.start(), journeys);
  }

  /// Tells it where the platform is, before all else.
  ///
  /// @param port of the broker on this machine
  /// @param authority file with the certificate (PEM) that the broker's is signed with
  /// @param clockFile of the [meterveil.embedded.MovableClock]
  /// @param twice whether every message with readings goes out twice
  void begin(int port, Path authority, Path clockFile, Scenario scenario, boolean twice) {
    var order = order("begin");
    order.put("port", port).put("authority", authority.toString());
    order.put("clock", clockFile.toString()).put("tenant", scenario.tenant().id().value());
    order.put("seed", scenario.seed()).put("twice", twice);
    give(order).join();
  }

  /// Whom to tell how many blocks the broker has acknowledged in all. Called on the thread that
  /// reads all answers: it must return at once.
  void onProgress(IntConsumer newAcknowledged) {
    acknowledged = newAcknowledged;
  }

  /// Adds a meter; it does not connect yet. What goes wrong is told by [#connectAll].
  void add(ThingName thing, MeterCertificate certificate, LoadProfile profile) {
    var order = order("add").put("thing", thing.value());
    order.put("certificate", certificate.certificate().toString());
    order.put("key", certificate.privateKey().toString());
    order.put("start", profile.start().toString());
    var energyWh = order.putArray("energyWh");
    for (var hour = profile.start(); hour.isBefore(profile.end()); hour = hour.plusSeconds(3600)) {
      energyWh.add(profile.energyWh(hour));
    }
    added.add(give(order));
  }

  /// Connects all meters and waits for their settings.
  ///
  /// @param progress is told how many are connected
  CompletableFuture<?> connectAll(IntConsumer progress) {
    connected = progress;
    return CompletableFuture.allOf(added.toArray(CompletableFuture[]::new))
        .thenCompose(_ -> give(order("connect")));
  }

  /// Lets every meter send what is over.
  ///
  /// @return completes when the broker has answered all of it
  CompletableFuture<?> sendDue() {
    return give(order("send"));
  }

  /// Waits until every meter knows its cohort in an epoch.
  CompletableFuture<?> know(Epoch epoch) {
    return give(order("know").put("epoch", epoch.number()));
  }

  /// What the meters have sent, by their own count.
  Books books() {
    JsonNode answer = give(order("books")).join();
    return new Books(
        answer.path("messages").asLong(),
        answer.path("repeats").asLong(),
        answer.path("blocks").asLong(),
        answer.path("meterHours").asLong(),
        new WattHours(answer.path("sentWh").asLong()),
        new WattHours(answer.path("refusedWh").asLong()),
        new WattHours(answer.path("undeliveredWh").asLong()));
  }

  /// The energy of a UTC day that the platform must account for, by the meters' own count.
  WattHours delivered(LocalDate day) {
    return new WattHours(
        give(order("delivered").put("day", day.toString())).join().path("energyWh").asLong());
  }

  /// For tests to end it.
  Process process() {
    return process;
  }

  private static ObjectNode order(String name) {
    return MAPPER.createObjectNode().put("order", name);
  }

  /// Completes with the answer, or fails with what the process says is wrong or with its end.
  private CompletableFuture<JsonNode> give(ObjectNode order) {
    var answer = new CompletableFuture<JsonNode>();
    try {
      synchronized (orders) {
        int number = orderNumber++;
        open.put(number, answer);
        orders.write(order.put("number", number) + "\n");
        orders.flush();
      }
    } catch (IOException _) {
      over = true;
    }
    if (over) {
      failAll();
    }
    return answer;
  }

  private void listen() {
    try (BufferedReader answers = process.inputReader(UTF_8)) {
      for (String line = answers.readLine(); line != null; line = answers.readLine()) {
        hear(MAPPER.readTree(line));
      }
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException("the meters' process says what is no answer", e);
    } catch (IOException _) {
      // It is gone.
    } finally {
      over = true;
      failAll();
    }
  }

  private void hear(JsonNode told) {
    if (told.has("published")) {
      journeys.published(told.path("published").asLong(), told.path("micros").asLong());
    } else if (told.has("acknowledged")) {
      acknowledged.accept(told.path("acknowledged").asInt());
    } else if (told.has("connected")) {
      connected.accept(told.path("connected").asInt());
    } else {
      CompletableFuture<JsonNode> answer = open.remove(told.path("answers").asInt());
      if (answer == null) {
        throw new IllegalStateException("an answer to no order: " + told);
      }
      if (told.has("failed")) {
        answer.completeExceptionally(new IllegalStateException(told.path("failed").asText()));
      } else {
        answer.complete(told);
      }
    }
  }

  private void failAll() {
    open.values()
        .forEach(answer ->
            answer.completeExceptionally(
                new IllegalStateException("the process of the meters has ended")));
  }

  /// Disconnects all meters and ends the process.
  @Override
  public void close() {
    try {
      orders.close();
    } catch (IOException _) {
      // It has ended already.
    }
    try {
      if (!process.waitFor(END_SECONDS_MAX, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException _) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}

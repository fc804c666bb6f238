package meterveil.simulator;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;

import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.IntConsumer;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import meterveil.energy.WattHours;
import meterveil.meter.ThingName;
import meterveil.tenant.TenantId;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.crt.io.EventLoopGroup;

/// Many meters in one process: two threads of the SDK's for all connections, one thread of its own
/// for all that meters know and decide.
///
/// A fleet sends when it is told to ([#sendDue]), by the given clock, so that days can pass in
/// seconds; requests are answered by themselves, as soon as their pauses are over by that clock.
public final class Fleet implements AutoCloseable {

  private static final int EVENT_LOOP_THREADS = 2;
  private static final long ANSWERS_EVERY_MILLIS = 50;
  private static final long CLOSE_SECONDS_MAX = 20;

  final Endpoint endpoint;
  final TenantId tenant;
  final Clock clock;
  final FleetOptions options;
  final ExecutorService thread =
      new ThreadPoolExecutor(
          1,
          1,
          0,
          SECONDS,
          new LinkedBlockingQueue<>(),
          Thread.ofPlatform().daemon().name("fleet").factory(),
          new ThreadPoolExecutor.DiscardPolicy()); // what the SDK still reports after the end
  final Pace connects;
  final Pace publishes;

  private final Map<ThingName, Meter> meters = new LinkedHashMap<>();
  private LongConsumer progress = _ -> {};
  private BiConsumer<ThingName, byte[]> published = (_, _) -> {};
  private long blocksAcknowledged;
  private volatile boolean deliversTwice;
  private boolean watchingAnswers;

  /// A fleet without meters.
  ///
  /// @param clock by which blocks are over and pauses pass
  public Fleet(Endpoint endpoint, TenantId tenant, Clock clock, FleetOptions options) {
    this.endpoint = endpoint;
    this.tenant = tenant;
    this.clock = clock;
    this.options = options;
    this.connects = new Pace(options.connectionsPerSecond(), thread);
    this.publishes = new Pace(options.publishesPerSecond(), thread);
    EventLoopGroup.setStaticDefaultNumThreads(EVENT_LOOP_THREADS);
  }

  /// Adds a meter; it does not connect yet.
  ///
  /// @throws software.amazon.awssdk.crt.CrtRuntimeException if its certificate or key cannot be
  ///   read
  public Meter add(ThingName thing, MeterCertificate certificate, LoadProfile profile) {
    var meter = new Meter(this, thing, certificate, profile);
    run(() -> meters.put(thing, meter));
    return meter;
  }

  /// Its meters, in the order in which they were added.
  public List<Meter> meters() {
    return on(() -> List.copyOf(meters.values()));
  }

  /// One of its meters.
  ///
  /// @throws IllegalArgumentException if there is none of that name
  public Meter meter(ThingName thing) {
    return on(() -> {
      Meter meter = meters.get(thing);
      if (meter == null) {
        throw new IllegalArgumentException("no meter named " + thing);
      }
      return meter;
    });
  }

  /// Connects all meters, within the limit, and waits for their settings.
  ///
  /// @return fails with a [ConnectionException] as soon as one of them cannot connect
  public CompletableFuture<Void> connectAll() {
    return connectAll(_ -> {});
  }

  /// The same, telling how far it is.
  ///
  /// @param progress is told how many are connected
  public CompletableFuture<Void> connectAll(IntConsumer progress) {
    var connectedSoFar = new AtomicInteger();
    var all = new CompletableFuture<Void>();
    List<CompletableFuture<Void>> each = meters().stream().map(Meter::connect).toList();
    for (CompletableFuture<Void> connected : each) {
      then(
          connected,
          (_, e) -> {
            if (e != null) {
              all.completeExceptionally(e);
            } else {
              progress.accept(connectedSoFar.incrementAndGet());
            }
          });
    }
    then(allOf(each), (_, _) -> all.complete(null));
    return all;
  }

  /// Lets every meter that is awake send each block that is over and not sent, and its status if it
  /// is time for one.
  ///
  /// @return completes when the broker has answered all of them, or their meters went to sleep
  public CompletableFuture<Void> sendDue() {
    return compose(() -> {
      Instant now = clock.instant();
      return allOf(meters.values().stream().flatMap(m -> m.sendDue(now).stream()).toList());
    });
  }

  /// Lets every meter that is awake send the answers whose pauses are over. It happens by itself
  /// too; this is for those who want to know when it is done.
  public CompletableFuture<Void> answerDue() {
    return compose(() -> {
      Instant now = clock.instant();
      return allOf(meters.values().stream().flatMap(m -> m.answerDue(now).stream()).toList());
    });
  }

  /// Whether none of its meters has anything more to send, now or later.
  public boolean isDone() {
    return on(() -> {
      Instant now = clock.instant();
      return meters.values().stream().allMatch(meter -> meter.isDone(now));
    });
  }

  /// The earliest instant at which the pause before an answer is over, if one is to come.
  public Optional<Instant> nextAnswer() {
    return on(() -> earliest(meters.values().stream().map(Meter::nextAnswer)));
  }

  /// What its meters have sent, by their own count.
  public Books books() {
    return on(() -> {
      Instant now = clock.instant();
      return meters.values().stream()
          .map(meter -> meter.booksOnThread(now))
          .reduce(Books.EMPTY, Books::plus);
    });
  }

  /// The energy of a UTC day that the platform must account for, by the meters' own count: what is
  /// sent − refused − undelivered of that day.
  public WattHours delivered(LocalDate day) {
    return on(() -> {
      Instant now = clock.instant();
      return meters.values().stream()
          .map(meter -> meter.deliveredOnThread(day, now))
          .reduce(WattHours.ZERO, WattHours::plus);
    });
  }

  /// Whom to tell how many blocks the broker has acknowledged in all, each time some are. Called on
  /// the fleet's thread: it must return at once.
  public void onProgress(LongConsumer newProgress) {
    run(() -> progress = newProgress);
  }

  /// Whom to tell of each message with readings as it is published: its meter and its bytes. Called
  /// on the fleet's thread: it must return at once.
  public void onPublish(BiConsumer<ThingName, byte[]> newPublished) {
    run(() -> published = newPublished);
  }

  /// Whether every message with readings goes out twice from now on.
  public void deliverTwice(boolean twice) {
    deliversTwice = twice;
  }

  boolean deliversTwice() {
    return deliversTwice;
  }

  void published(ThingName thing, byte[] payload) {
    published.accept(thing, payload);
  }

  void acknowledged(int blocks) {
    blocksAcknowledged += blocks;
    progress.accept(blocksAcknowledged);
  }

  /// Watches the clock until there is no answer to come, on the thread.
  void answersMayBeDue() {
    if (!watchingAnswers) {
      watchingAnswers = true;
      watchAnswers();
    }
  }

  private void watchAnswers() {
    Instant now = clock.instant();
    meters.values().forEach(meter -> meter.answerDue(now));
    watchingAnswers = earliest(meters.values().stream().map(Meter::nextAnswer)).isPresent();
    if (watchingAnswers) {
      CompletableFuture.delayedExecutor(ANSWERS_EVERY_MILLIS, MILLISECONDS, thread)
          .execute(this::watchAnswers);
    }
  }

  /// Disconnects all meters, so that none leaves its last will, and ends.
  @Override
  public void close() {
    compose(() -> allOf(meters.values().stream().map(Meter::close).toList()))
        .completeOnTimeout(null, CLOSE_SECONDS_MAX, SECONDS)
        .join();
    thread.shutdown();
  }

  /// Does something on the thread and waits for it.
  void run(Runnable task) {
    CompletableFuture.runAsync(task, thread).join();
  }

  /// Asks for something on the thread and waits for it.
  <T> T on(Supplier<T> question) {
    return CompletableFuture.supplyAsync(question, thread).join();
  }

  /// Starts something on the thread.
  <T> CompletableFuture<T> compose(Supplier<CompletableFuture<T>> task) {
    return CompletableFuture.completedFuture(thread).thenComposeAsync(_ -> task.get(), thread);
  }

  /// Goes on with an answer on the thread, where a fault in going on is not lost in the future that
  /// comes of it.
  <T> void then(
      CompletableFuture<T> answer,
      BiConsumer<? super @Nullable T, ? super @Nullable Throwable> next) {
    CompletableFuture<T> _ =
        answer.whenComplete((value, e) -> thread.execute(() -> next.accept(value, e)));
  }

  private static Optional<Instant> earliest(Stream<Optional<Instant>> instants) {
    return instants.flatMap(Optional::stream).min(Comparator.naturalOrder());
  }

  private static CompletableFuture<Void> allOf(List<CompletableFuture<Void>> each) {
    return CompletableFuture.allOf(each.toArray(CompletableFuture[]::new));
  }
}

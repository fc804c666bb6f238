package meterveil.embedded.iot;

import com.hivemq.extension.sdk.api.client.parameter.ConnectionInformation;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/// Last wills, kept outside HiveMQ: it publishes them past every interceptor, so that they would
/// neither be judged by a policy nor reach a rule.
///
/// A will is taken out of the CONNECT, and found again by a mark on the connection.
final class Wills implements AutoCloseable {

  private static final String MARK = "meterveil-will";

  /// @param message what is to be published
  /// @param qos 0 or 1
  /// @param retain whether it is to be retained
  /// @param rights those of the client
  /// @param delay after the connection has gone; dropped if the client is back by then
  record Will(Message message, int qos, boolean retain, Rights rights, Duration delay) {}

  private final Consumer<Will> publisher;
  private final ConcurrentMap<String, Will> open = new ConcurrentHashMap<>();
  private final Map<String, Future<?>> delayed = new ConcurrentHashMap<>();
  private final ScheduledExecutorService timer =
      new ScheduledThreadPoolExecutor(
          1,
          Thread.ofPlatform().daemon().name("iot-wills").factory(),
          new ThreadPoolExecutor.DiscardPolicy());

  Wills(Consumer<Will> publisher) {
    this.publisher = publisher;
  }

  void keep(ConnectionInformation connection, Will will) {
    String mark = UUID.randomUUID().toString();
    connection.getConnectionAttributeStore().putAsString(MARK, mark);
    open.put(mark, will);
  }

  static boolean has(ConnectionInformation connection) {
    return connection.getConnectionAttributeStore().getAsString(MARK).isPresent();
  }

  /// The connection ended as it should, or never began.
  void discard(ConnectionInformation connection) {
    connection.getConnectionAttributeStore().getAsString(MARK).ifPresent(open::remove);
  }

  /// A client's connection is about to be cut, and its will is not to be published.
  void discard(String clientId) {
    open.values().removeIf(will -> will.message.clientId().equals(clientId));
  }

  /// The connection is gone without a word: its will is published, by a thread of its own.
  void send(ConnectionInformation connection) {
    connection
        .getConnectionAttributeStore()
        .getAsString(MARK)
        .map(open::remove)
        .ifPresent(this::sendLater);
  }

  private void sendLater(Will will) {
    if (will.delay.isZero()) {
      timer.execute(() -> publisher.accept(will));
    } else {
      delayed.put(
          will.message.clientId(),
          timer.schedule(
              () -> publisher.accept(will), will.delay.toMillis(), TimeUnit.MILLISECONDS));
    }
  }

  /// The client is back: a will still waiting for its delay is dropped.
  void back(String clientId) {
    Future<?> waiting = delayed.remove(clientId);
    if (waiting != null) {
      waiting.cancel(false);
    }
  }

  /// Whatever ends from now on ends without a will.
  @Override
  public void close() {
    open.clear();
    timer.shutdownNow();
  }
}

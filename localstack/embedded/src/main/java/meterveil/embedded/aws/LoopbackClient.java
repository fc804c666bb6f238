package meterveil.embedded.aws;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.Deque;
import java.util.concurrent.ConcurrentLinkedDeque;
import org.jspecify.annotations.Nullable;

/// An HTTP/1.1 client of one server on 127.0.0.1, with connections that are kept.
///
/// The JDK's client takes 0.3 ms a request where this takes 0.05.
final class LoopbackClient implements Upstream {

  /// Well under the 30 s after which Jetty, the other side, closes a connection nobody uses.
  private static final Duration IDLE_MAX = Duration.ofSeconds(10);

  private record Connection(Socket socket, Message.Input in, long usedNanos) {}

  private final int port;
  private final Deque<Connection> idle = new ConcurrentLinkedDeque<>();

  LoopbackClient(int port) {
    this.port = port;
  }

  @Override
  public Message send(Message request) throws IOException {
    Connection connection = connection();
    boolean kept = false;
    try {
      connection.socket.getOutputStream().write(request.bytes());
      Message answer = Message.read(connection.in);
      if (answer == null) {
        throw new IOException("the connection ended without an answer");
      }
      idle.push(new Connection(connection.socket, connection.in, System.nanoTime()));
      kept = true;
      return answer;
    } finally {
      if (!kept) {
        connection.socket.close();
      }
    }
  }

  private Connection connection() throws IOException {
    for (@Nullable Connection kept = idle.poll(); kept != null; kept = idle.poll()) {
      if (System.nanoTime() - kept.usedNanos < IDLE_MAX.toNanos()) {
        return kept;
      }
      kept.socket.close();
    }
    var socket = new Socket(InetAddress.ofLiteral("127.0.0.1"), port);
    socket.setTcpNoDelay(true);
    return new Connection(socket, new Message.Input(socket.getInputStream()), 0);
  }

  @Override
  public void close() throws IOException {
    for (@Nullable Connection kept = idle.poll(); kept != null; kept = idle.poll()) {
      kept.socket.close();
    }
  }
}

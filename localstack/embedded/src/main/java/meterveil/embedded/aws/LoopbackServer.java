package meterveil.embedded.aws;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// An HTTP/1.1 server on 127.0.0.1 with a thread for each connection, of which there are a few for
/// each function's process: a virtual one would be woken by way of two others, which takes a sixth
/// of the platform's time.
///
/// The JDK's own server takes 0.1 ms a request where this takes 0.04, which counts as each event
/// makes several; and it has no answer that never comes, which tests need.
final class LoopbackServer implements AutoCloseable {

  private static final int BACKLOG = 200;

  /// Answers requests.
  interface Handler {

    /// @return null to say nothing: the connection is closed without an answer
    /// @throws IOException if there is no answer because a connection broke
    @Nullable Message answer(Message request) throws IOException, InterruptedException;
  }

  private final ServerSocket listener;
  private final Handler handler;
  private final String name;
  private final Set<Socket> connections = ConcurrentHashMap.newKeySet();
  private final Set<Thread> threads = ConcurrentHashMap.newKeySet();

  private LoopbackServer(ServerSocket listener, String name, Handler handler) {
    this.listener = listener;
    this.name = name;
    this.handler = handler;
  }

  /// @param name of its threads
  static LoopbackServer start(String name, Handler handler) throws IOException {
    var server =
        new LoopbackServer(
            new ServerSocket(0, BACKLOG, InetAddress.ofLiteral("127.0.0.1")), name, handler);
    Thread.ofPlatform().daemon().name(name).start(server::accept);
    return server;
  }

  /// Host and port, as written in a URL.
  String authority() {
    return "127.0.0.1:" + listener.getLocalPort();
  }

  private void accept() {
    try {
      while (true) {
        Socket connection = listener.accept();
        connections.add(connection);
        if (listener.isClosed()) {
          closeQuietly(connection);
          return;
        }
        Thread thread = Thread.ofPlatform().daemon().name(name).unstarted(() -> serve(connection));
        threads.add(thread);
        thread.start();
      }
    } catch (IOException _) {
      close(); // the listener was closed
    }
  }

  private void serve(Socket connection) {
    try (connection) {
      connection.setTcpNoDelay(true);
      var in = new Message.Input(connection.getInputStream());
      while (serveOne(connection, in)) {}
    } catch (IOException _) {
      // The other side is gone, or this one is being closed. Either way nobody waits for an answer.
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    } finally {
      connections.remove(connection);
      threads.remove(Thread.currentThread());
    }
  }

  private boolean serveOne(Socket connection, Message.Input in)
      throws IOException, InterruptedException {
    Message request = Message.read(in);
    if (request == null) {
      return false;
    }
    Message answer = handler.answer(request);
    if (answer == null) {
      return false;
    }
    connection.getOutputStream().write(answer.bytes());
    return true;
  }

  /// Stops listening and ends every connection, whoever waits on it.
  @Override
  public void close() {
    closeQuietly(listener);
    connections.forEach(LoopbackServer::closeQuietly);
    threads.forEach(Thread::interrupt);
  }

  private static void closeQuietly(Closeable socket) {
    try {
      socket.close();
    } catch (IOException _) {
      // It is closed as far as it can be.
    }
  }
}

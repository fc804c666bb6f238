package meterveil.connection;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.http.ContentStreamProvider;
import software.amazon.awssdk.http.HttpExecuteRequest;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.http.SdkHttpRequest;

class AwsHttpTest {

  private final SdkHttpClient http = AwsHttp.client();
  private ServerSocket server;

  @BeforeEach
  void start() throws IOException {
    server = new ServerSocket(0, 5, InetAddress.ofLiteral("127.0.0.1"));
    server.setSoTimeout(5_000);
  }

  @AfterEach
  void stop() throws IOException {
    http.close();
    server.close();
  }

  /// The other side of a connection.
  private record Peer(Socket socket, BufferedReader in) {

    static Peer of(Socket socket) throws IOException {
      socket.setSoTimeout(5_000);
      return new Peer(
          socket, new BufferedReader(new InputStreamReader(socket.getInputStream(), UTF_8)));
    }

    /// Reads a request.
    ///
    /// @return what it says of its length, and its content
    String read() throws IOException {
      int length = -1;
      for (String line = line(); !line.isEmpty(); line = line()) {
        if (line.toLowerCase(Locale.ROOT).startsWith("content-length:")) {
          length = Integer.parseInt(line.substring(line.indexOf(':') + 1).strip());
        }
      }
      var content = new StringBuilder();
      while (content.length() < length) {
        content.append((char) in.read());
      }
      return length + " " + content;
    }

    private String line() throws IOException {
      return Objects.requireNonNull(in.readLine(), "the connection has ended");
    }

    void answer(String content) throws IOException {
      socket
          .getOutputStream()
          .write(
              "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"
                  .formatted(content.length(), content)
                  .getBytes(UTF_8));
    }
  }

  private CompletableFuture<String> ask(String content) {
    byte[] bytes = content.getBytes(UTF_8);
    var request =
        HttpExecuteRequest.builder()
            .request(
                SdkHttpRequest.builder()
                    .uri(URI.create("http://127.0.0.1:" + server.getLocalPort()))
                    .method(SdkHttpMethod.POST)
                    .putHeader("Content-Length", Integer.toString(bytes.length))
                    .build())
            .contentStreamProvider(ContentStreamProvider.fromByteArray(bytes))
            .build();
    return CompletableFuture.supplyAsync(() -> {
      try (var body = http.prepareRequest(request).call().responseBody().orElseThrow()) {
        return new String(body.readAllBytes(), UTF_8);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    });
  }

  /// Asks once, and is answered.
  private Peer keptConnection() throws Exception {
    var first = ask("{}");
    Peer peer = Peer.of(server.accept());
    peer.read();
    peer.answer("one");
    assertThat(first.get()).isEqualTo("one");
    return peer;
  }

  @Test
  void saysHowLongTheContentIsAndUsesAConnectionAgain() throws Exception {
    var first = ask("{\"a\":1}");
    Peer peer = Peer.of(server.accept());
    assertThat(peer.read()).isEqualTo("7 {\"a\":1}");
    peer.answer("one");
    assertThat(first.get()).isEqualTo("one");

    var second = ask("{}");
    assertThat(peer.read()).isEqualTo("2 {}");
    peer.answer("two");
    assertThat(second.get()).isEqualTo("two");
  }

  /// Whoever listens on a kept connection for its end waits for that, and takes away what is there:
  /// here the answer itself, which has come early.
  @Test
  void doesNotListenOnAKeptConnectionBeforeItAsks() throws Exception {
    Peer peer = keptConnection();

    peer.answer("early");
    assertThat(ask("{}").get()).isEqualTo("early");
  }

  @Test
  void asksAgainWhereAKeptConnectionWasClosed() throws Exception {
    Peer peer = keptConnection();
    peer.socket.close();

    var second = ask("{\"b\":2}");
    Peer next = Peer.of(server.accept());
    assertThat(next.read()).isEqualTo("7 {\"b\":2}");
    next.answer("two");
    assertThat(second.get()).isEqualTo("two");
  }
}

package meterveil.embedded.aws;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// A request or an answer of HTTP/1.1, whole in memory.
final class Message {

  /// No line of a head is longer, and no body: DynamoDB's largest request is 16 MB.
  private static final int LINE_CHARS_MAX = 64 << 10;

  private static final int BODY_BYTES_MAX = 17 << 20;

  /// The bytes of a connection, read ahead: the JDK's own buffer takes a lock for each byte of a
  /// head. For one thread at a time.
  static final class Input {

    private static final int AHEAD_BYTES = 8 << 10;

    private final InputStream in;
    private final byte[] ahead = new byte[AHEAD_BYTES];
    private int next;
    private int end;

    /// @param in not closed here
    Input(InputStream in) {
      this.in = in;
    }

    /// @return -1 at the end
    private int read() throws IOException {
      if (next == end) {
        next = 0;
        end = Math.max(0, in.read(ahead));
      }
      return next < end ? Byte.toUnsignedInt(ahead[next++]) : -1;
    }

    /// @return fewer at the end only
    private byte[] readNBytes(int length) throws IOException {
      int ready = Math.min(length, end - next);
      byte[] bytes = Arrays.copyOfRange(ahead, next, next + length);
      next += ready;
      int more = in.readNBytes(bytes, ready, length - ready);
      return ready + more == length ? bytes : Arrays.copyOf(bytes, ready + more);
    }
  }

  private final String start;
  private final Map<String, String> headers;
  private final byte[] body;

  private Message(String start, Map<String, String> headers, byte[] body) {
    this.start = start;
    this.headers = headers;
    this.body = body;
  }

  /// @param headers names in any case; the length is added
  static Message request(String method, String target, Map<String, String> headers, byte[] body) {
    return of(method + " " + target + " HTTP/1.1", headers, body);
  }

  /// @param headers names in any case; the length is added
  static Message answer(int status, Map<String, String> headers, byte[] body) {
    return of("HTTP/1.1 " + status + " -", headers, body);
  }

  /// An answer of JSON.
  static Message json(int status, byte[] body) {
    return answer(status, Map.of("Content-Type", "application/x-amz-json-1.0"), body);
  }

  private static Message of(String start, Map<String, String> headers, byte[] body) {
    var all = new TreeMap<String, String>(String.CASE_INSENSITIVE_ORDER);
    all.putAll(headers);
    all.put("Content-Length", Integer.toString(body.length));
    return new Message(start, all, body);
  }

  /// Reads the next message of a connection.
  ///
  /// @return null if the other side closed the connection instead
  /// @throws IOException if the connection broke, or what came is no message that is understood
  ///   here
  static @Nullable Message read(Input in) throws IOException {
    String start = line(in);
    if (start == null) {
      return null;
    }
    var headers = new TreeMap<String, String>(String.CASE_INSENSITIVE_ORDER);
    for (String line = line(in); line != null && !line.isEmpty(); line = line(in)) {
      int colon = line.indexOf(':');
      if (colon < 1) {
        throw new IOException("a header without a name");
      }
      headers.put(line.substring(0, colon), line.substring(colon + 1).strip());
    }
    return new Message(start, headers, body(in, headers));
  }

  private static byte[] body(Input in, Map<String, String> headers) throws IOException {
    if (headers.getOrDefault("Transfer-Encoding", "").toLowerCase(Locale.ROOT).equals("chunked")) {
      var body = new ByteArrayOutputStream();
      while (true) {
        String size = line(in);
        int length = size == null ? 0 : Integer.parseInt(size.split(";", 2)[0].strip(), 16);
        body.write(in.readNBytes(bounded(length)));
        line(in);
        if (length == 0) {
          return body.toByteArray();
        }
        bounded(body.size());
      }
    }
    int length = bounded(Integer.parseInt(headers.getOrDefault("Content-Length", "0")));
    byte[] body = in.readNBytes(length);
    if (body.length < length) {
      throw new IOException("the connection ended in a message");
    }
    return body;
  }

  private static int bounded(int length) throws IOException {
    if (length < 0 || length > BODY_BYTES_MAX) {
      throw new IOException("a message of " + length + " bytes");
    }
    return length;
  }

  private static @Nullable String line(Input in) throws IOException {
    var line = new StringBuilder(64);
    for (int c = in.read(); c != '\n'; c = in.read()) {
      if (c < 0) {
        return null;
      }
      if (line.length() == LINE_CHARS_MAX) {
        throw new IOException("a line of more than " + LINE_CHARS_MAX + " characters");
      }
      if (c != '\r') {
        line.append((char) c);
      }
    }
    return line.toString();
  }

  /// The method of a request.
  String method() {
    return start.substring(0, start.indexOf(' '));
  }

  /// The path of a request with its query, as sent.
  String target() {
    return start.split(" ", 3)[1];
  }

  /// The status of an answer.
  int status() {
    return Integer.parseInt(start.split(" ", 3)[1]);
  }

  /// A header, empty if there is none.
  String header(String name) {
    return headers.getOrDefault(name, "");
  }

  byte[] body() {
    return body;
  }

  String text() {
    return new String(body, StandardCharsets.UTF_8);
  }

  /// The message with another body.
  Message with(byte[] other) {
    var kept = new TreeMap<String, String>(headers);
    kept.remove("x-amz-crc32");
    kept.remove("Transfer-Encoding");
    return of(start, kept, other);
  }

  /// Everything as sent. Head and body go out in one write, for two would wait for each other's
  /// acknowledgement.
  byte[] bytes() {
    var head = new StringBuilder(start).append("\r\n");
    headers.forEach((name, value) -> head.append(name).append(": ").append(value).append("\r\n"));
    var out = new ByteArrayOutputStream(head.length() + 2 + body.length);
    out.writeBytes(head.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1));
    out.writeBytes(body);
    return out.toByteArray();
  }
}

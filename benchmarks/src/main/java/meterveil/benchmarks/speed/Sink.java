package meterveil.benchmarks.speed;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.concurrent.atomic.AtomicLong;
import software.amazon.awssdk.http.AbortableInputStream;
import software.amazon.awssdk.http.ExecutableHttpRequest;
import software.amazon.awssdk.http.HttpExecuteRequest;
import software.amazon.awssdk.http.HttpExecuteResponse;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.SdkHttpFullResponse;

/// Takes what the SDK would send, signed and in the form it goes over the wire, and answers at once
/// that it is done. What is measured then ends with the write request.
final class Sink implements SdkHttpClient {

  private static final int OK = 200;
  private static final byte[] DONE = "{}".getBytes(UTF_8);

  private final AtomicLong bytes = new AtomicLong();
  private final byte[] answer;

  /// A sink that answers with an empty object.
  Sink() {
    this(DONE);
  }

  /// @param answer to every request
  Sink(byte[] answer) {
    this.answer = answer;
  }

  /// How many bytes of bodies it has taken.
  long bytes() {
    return bytes.get();
  }

  @Override
  public ExecutableHttpRequest prepareRequest(HttpExecuteRequest request) {
    return new ExecutableHttpRequest() {
      @Override
      public HttpExecuteResponse call() {
        request
            .contentStreamProvider()
            .ifPresent(content -> {
              try (InputStream body = content.newStream()) {
                bytes.addAndGet(body.readAllBytes().length);
              } catch (IOException e) {
                throw new UncheckedIOException("memory cannot fail", e);
              }
            });
        return HttpExecuteResponse.builder()
            .response(
                SdkHttpFullResponse.builder()
                    .statusCode(OK)
                    .putHeader("Content-Type", "application/x-amz-json-1.0")
                    .putHeader("Content-Length", Integer.toString(answer.length))
                    .build())
            .responseBody(AbortableInputStream.create(new ByteArrayInputStream(answer)))
            .build();
      }

      @Override
      public void abort() {}
    };
  }

  @Override
  public String clientName() {
    return "Sink";
  }

  @Override
  public void close() {}
}

package meterveil.connection;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Locale;
import java.util.Set;
import software.amazon.awssdk.core.exception.AbortedException;
import software.amazon.awssdk.http.AbortableInputStream;
import software.amazon.awssdk.http.ContentStreamProvider;
import software.amazon.awssdk.http.ExecutableHttpRequest;
import software.amazon.awssdk.http.HttpExecuteRequest;
import software.amazon.awssdk.http.HttpExecuteResponse;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.SdkHttpFullResponse;
import software.amazon.awssdk.http.SdkHttpRequest;

/// The JDK's newer HTTP client, for the one API that asks for `PATCH`: the older one, which
/// [AwsHttp] takes, knows no such method.
public final class JdkHttp implements SdkHttpClient {

  private static final Duration CONNECTION_TIMEOUT = Duration.ofSeconds(1);
  private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(2);

  /// What the client sets by itself and lets nobody else set.
  private static final Set<String> ITS_OWN = Set.of("host", "content-length", "connection");

  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(CONNECTION_TIMEOUT)
          .build();

  @Override
  public ExecutableHttpRequest prepareRequest(HttpExecuteRequest execute) {
    return new ExecutableHttpRequest() {

      @Override
      public HttpExecuteResponse call() throws IOException {
        return send(execute);
      }

      @Override
      public void abort() {
        // It ends by its time limit.
      }
    };
  }

  private HttpExecuteResponse send(HttpExecuteRequest execute) throws IOException {
    SdkHttpRequest sdk = execute.httpRequest();
    byte[] content =
        execute.contentStreamProvider().isPresent()
            ? bytes(execute.contentStreamProvider().get())
            : new byte[0];
    var request =
        HttpRequest.newBuilder(sdk.getUri())
            .timeout(ANSWER_TIMEOUT)
            .method(
                sdk.method().name(),
                content.length == 0
                    ? HttpRequest.BodyPublishers.noBody()
                    : HttpRequest.BodyPublishers.ofByteArray(content));
    sdk.forEachHeader((name, values) -> {
      if (!ITS_OWN.contains(name.toLowerCase(Locale.ROOT))) {
        values.forEach(value -> request.header(name, value));
      }
    });
    HttpResponse<byte[]> response;
    try {
      response = http.send(request.build(), BodyHandlers.ofByteArray());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw AbortedException.create("interrupted while waiting for an answer", e);
    }
    return HttpExecuteResponse.builder()
        .response(
            SdkHttpFullResponse.builder()
                .statusCode(response.statusCode())
                .headers(response.headers().map())
                .build())
        .responseBody(AbortableInputStream.create(new ByteArrayInputStream(response.body())))
        .build();
  }

  private static byte[] bytes(ContentStreamProvider content) throws IOException {
    try (var stream = content.newStream()) {
      return stream.readAllBytes();
    }
  }

  @Override
  public String clientName() {
    return "Jdk";
  }

  @Override
  public void close() {
    http.close();
  }
}

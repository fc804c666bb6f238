package meterveil.connection;

import java.time.Duration;
import software.amazon.awssdk.http.ExecutableHttpRequest;
import software.amazon.awssdk.http.Header;
import software.amazon.awssdk.http.HttpExecuteRequest;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;

/// The one HTTP client of a function: the JDK's own, the smallest and quickest to start of the
/// SDK's.
///
/// Without limits of ours a service that does not answer would hold a function for 30 seconds and
/// more, until Lambda ends it in the middle of what it does. With them the SDK tries again while
/// there is time: DynamoDB is tried nine times at most, so 18 seconds and the pauses between them
/// fit into the 30 that collecting has.
public final class AwsHttp {

  private static final Duration CONNECTION_TIMEOUT = Duration.ofSeconds(1);

  /// A hundred times what DynamoDB and KMS usually take.
  private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(2);

  private AwsHttp() {}

  /// A client for a function's lifetime.
  public static SdkHttpClient client() {
    return new WithoutLength(
        UrlConnectionHttpClient.builder()
            .connectionTimeout(CONNECTION_TIMEOUT)
            .socketTimeout(ANSWER_TIMEOUT)
            .build());
  }

  /// Takes the length of the content out of each request, for the JDK's client to find and to write
  /// by itself.
  ///
  /// Told beforehand, it would send the content as it comes, could not send it again, and would so
  /// listen for a millisecond on every connection that was kept, whether it was closed meanwhile:
  /// at each call but the first. Now it sends again, once, what was sent into a closed connection,
  /// as the SDK does with what has no answer; every write can be repeated.
  private record WithoutLength(SdkHttpClient http) implements SdkHttpClient {

    @Override
    public ExecutableHttpRequest prepareRequest(HttpExecuteRequest whole) {
      var request =
          HttpExecuteRequest.builder()
              .request(whole.httpRequest().copy(it -> it.removeHeader(Header.CONTENT_LENGTH)))
              .contentStreamProvider(whole.contentStreamProvider().orElse(null));
      whole.metricCollector().ifPresent(request::metricCollector);
      return http.prepareRequest(request.build());
    }

    @Override
    public String clientName() {
      return http.clientName();
    }

    @Override
    public void close() {
      http.close();
    }
  }
}

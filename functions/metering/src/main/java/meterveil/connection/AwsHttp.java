package meterveil.connection;

import java.time.Duration;
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
    return UrlConnectionHttpClient.builder()
        .connectionTimeout(CONNECTION_TIMEOUT)
        .socketTimeout(ANSWER_TIMEOUT)
        .build();
  }
}

package meterveil.infrastructure;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.http.ContentStreamProvider;
import software.amazon.awssdk.http.HttpExecuteRequest;
import software.amazon.awssdk.http.HttpExecuteResponse;
import software.amazon.awssdk.http.HttpStatusFamily;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.http.SdkHttpRequest;
import software.amazon.awssdk.http.auth.aws.signer.AwsV4HttpSigner;
import software.amazon.awssdk.retries.api.BackoffStrategy;

/// What an account is given in a region, as AWS's Service Quotas says.
///
/// The registry this project is built from has no SDK module for it, so the two requests are sent
/// here, signed by the SDK's own signer.
final class ServiceQuotas {

  /// How often a page is asked for when AWS is asked too much.
  static final int TRIES_MAX = 6;

  private static final String NAME = "servicequotas";
  private static final String TARGET = "ServiceQuotasV20190624.";
  private static final int PAGE = 100;
  private static final int PAGES_MAX = 50;

  private static final AwsV4HttpSigner SIGNER = AwsV4HttpSigner.create();

  private static final BackoffStrategy PAUSE =
      BackoffStrategy.exponentialDelay(Duration.ofMillis(200), Duration.ofSeconds(5));

  /// What is given.
  ///
  /// @param accounts whose it is, as far as AWS says; defaults are nobody's
  /// @param values by the quota's name in small letters
  record Given(Set<String> accounts, Map<String, Double> values) {

    /// @param name as [Quota#name]
    Optional<Double> of(String name) {
      return Optional.ofNullable(values.get(name.toLowerCase(Locale.ROOT)));
    }
  }

  private final URI endpoint;
  private final String region;
  private final AwsCredentialsProvider credentials;
  private final SdkHttpClient http;

  /// @param endpoint scheme, host and port
  /// @param http not closed here
  ServiceQuotas(
      URI endpoint, String region, AwsCredentialsProvider credentials, SdkHttpClient http) {
    this.endpoint = endpoint;
    this.region = region;
    this.credentials = credentials;
    this.http = http;
  }

  /// Where AWS answers, unless the SDK's own variable says otherwise.
  static URI endpoint(String region, Map<String, String> variables) {
    return URI.create(
        variables.getOrDefault(
            "AWS_ENDPOINT_URL_SERVICE_QUOTAS",
            "https://%s.%s.amazonaws.com".formatted(NAME, region)));
  }

  /// Everything a service gives: its defaults, and over them what the account has been given, as
  /// AWS leaves out of the second what was never changed.
  ///
  /// @throws IOException if AWS does not answer, or refuses
  Given of(String service) throws IOException {
    var given = new Given(new TreeSet<>(), new LinkedHashMap<>());
    addAll("ListAWSDefaultServiceQuotas", service, given);
    addAll("ListServiceQuotas", service, given);
    return given;
  }

  private void addAll(String operation, String service, Given given) throws IOException {
    var request = new LinkedHashMap<String, Object>();
    request.put("ServiceCode", service);
    request.put("MaxResults", PAGE);
    for (var page = 0; page < PAGES_MAX; page++) {
      var answer = CdkJson.parse(send(operation, CdkJson.text(request)));
      for (var quota : Templates.listOf(answer.get("Quotas"))) {
        var named = Templates.mapOf(quota);
        if (named.get("Value") instanceof Number value) {
          var name = String.valueOf(named.get("QuotaName")).toLowerCase(Locale.ROOT);
          given.values().put(name, value.doubleValue());
        }
        var arn = String.valueOf(named.get("QuotaArn")).split(":", -1);
        if (arn.length > 4 && arn[4].matches("[0-9]{12}")) {
          given.accounts().add(arn[4]);
        }
      }
      if (!(answer.get("NextToken") instanceof String next)) {
        return;
      }
      request.put("NextToken", next);
    }
    throw new IOException("%s of %s has no end".formatted(operation, service));
  }

  private String send(String operation, String body) throws IOException {
    for (var tried = 1; ; tried++) {
      var response = call(operation, body);
      var text =
          response.responseBody().isPresent()
              ? new String(response.responseBody().get().readAllBytes(), StandardCharsets.UTF_8)
              : "";
      var status = response.httpResponse().statusCode();
      if (response.httpResponse().isSuccessful()) {
        return text;
      }
      var again =
          text.contains("TooManyRequestsException")
              || text.contains("ThrottlingException")
              || HttpStatusFamily.of(status) == HttpStatusFamily.SERVER_ERROR;
      if (!again || tried == TRIES_MAX) {
        throw new IOException(
            "AWS answers %s with %d: %s".formatted(operation, status, text.strip()));
      }
      pause(tried);
    }
  }

  private HttpExecuteResponse call(String operation, String body) throws IOException {
    var content = ContentStreamProvider.fromUtf8String(body);
    var request =
        SdkHttpRequest.builder()
            .method(SdkHttpMethod.POST)
            .uri(endpoint)
            .encodedPath("/")
            .putHeader("Content-Type", "application/x-amz-json-1.1")
            .putHeader("Content-Length", String.valueOf(body.length()))
            .putHeader("X-Amz-Target", TARGET + operation)
            .build();
    var signed =
        SIGNER.sign(sign ->
            sign.identity(credentials.resolveCredentials())
                .request(request)
                .payload(content)
                .putProperty(AwsV4HttpSigner.SERVICE_SIGNING_NAME, NAME)
                .putProperty(AwsV4HttpSigner.REGION_NAME, region));
    return http.prepareRequest(
            HttpExecuteRequest.builder()
                .request(signed.request())
                .contentStreamProvider(signed.payload().orElse(content))
                .build())
        .call();
  }

  private static void pause(int tried) throws IOException {
    try {
      Thread.sleep(PAUSE.computeDelay(tried));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }
}

package meterveil.meter;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.util.Map;
import meterveil.cohort.CohortId;
import meterveil.connection.AwsHttp;
import meterveil.connection.Pauses;
import meterveil.tenant.TenantId;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.exception.SdkServiceException;
import software.amazon.awssdk.http.AbortableInputStream;
import software.amazon.awssdk.http.ContentStreamProvider;
import software.amazon.awssdk.http.HttpExecuteRequest;
import software.amazon.awssdk.http.HttpExecuteResponse;
import software.amazon.awssdk.http.HttpStatusFamily;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.http.SdkHttpRequest;
import software.amazon.awssdk.http.auth.aws.signer.AwsV4HttpSigner;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.regions.providers.DefaultAwsRegionProviderChain;
import software.amazon.awssdk.utils.http.SdkHttpUtils;

/// The way from the platform to meters: publishes at QoS 1 over the HTTPS data plane of AWS IoT
/// Core (`POST /topics/{topic}`), signed with the SDK's own signer;
/// `docs/decisions/0002-iot-data-plane-without-its-sdk-module.md` says why not by the SDK's client.
///
/// Every method waits for IoT Core's answer and tries again when it is throttled, out of order or
/// cannot be reached. Trying again may publish twice: a meter takes a request or settings it has
/// already as it takes the first. What is thrown names neither topic nor payload, as a topic names
/// a meter.
///
/// Safe for use by many threads.
public final class Downlink {

  /// How often one message is tried.
  public static final int TRIES_MAX = 3;

  /// The name under which the data plane's API reference wants requests signed.
  private static final String SIGNING_NAME = "iotdevicegateway";

  private static final AwsV4HttpSigner SIGNER = AwsV4HttpSigner.create();
  private static final int TOO_MANY_REQUESTS = 429;

  private final URI endpoint;
  private final Region region;
  private final AwsCredentialsProvider credentials;
  private final SdkHttpClient http;

  /// @param endpoint scheme, host and port of the data plane
  /// @param region the region for which requests are signed
  /// @param credentials asked for each request
  /// @param http not closed here
  public Downlink(
      URI endpoint, Region region, AwsCredentialsProvider credentials, SdkHttpClient http) {
    this.endpoint = endpoint;
    this.region = region;
    this.credentials = credentials;
    this.http = http;
  }

  /// With region and credentials from the SDK's default chains and the endpoint from the SDK's own
  /// variable `AWS_ENDPOINT_URL_IOT_DATA_PLANE`; without it, the region's.
  ///
  /// @throws SdkException if no region is set
  public static Downlink fromEnvironment() {
    Region region = DefaultAwsRegionProviderChain.builder().build().getRegion();
    return new Downlink(
        endpoint(System.getenv(), region),
        region,
        DefaultCredentialsProvider.builder().build(),
        AwsHttp.client());
  }

  static URI endpoint(Map<String, String> environment, Region region) {
    String set = environment.get("AWS_ENDPOINT_URL_IOT_DATA_PLANE");
    return URI.create(
        set == null ? "https://data-ats.iot.%s.amazonaws.com".formatted(region.id()) : set);
  }

  /// Asks one meter to send blocks again.
  ///
  /// @throws SdkException if IoT Core did not take it
  public void resend(TenantId tenant, ThingName thing, ResendRequest request) {
    publish(Topics.resend(tenant, thing), DownlinkJson.encode(request), false);
  }

  /// Asks every meter of a cohort to send blocks again.
  ///
  /// @throws SdkException if IoT Core did not take it
  public void resend(TenantId tenant, CohortId cohort, ResendRequest request) {
    publish(Topics.resend(tenant, cohort), DownlinkJson.encode(request), false);
  }

  /// Tells a meter its settings, retained for when it connects.
  ///
  /// @throws SdkException if IoT Core did not take it
  public void settings(TenantId tenant, ThingName thing, MeterSettings settings) {
    publish(Topics.settings(tenant, thing), DownlinkJson.encode(settings), true);
  }

  private void publish(String topic, byte[] payload, boolean retained) {
    var request =
        SdkHttpRequest.builder()
            .uri(endpoint)
            .method(SdkHttpMethod.POST)
            // One path segment: the slashes of a topic are part of its name.
            .encodedPath("/topics/" + SdkHttpUtils.urlEncode(topic))
            .putRawQueryParameter("qos", "1")
            .putHeader("Content-Type", "application/json")
            .putHeader("Content-Length", Integer.toString(payload.length));
    if (retained) {
      request.putRawQueryParameter("retain", "true");
    }
    publish(request.build(), ContentStreamProvider.fromByteArray(payload));
  }

  private void publish(SdkHttpRequest request, ContentStreamProvider payload) {
    for (int tried = 1; ; tried++) {
      SdkException failure;
      try {
        int status = send(request, payload);
        if (HttpStatusFamily.of(status) == HttpStatusFamily.SUCCESSFUL) {
          return;
        }
        failure =
            SdkServiceException.builder()
                .message("IoT Core answered %d to a publish".formatted(status))
                .statusCode(status)
                .build();
        if (!isPassing(status)) {
          throw failure;
        }
      } catch (IOException | UncheckedIOException e) {
        failure = unreachable(e);
      }
      if (tried == TRIES_MAX) {
        throw failure;
      }
      Pauses.after(tried);
    }
  }

  /// Signs anew for each try, as a signature is good for minutes only.
  private int send(SdkHttpRequest request, ContentStreamProvider payload) throws IOException {
    var signed =
        SIGNER.sign(sign ->
            sign.identity(credentials.resolveCredentials())
                .request(request)
                .payload(payload)
                .putProperty(AwsV4HttpSigner.SERVICE_SIGNING_NAME, SIGNING_NAME)
                .putProperty(AwsV4HttpSigner.REGION_NAME, region.id()));
    HttpExecuteResponse response =
        http.prepareRequest(
                HttpExecuteRequest.builder()
                    .request(signed.request())
                    .contentStreamProvider(signed.payload().orElse(payload))
                    .build())
            .call();
    // Read to its end, so that the connection can be used again.
    try (var body =
        response
            .responseBody()
            .orElseGet(() -> AbortableInputStream.create(new ByteArrayInputStream(new byte[0])))) {
      body.transferTo(OutputStream.nullOutputStream());
    }
    return response.httpResponse().statusCode();
  }

  private static boolean isPassing(int status) {
    return status == TOO_MANY_REQUESTS
        || HttpStatusFamily.of(status) == HttpStatusFamily.SERVER_ERROR;
  }

  /// Without the cause itself, whose message may quote the address and with it the topic.
  private static SdkException unreachable(Exception e) {
    Throwable cause = e.getCause() == null ? e : e.getCause();
    return SdkClientException.create(
        "IoT Core cannot be reached: " + cause.getClass().getSimpleName());
  }
}

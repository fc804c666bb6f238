package meterveil.meter;

import java.net.URI;
import java.util.Map;
import meterveil.cohort.CohortId;
import meterveil.connection.AwsHttp;
import meterveil.connection.SignedHttp;
import meterveil.tenant.TenantId;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.regions.providers.DefaultAwsRegionProviderChain;
import software.amazon.awssdk.utils.http.SdkHttpUtils;

/// The way from the platform to meters: publishes at QoS 1 over the HTTPS data plane of AWS IoT
/// Core (`POST /topics/{topic}`), and cuts connections (`DELETE /connections/{clientId}`).
///
/// Every method waits for IoT Core's answer and tries again when it is throttled, out of order or
/// cannot be reached. Trying again may publish twice: a meter takes a request or settings it has
/// already as it takes the first. What is thrown names neither topic nor payload, as a topic names
/// a meter.
///
/// Safe for use by many threads.
public final class Downlink {

  /// The name under which the data plane's API reference wants requests signed.
  private static final String SIGNING_NAME = "iotdevicegateway";

  private static final byte[] NOTHING = {};
  private static final int NOT_FOUND = 404;

  private final SignedHttp http;

  /// @param endpoint scheme, host and port of the data plane
  /// @param region the region for which requests are signed
  /// @param credentials asked for each request
  /// @param http not closed here
  public Downlink(
      URI endpoint, Region region, AwsCredentialsProvider credentials, SdkHttpClient http) {
    this.http = new SignedHttp(endpoint, region, SIGNING_NAME, credentials, http);
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

  /// Cuts a meter's connection, if it has one, and forgets its session.
  ///
  /// @throws SdkException if IoT Core did not do it
  public void disconnect(ThingName thing) {
    http.send(
        http.request(SdkHttpMethod.DELETE, "/connections/" + SdkHttpUtils.urlEncode(thing.value()))
            .putRawQueryParameter("cleanSession", "true"),
        NOTHING,
        "the cutting of a connection",
        NOT_FOUND);
  }

  private void publish(String topic, byte[] payload, boolean retained) {
    var request =
        // One path segment: the slashes of a topic are part of its name.
        http.request(SdkHttpMethod.POST, "/topics/" + SdkHttpUtils.urlEncode(topic))
            .putRawQueryParameter("qos", "1");
    if (retained) {
      request.putRawQueryParameter("retain", "true");
    }
    http.send(request, payload, "a publish");
  }
}

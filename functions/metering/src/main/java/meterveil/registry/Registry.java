package meterveil.registry;

import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import meterveil.connection.JdkHttp;
import meterveil.connection.SignedHttp;
import meterveil.meter.ThingName;
import meterveil.registry.Certificate.Status;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.http.SdkHttpRequest;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.regions.providers.DefaultAwsRegionProviderChain;
import software.amazon.awssdk.utils.http.SdkHttpUtils;

/// The control plane of AWS IoT Core, as far as meters need it, in its REST form.
///
/// Every method waits for the answer, tries again what passes, and may be called again: what is as
/// it should be stays so.
///
/// Safe for use by many threads. Every method throws SdkException when IoT Core did not do it.
public final class Registry {

  private static final byte[] NOTHING = {};
  private static final int NOT_FOUND = 404;
  private static final int CONFLICT = 409;
  private static final String SIGNING_NAME = "iot";

  /// The most principals that are followed: a meter has one certificate, and two while it changes.
  private static final int PRINCIPALS_MAX = 1_000;

  private final SignedHttp http;

  /// @param endpoint scheme, host and port of the control plane
  /// @param region the region for which requests are signed
  /// @param credentials asked for each request
  /// @param http one that knows `PATCH`; not closed here
  public Registry(
      URI endpoint, Region region, AwsCredentialsProvider credentials, SdkHttpClient http) {
    this.http = new SignedHttp(endpoint, region, SIGNING_NAME, credentials, http);
  }

  /// With region and credentials from the SDK's default chains and the endpoint from the SDK's own
  /// variable `AWS_ENDPOINT_URL_IOT`; without it, the region's.
  ///
  /// @throws SdkException if no region is set
  public static Registry fromEnvironment() {
    Region region = DefaultAwsRegionProviderChain.builder().build().getRegion();
    return new Registry(
        endpoint(System.getenv(), region),
        region,
        DefaultCredentialsProvider.builder().build(),
        new JdkHttp());
  }

  static URI endpoint(Map<String, String> environment, Region region) {
    String set = environment.get("AWS_ENDPOINT_URL_IOT");
    return URI.create(set == null ? "https://iot.%s.amazonaws.com".formatted(region.id()) : set);
  }

  /// The thing of that name.
  public Optional<Thing> thing(ThingName name) {
    var answer =
        http.send(
            request(SdkHttpMethod.GET, "/things/", name.value()),
            NOTHING,
            "the description of a thing",
            NOT_FOUND);
    return answer.isDone() ? Optional.of(RegistryJson.thing(answer.body())) : Optional.empty();
  }

  /// Makes a thing, unless there is one of that name, whose attributes stay as they are.
  public void create(ThingName name, String type, Map<String, String> attributes) {
    http.send(
        request(SdkHttpMethod.POST, "/things/", name.value()),
        RegistryJson.create(type, attributes),
        "the making of a thing",
        CONFLICT);
  }

  /// Sets attributes of a thing and leaves its others.
  ///
  /// @return whether there is such a thing
  public boolean update(ThingName name, Map<String, String> attributes) {
    return http.send(
            request(SdkHttpMethod.PATCH, "/things/", name.value()),
            RegistryJson.merge(attributes),
            "the change of a thing",
            NOT_FOUND)
        .isDone();
  }

  /// The ARNs of what a thing proves itself by; none if there is no such thing.
  public List<String> principals(ThingName name) {
    var principals = new ArrayList<String>();
    Optional<String> next = Optional.empty();
    do {
      var request = request(SdkHttpMethod.GET, "/things/", name.value() + "/principals");
      next.ifPresent(token -> request.putRawQueryParameter("nextToken", token));
      var answer = http.send(request, NOTHING, "the list of a thing's principals", NOT_FOUND);
      if (!answer.isDone()) {
        return List.of();
      }
      var page = RegistryJson.principals(answer.body());
      principals.addAll(page.principals());
      next = page.next();
    } while (next.isPresent() && principals.size() < PRINCIPALS_MAX);
    return List.copyOf(principals);
  }

  /// Lets a thing prove itself by a certificate.
  public void attach(ThingName name, String certificateArn) {
    http.send(
        request(SdkHttpMethod.PUT, "/things/", name.value() + "/principals")
            .putHeader("x-amzn-principal", certificateArn),
        NOTHING,
        "the attachment of a certificate");
  }

  /// Lets a certificate do what a policy says.
  public void attachPolicy(String policy, String certificateArn) {
    http.send(
        request(SdkHttpMethod.PUT, "/target-policies/", policy),
        RegistryJson.target(certificateArn),
        "the attachment of a policy");
  }

  /// Puts a thing into a group.
  public void addToGroup(String group, ThingName name) {
    http.send(
        request(SdkHttpMethod.PUT, "/thing-groups/", "addThingToThingGroup"),
        RegistryJson.member(group, name),
        "the addition to a group");
  }

  /// The certificate of that id.
  public Optional<Certificate> certificate(String id) {
    var answer =
        http.send(
            request(SdkHttpMethod.GET, "/certificates/", id),
            NOTHING,
            "the description of a certificate",
            NOT_FOUND);
    return answer.isDone()
        ? Optional.of(RegistryJson.certificate(answer.body()))
        : Optional.empty();
  }

  /// Sets whether a certificate opens connections. One that is open stays so until it is cut.
  ///
  /// @param status one that can be set: active, inactive or revoked
  public void set(String certificateId, Status status) {
    http.send(
        request(SdkHttpMethod.PUT, "/certificates/", certificateId)
            .putRawQueryParameter("newStatus", status.name()),
        NOTHING,
        "the change of a certificate");
  }

  private SdkHttpRequest.Builder request(SdkHttpMethod method, String path, String name) {
    return http.request(method, path + SdkHttpUtils.urlEncodeIgnoreSlashes(name));
  }
}

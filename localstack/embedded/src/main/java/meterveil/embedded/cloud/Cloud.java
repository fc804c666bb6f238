package meterveil.embedded.cloud;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpResponse;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import meterveil.embedded.aws.SignedRequests;
import org.w3c.dom.Element;
import org.xml.sax.SAXException;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;

/// Where something is deployed: LocalStack, or an account of AWS; and the calls that need no more
/// of the SDK than its signer.
public final class Cloud implements AutoCloseable {

  private static final JsonMapper MAPPER = new JsonMapper();
  private static final int OK_MAX = 299;

  private final Optional<URI> endpoint;
  private final String region;
  private final AwsCredentialsProvider credentials;
  private final SignedRequests requests;

  private Cloud(Optional<URI> endpoint, String region, AwsCredentialsProvider credentials) {
    this.endpoint = endpoint;
    this.region = region;
    this.credentials = credentials;
    this.requests = new SignedRequests(region, credentials);
  }

  /// LocalStack. It takes the access key for the account, so an account of its own, made up, keeps
  /// what one run deploys apart from what every other does.
  public static Cloud localStack(URI endpoint, String region) {
    String account =
        Long.toString(ThreadLocalRandom.current().nextLong(100_000_000_000L, 999_999_999_999L));
    return new Cloud(
        Optional.of(endpoint),
        region,
        StaticCredentialsProvider.create(AwsBasicCredentials.create(account, "meterveil")));
  }

  /// The account of whoever the SDK's default chain finds.
  public static Cloud aws(String region) {
    return new Cloud(Optional.empty(), region, DefaultCredentialsProvider.builder().build());
  }

  /// The region.
  public String region() {
    return region;
  }

  /// Who calls.
  public AwsCredentialsProvider credentials() {
    return credentials;
  }

  /// The endpoint of a service.
  ///
  /// @param service as in its host name, such as `dynamodb`
  public URI endpoint(String service) {
    return endpoint.orElseGet(
        () -> URI.create("https://%s.%s.amazonaws.com".formatted(service, region)));
  }

  /// The account, twelve digits, as it says itself.
  public String account() throws IOException {
    return text(query("sts", "2011-06-15", Map.of("Action", "GetCallerIdentity")), "Account")
        .orElseThrow();
  }

  /// Asks an API of AWS's Query protocol.
  ///
  /// @throws IOException if it was refused, or there was no answer
  public Element query(String service, String version, Map<String, String> parameters)
      throws IOException {
    String form =
        parameters.entrySet().stream()
                .map(parameter ->
                    parameter.getKey() + "=" + URLEncoder.encode(parameter.getValue(), UTF_8))
                .collect(joining("&"))
            + "&Version="
            + version;
    byte[] answer =
        send(
            service,
            "POST",
            "/",
            Map.of("Content-Type", "application/x-www-form-urlencoded"),
            form.getBytes(UTF_8));
    try {
      var documents = DocumentBuilderFactory.newDefaultInstance();
      documents.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
      return documents
          .newDocumentBuilder()
          .parse(new ByteArrayInputStream(answer))
          .getDocumentElement();
    } catch (SAXException | ParserConfigurationException e) {
      throw new IOException(service + " answered no XML", e);
    }
  }

  /// The text of the first element of a name.
  static Optional<String> text(Element in, String name) {
    return Optional.ofNullable(in.getElementsByTagName(name).item(0))
        .map(element -> element.getTextContent().strip());
  }

  /// Asks an API of AWS's JSON protocol.
  ///
  /// @param target such as `DynamoDB_20120810.DescribeTable`
  /// @throws IOException if it was refused, or there was no answer
  public JsonNode json(String service, String target, JsonNode body) throws IOException {
    return MAPPER.readTree(
        send(
            service,
            "POST",
            "/",
            Map.of("Content-Type", "application/x-amz-json-1.1", "X-Amz-Target", target),
            MAPPER.writeValueAsBytes(body)));
  }

  /// Asks an API of AWS's REST protocol.
  ///
  /// @param path with its query, encoded
  /// @throws IOException if it was refused, or there was no answer
  public byte[] send(
      String service, String method, String path, Map<String, String> headers, byte[] body)
      throws IOException {
    HttpResponse<byte[]> answer =
        requests.send(service, method, endpoint(service).resolve(path), headers, body);
    if (answer.statusCode() > OK_MAX) {
      throw new IOException(
          "%s %s: %d %s"
              .formatted(service, path, answer.statusCode(), new String(answer.body(), UTF_8)));
    }
    return answer.body();
  }

  @Override
  public void close() {
    requests.close();
  }
}

package meterveil.operations;

import java.io.IOException;
import java.io.StringReader;
import java.net.URI;
import java.util.Optional;
import java.util.regex.Pattern;
import javax.xml.XMLConstants;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import meterveil.connection.SignedHttp;
import org.w3c.dom.Element;
import org.xml.sax.InputSource;
import org.xml.sax.SAXException;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.regions.Region;

/// What CloudFormation has made: the names of tables, which it makes up. By its query API
/// (`ListStackResources`).
final class DeployedStack {

  /// All that it asks.
  static final String ACTION = "ListStackResources";

  /// A stack has 500 resources at most, and a page a hundred.
  private static final int PAGES_MAX = 10;

  private static final byte[] NOTHING = {};
  private static final int REFUSED = 400;

  /// What it calls a stack that is not there, in answer to a request that is otherwise right.
  private static final String NO_SUCH_STACK = "ValidationError";

  private final String stack;
  private final SignedHttp http;

  /// @param endpoint of CloudFormation
  /// @param stack its name
  DeployedStack(
      URI endpoint,
      Region region,
      AwsCredentialsProvider credentials,
      SdkHttpClient http,
      String stack) {
    this.stack = stack;
    this.http = new SignedHttp(endpoint, region, "cloudformation", credentials, http);
  }

  /// CloudFormation of a region, or what the SDK's own variable says.
  static URI endpoint(Region region) {
    String set = System.getenv("AWS_ENDPOINT_URL_CLOUDFORMATION");
    return URI.create(
        set == null ? "https://cloudformation.%s.amazonaws.com".formatted(region.id()) : set);
  }

  /// The name of a table.
  ///
  /// @param constructId what its logical id begins with, before CDK's eight digits
  /// @throws IllegalArgumentException if the stack or the table is not there
  /// @throws IOException if the answer is not understood, or is another refusal
  /// @throws software.amazon.awssdk.core.exception.SdkException if it cannot be had just now, or
  ///   the caller may not have it
  String table(String constructId) throws IOException {
    var logicalId = Pattern.compile(Pattern.quote(constructId) + "[0-9A-F]{8}");
    Optional<String> next = Optional.empty();
    for (int page = 0; page < PAGES_MAX; page++) {
      var request =
          http.request(SdkHttpMethod.GET, "/")
              .putRawQueryParameter("Action", ACTION)
              .putRawQueryParameter("StackName", stack)
              .putRawQueryParameter("Version", "2010-05-15");
      next.ifPresent(token -> request.putRawQueryParameter("NextToken", token));
      var answer = http.send(request, NOTHING, "the list of a stack's resources", REFUSED);
      if (answer.error().equals(NO_SUCH_STACK)) {
        throw new IllegalArgumentException(
            "CloudFormation does not know the stack %s in this account and region. scripts/deploy"
                    .formatted(stack)
                + " makes it.");
      }
      if (!answer.isDone()) {
        throw new IOException(
            "CloudFormation refuses to list the resources of the stack %s: %s"
                .formatted(stack, answer.error().isEmpty() ? answer.status() : answer.error()));
      }
      Element root = parsed(answer.body());
      var members = root.getElementsByTagName("member");
      for (int i = 0; i < members.getLength(); i++) {
        var member = (Element) members.item(i);
        if (text(member, "ResourceType").filter("AWS::DynamoDB::Table"::equals).isPresent()
            && text(member, "LogicalResourceId")
                .filter(id -> logicalId.matcher(id).matches())
                .isPresent()) {
          return text(member, "PhysicalResourceId").orElseThrow();
        }
      }
      next = text(root, "NextToken");
      if (next.isEmpty()) {
        break;
      }
    }
    throw new IllegalArgumentException(
        "The stack %s has no table %s: deploy this version first.".formatted(stack, constructId));
  }

  private static Optional<String> text(Element of, String name) {
    return Optional.ofNullable(of.getElementsByTagName(name).item(0))
        .map(node -> node.getTextContent().strip());
  }

  private static Element parsed(String xml) throws IOException {
    try {
      var factory = DocumentBuilderFactory.newInstance();
      factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
      factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
      return factory
          .newDocumentBuilder()
          .parse(new InputSource(new StringReader(xml)))
          .getDocumentElement();
    } catch (ParserConfigurationException | SAXException e) {
      throw new IOException("CloudFormation's answer is not understood", e);
    }
  }
}

package meterveil.operations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import meterveil.connection.JdkHttp;
import meterveil.connection.SignedHttp;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.exception.SdkServiceException;
import software.amazon.awssdk.regions.Region;

class DeployedStackTest {

  private static final String PAGE =
      """
      <ListStackResourcesResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/">
        <ListStackResourcesResult>
          <StackResourceSummaries>%s</StackResourceSummaries>%s
        </ListStackResourcesResult>
      </ListStackResourcesResponse>
      """;
  private static final String FIRST_PAGE =
      PAGE.formatted(
          member("key-1", "Meters0123ABCD", "AWS::KMS::Key")
              + member("other", "MetersArchive0123ABCD", "AWS::DynamoDB::Table"),
          "<NextToken>second</NextToken>");
  private static final String SECOND_PAGE =
      PAGE.formatted(
          member("dev-Data-Meters0123ABCD-X1", "Meters0123ABCD", "AWS::DynamoDB::Table"), "");

  private static String member(String name, String logicalId, String type) {
    return "<member><PhysicalResourceId>%s</PhysicalResourceId>".formatted(name)
        + "<LogicalResourceId>%s</LogicalResourceId>".formatted(logicalId)
        + "<ResourceType>%s</ResourceType></member>".formatted(type);
  }

  private static String error(String code) {
    return """
    <ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/">
      <Error><Type>Sender</Type><Code>%s</Code><Message>Made up</Message></Error>
      <RequestId>1</RequestId>
    </ErrorResponse>
    """
        .formatted(code);
  }

  private final List<String> asked = new ArrayList<>();

  /// What is refused before anything else is answered.
  private final Deque<String> refusals = new ArrayDeque<>();

  private final HttpServer server;

  DeployedStackTest() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
  }

  @BeforeEach
  void start() {
    server.createContext(
        "/",
        exchange -> {
          String query = exchange.getRequestURI().getQuery();
          asked.add(query);
          if (!query.contains("StackName=dev-Data")) {
            refusals.add("ValidationError");
          }
          String page = query.contains("NextToken=second") ? SECOND_PAGE : FIRST_PAGE;
          boolean refused = !refusals.isEmpty();
          byte[] answer =
              (refused ? error(refusals.remove()) : page).getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(refused ? 400 : 200, answer.length);
          exchange.getResponseBody().write(answer);
          exchange.close();
        });
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  private DeployedStack stack(String name) {
    return new DeployedStack(
        URI.create("http://localhost:" + server.getAddress().getPort()),
        Region.US_WEST_2,
        StaticCredentialsProvider.create(AwsBasicCredentials.create("id", "secret")),
        new JdkHttp(),
        name);
  }

  @Test
  void findsTheNameOfATableOnALaterPage() throws IOException {
    assertThat(stack("dev-Data").table("Meters")).isEqualTo("dev-Data-Meters0123ABCD-X1");
    assertThat(asked).hasSize(2).allMatch(query -> query.contains("Action=ListStackResources"));
  }

  @Test
  void saysWhatIsMissing() {
    assertThatThrownBy(() -> stack("dev-Data").table("Usage"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("no table Usage");
    assertThatThrownBy(() -> stack("prod-Data").table("Meters"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("prod-Data")
        .hasMessageContaining("scripts/deploy");
  }

  @Test
  void asksAgainWhenItAsksTooOften() throws IOException {
    refusals.addAll(List.of("Throttling", "Throttling"));

    assertThat(stack("dev-Data").table("Meters")).isEqualTo("dev-Data-Meters0123ABCD-X1");
    assertThat(asked).hasSize(4);
  }

  @Test
  void takesNoOtherRefusalForAMissingStack() {
    refusals.addAll(List.of("Throttling", "Throttling", "Throttling"));
    assertThatThrownBy(() -> stack("dev-Data").table("Meters"))
        .isInstanceOf(SdkServiceException.class)
        .hasMessage("cloudformation answered 400 (Throttling) to the list of a stack's resources");
    assertThat(asked).hasSize(SignedHttp.TRIES_MAX);

    refusals.add("IncompleteSignature");
    assertThatThrownBy(() -> stack("dev-Data").table("Meters"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("IncompleteSignature");
  }

  @Test
  void readsTheRegionOfAStage(@TempDir Path folder) throws IOException {
    Path cdkJson =
        Files.writeString(
            folder.resolve("cdk.json"), "{\"stages\": {\"dev\": {\"region\": \"us-west-2\"}}}");
    assertThat(StageJson.region(cdkJson, "dev")).isEqualTo("us-west-2");
    assertThatThrownBy(() -> StageJson.region(cdkJson, "test"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("no stage test");
  }
}

package meterveil.infrastructure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Modifier;
import java.nio.file.Path;
import java.util.stream.Stream;
import java.util.zip.ZipFile;
import meterveil.infrastructure.Templates.Resource;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The zips that the templates deploy hold the handlers that the templates name.
class FunctionZipTest {

  /// The function that CDK brings along to call AWS's own interfaces.
  private static final String OF_CDK = "AWS679f53fac002430cb0da5b7982bd2287";

  @ParameterizedTest
  @MethodSource("functions")
  void holdsTheHandlerThatTheTemplateNames(Resource function) throws Exception {
    var handler = Class.forName(function.textAt("Handler"));
    var entry = handler.getName().replace('.', '/') + ".class";

    try (var zip = new ZipFile(zip(function).toFile());
        var built = handler.getResourceAsStream("/" + entry)) {
      assertThat(zip.getEntry(entry)).as(entry).isNotNull();
      assertThat(bytes(zip.getInputStream(zip.getEntry(entry)))).isEqualTo(bytes(built));
    }
    assertThat(
            RequestHandler.class.isAssignableFrom(handler)
                || RequestStreamHandler.class.isAssignableFrom(handler))
        .isTrue();
    assertThat(Modifier.isPublic(handler.getDeclaredConstructor().getModifiers())).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"meterveil.collect.Nothing", "meterveil.status.StatusFunction"})
  void findsAHandlerThatTheZipDoesNotHold(String handler) {
    var changed = Changes.set(Synthesis.dev(), "CollectFunction", handler, "Properties", "Handler");

    assertThatThrownBy(
            () -> holdsTheHandlerThatTheTemplateNames(Changes.resource(changed, "CollectFunction")))
        .hasMessageContaining(handler.substring(handler.lastIndexOf('.') + 1));
  }

  @ParameterizedTest
  @MethodSource("functions")
  void keepsClassesAtTheRootAndJarsUnderLib(Resource function) throws IOException {
    try (var zip = new ZipFile(zip(function).toFile())) {
      var files = zip.stream().filter(entry -> !entry.isDirectory()).map(Object::toString).toList();

      assertThat(files)
          .filteredOn(name -> name.endsWith(".jar"))
          .allMatch(n -> n.startsWith("lib/"));
      assertThat(files)
          .filteredOn(name -> name.startsWith("lib/"))
          .allMatch(n -> n.endsWith(".jar"));
      assertThat(files).noneMatch(name -> name.contains("DynamoDBLocal"));
    }
  }

  static Stream<Resource> functions() {
    return Synthesis.dev().ofType("AWS::Lambda::Function").stream()
        .filter(function -> !function.construct().equals(OF_CDK));
  }

  /// The zip as it lies in the cloud assembly, where its name is what the template asks S3 for.
  static Path zip(Resource function) {
    return Synthesis.ASSEMBLY.resolve("asset." + function.textAt("Code", "S3Key"));
  }

  private static byte[] bytes(InputStream stream) throws IOException {
    return stream.readAllBytes();
  }
}

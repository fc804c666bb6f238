package meterveil.embedded.aws;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.api.client.AWSLambda;
import com.amazonaws.services.lambda.runtime.serialization.PojoSerializer;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import software.amazon.awssdk.utilslite.SdkInternalThreadLocal;

/// AWS's runtime interface client: what runs a function's handler in a process of its own.
public final class RuntimeInterfaceClient {

  private RuntimeInterfaceClient() {}

  /// Unpacks its native half. It would unpack itself into the machine's temporary folder, over the
  /// one another process uses.
  ///
  /// @param work the folder for it
  /// @return the JVM's option that tells the client where it lies
  /// @throws IOException if there is none for this machine
  public static String nativeLibrary(Path work) throws IOException {
    String architecture =
        switch (System.getProperty("os.arch")) {
          case "amd64", "x86_64" -> "x86_64";
          case "aarch64" -> "aarch_64";
          default -> "none";
        };
    String name = "libaws-lambda-jni.linux-" + architecture + ".so";
    Path library = work.resolve(name);
    try (InputStream in = AWSLambda.class.getResourceAsStream("/jni/" + name)) {
      if (in == null || !System.getProperty("os.name").equals("Linux")) {
        throw new IOException(
            "AWS's runtime interface client runs on Linux on x86-64 and ARM only");
      }
      Files.copy(in, library);
    }
    return "-Dcom.amazonaws.services.lambda.runtime.api.client.runtimeapi.NativeClient.JNI="
        + library;
  }

  /// Its jars, as they lie on our own class path.
  public static String classPath() {
    return Stream.of(
            AWSLambda.class, Context.class, PojoSerializer.class, SdkInternalThreadLocal.class)
        .map(type -> {
          try {
            return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI())
                .toString();
          } catch (URISyntaxException e) {
            throw new IllegalStateException("a class from no file", e);
          }
        })
        .collect(Collectors.joining(File.pathSeparator));
  }
}

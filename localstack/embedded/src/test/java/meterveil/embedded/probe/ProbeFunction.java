package meterveil.embedded.probe;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.Map;
import java.util.TreeMap;

/// Does as it is told by a word, a JSON string.
public final class ProbeFunction implements RequestStreamHandler {

  private final Clock clock;

  /// For Lambda.
  public ProbeFunction() {
    this(Clock.systemUTC());
    if (System.getenv().containsKey("FAIL_TO_START")) {
      throw new IllegalStateException("told not to start");
    }
  }

  ProbeFunction(Clock clock) {
    this.clock = clock;
  }

  @Override
  public void handleRequest(InputStream in, OutputStream out, Context context) throws IOException {
    String word = new String(in.readAllBytes(), StandardCharsets.UTF_8).replace("\"", "");
    String answer =
        switch (word) {
          case "time" -> clock.instant().toString();
          case "environment" -> variables();
          case "options" ->
              String.join(" ", ManagementFactory.getRuntimeMXBean().getInputArguments());
          case "log" -> {
            System.out.println("the probe's line");
            yield "logged";
          }
          case "throw" -> throw new IllegalStateException("as told");
          case "exit" -> {
            Runtime.getRuntime().halt(7);
            yield "never";
          }
          case "hang" -> {
            hang();
            yield "never";
          }
          default -> word;
        };
    out.write(("\"" + answer + "\"").getBytes(StandardCharsets.UTF_8));
  }

  private static String variables() {
    Map<String, String> sorted = new TreeMap<>(System.getenv());
    return sorted.toString();
  }

  private static void hang() {
    try {
      Thread.sleep(Long.MAX_VALUE);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}

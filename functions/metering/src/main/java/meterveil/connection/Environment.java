package meterveil.connection;

import java.util.Map;

/// The variables a function is started with.
public final class Environment {

  private Environment() {}

  /// The value of a variable.
  ///
  /// @throws IllegalStateException naming it, if it is missing
  public static String required(Map<String, String> environment, String name) {
    String value = environment.get(name);
    if (value == null) {
      throw new IllegalStateException(name + " is not set");
    }
    return value;
  }
}

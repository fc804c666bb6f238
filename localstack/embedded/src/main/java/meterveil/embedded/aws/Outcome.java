package meterveil.embedded.aws;

/// How an invocation ended.
public sealed interface Outcome {

  /// The function returned.
  ///
  /// @param payload what, as JSON
  record Answered(String payload) implements Outcome {}

  /// The function threw, timed out, or its process ended.
  ///
  /// @param payload `errorMessage`, `errorType` and, when it threw, `stackTrace`, as JSON
  record Failed(String payload) implements Outcome {}
}

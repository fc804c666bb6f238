package meterveil.embedded.iot;

/// A rule's Lambda action: an asynchronous invocation.
@FunctionalInterface
public interface LambdaAction {

  /// Takes in an event for a function; returns at once, before it runs.
  ///
  /// @param functionArn the function with its alias, as in the rule
  /// @param eventJson the event
  /// @throws ActionFailed if the event is not taken in: no such function, no permission for
  ///   `iot.amazonaws.com`, throttled
  void invoke(String functionArn, byte[] eventJson) throws ActionFailed;
}

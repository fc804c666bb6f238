package meterveil.embedded.aws;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/// An error as an AWS service answers it.
final class AwsError extends Exception {

  private static final int BAD_REQUEST = 400;

  private final int status;
  private final String type;

  /// @param type the name of the error in the service's model
  AwsError(int status, String type, String message) {
    super(message);
    this.status = status;
    this.type = type;
  }

  /// The caller's fault.
  static AwsError refused(String type, String message) {
    return new AwsError(BAD_REQUEST, type, message);
  }

  /// A request that makes no sense.
  static AwsError invalid(String message) {
    return refused("ValidationException", message);
  }

  String type() {
    return type;
  }

  /// The error's name stands in the body for the JSON protocols and in the header for REST.
  Message answer() {
    byte[] body =
        JsonNodeFactory.instance
            .objectNode()
            .put("__type", type)
            .put("message", getMessage())
            .toString()
            .getBytes(StandardCharsets.UTF_8);
    return Message.answer(
        status,
        Map.of("Content-Type", "application/x-amz-json-1.0", "x-amzn-ErrorType", type),
        body);
  }
}

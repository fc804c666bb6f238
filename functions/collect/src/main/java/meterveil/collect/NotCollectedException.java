package meterveil.collect;

import software.amazon.awssdk.awscore.exception.AwsServiceException;

/// Something around the function failed, and the message should be delivered again. Says what kind
/// of failure it was and where, and nothing that a library may have quoted from the message: Lambda
/// writes it to the log.
final class NotCollectedException extends RuntimeException {

  /// @param failure what failed; only its kind, AWS error code and place are taken
  NotCollectedException(RuntimeException failure) {
    super(kind(failure));
    setStackTrace(failure.getStackTrace());
  }

  private static String kind(RuntimeException failure) {
    return switch (failure) {
      case AwsServiceException service when service.awsErrorDetails() != null ->
          service.awsErrorDetails().serviceName() + " " + service.awsErrorDetails().errorCode();
      default -> failure.getClass().getSimpleName();
    };
  }
}

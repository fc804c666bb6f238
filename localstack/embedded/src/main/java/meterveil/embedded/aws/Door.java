package meterveil.embedded.aws;

import java.io.IOException;
import java.util.List;
import meterveil.embedded.aws.Faults.Call;
import meterveil.embedded.aws.Faults.Fault;
import meterveil.embedded.aws.Roles.Caller;
import org.jspecify.annotations.Nullable;

/// The endpoint of one AWS service: finds out who calls, lets tests make the call fail, and leaves
/// the rest to the service.
final class Door implements AutoCloseable {

  private static final int SERVER_ERROR = 500;

  /// A service behind a door.
  interface Service {

    /// The operation a request asks for, without its service's prefix.
    String operation(Message request) throws AwsError;

    /// Carries out an operation if the caller may.
    Message answer(Caller caller, String operation, Message request) throws AwsError, IOException;

    /// The service's error for too many requests.
    String throttled();
  }

  private final Roles roles;
  private final Faults faults;
  private final Service service;
  private final Charges charges;
  private final String name;
  private final LoopbackServer server;

  /// @param name of the service, as policies begin its actions with
  Door(String name, Roles roles, Faults faults, Charges charges, Service service)
      throws IOException {
    this.name = name;
    this.charges = charges;
    this.roles = roles;
    this.faults = faults;
    this.service = service;
    this.server = LoopbackServer.start(name, this::answer);
  }

  /// Where it is, as a URL.
  String url() {
    return "http://" + server.authority();
  }

  private @Nullable Message answer(Message request) throws IOException, InterruptedException {
    try {
      Caller caller = roles.caller(request);
      String operation = service.operation(request);
      List<Fault> struck =
          faults.none() ? List.of() : faults.of(new Call(caller.role(), operation, request.text()));
      for (Fault fault : struck) {
        switch (fault) {
          case Fault.Before(Runnable action) -> action.run();
          case Fault.Throttled() ->
              throw AwsError.refused(service.throttled(), "Rate exceeded (injected)");
          case Fault.ServerError() ->
              throw new AwsError(SERVER_ERROR, "InternalServerError", "injected");
          case Fault.Silence() -> Thread.sleep(Long.MAX_VALUE);
          case Fault.After _, Fault.AnswerLost _ -> {}
        }
      }
      charges.called(caller, name + ":" + operation);
      Message answer = service.answer(caller, operation, request);
      for (Fault fault : struck) {
        if (fault instanceof Fault.After(Runnable action)) {
          action.run();
        }
      }
      return struck.stream().anyMatch(Fault.AnswerLost.class::isInstance) ? null : answer;
    } catch (AwsError refused) {
      return refused.answer();
    }
  }

  @Override
  public void close() {
    server.close();
  }
}

package meterveil.embedded.aws;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntPredicate;
import java.util.function.Predicate;

/// What goes wrong, on purpose, with the calls of functions to DynamoDB, KMS and IoT.
public final class Faults {

  /// What happens to a call.
  public sealed interface Fault {

    /// It is refused with the service's error for too many requests, without being carried out.
    record Throttled() implements Fault {}

    /// It is refused with status 500, without being carried out.
    record ServerError() implements Fault {}

    /// It is not carried out and never answered: the caller waits for as long as it likes to.
    record Silence() implements Fault {}

    /// It is carried out, and then the connection breaks instead of an answer.
    record AnswerLost() implements Fault {}

    /// Something else happens first, in the call's own thread: the call goes on when it returns.
    record Before(Runnable action) implements Fault {}

    /// Something else happens when the call has been carried out, before it is answered.
    record After(Runnable action) implements Fault {}
  }

  /// A call that may go wrong.
  ///
  /// @param role the logical id of the caller's role; empty for the administrator
  /// @param operation for instance `UpdateItem`, `Decrypt`, `Publish`
  /// @param body what was sent
  public record Call(String role, String operation, String body) {}

  /// A fault that is in force until it is closed.
  public static final class Injection implements AutoCloseable {
    private final Faults faults;
    private final Predicate<Call> calls;
    private final IntPredicate numbers;
    private final Fault fault;
    private final AtomicInteger seen = new AtomicInteger();
    private final AtomicInteger hits = new AtomicInteger();

    private Injection(Faults faults, Predicate<Call> calls, IntPredicate numbers, Fault fault) {
      this.faults = faults;
      this.calls = calls;
      this.numbers = numbers;
      this.fault = fault;
    }

    /// How often it struck.
    public int hits() {
      return hits.get();
    }

    @Override
    public void close() {
      faults.injections.remove(this);
    }

    private boolean strikes(Call call) {
      boolean struck = calls.test(call) && numbers.test(seen.incrementAndGet());
      if (struck) {
        hits.incrementAndGet();
      }
      return struck;
    }
  }

  private final List<Injection> injections = new CopyOnWriteArrayList<>();

  /// Lets every call of a role's operation go wrong.
  ///
  /// @param role the beginning of the role's logical id
  public Injection inject(String role, String operation, Fault fault) {
    return inject(role, operation, _ -> true, fault);
  }

  /// Lets some calls of a role's operation go wrong.
  ///
  /// @param role the beginning of the role's logical id
  /// @param numbers which ones, the first after this being number 1
  public Injection inject(String role, String operation, IntPredicate numbers, Fault fault) {
    return inject(
        call -> call.role.startsWith(role) && call.operation.equals(operation), numbers, fault);
  }

  /// Lets some of the calls that fit go wrong.
  ///
  /// @param numbers which of them, the first after this being number 1
  public Injection inject(Predicate<Call> calls, IntPredicate numbers, Fault fault) {
    var injection = new Injection(this, calls, numbers, fault);
    injections.add(injection);
    return injection;
  }

  /// The faults that strike a call, in the order they were injected.
  List<Fault> of(Call call) {
    return injections.stream()
        .filter(injection -> injection.strikes(call))
        .map(injection -> injection.fault)
        .toList();
  }

  boolean none() {
    return injections.isEmpty();
  }
}

package meterveil.embedded.aws;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import meterveil.embedded.aws.Roles.Caller;

/// What AWS would charge for, as it happened: each role's calls with the capacity they took, and
/// how long each function worked. The administrator, who looks at a run from outside, is not in it.
///
/// Safe for use by many threads.
public final class Charges {

  private static final double NANOS_PER_MILLI = 1e6;

  /// One operation as one role has called it.
  ///
  /// @param count how often
  /// @param readUnits of DynamoDB, by its own figures; 0 for other services
  /// @param writeUnits of DynamoDB, by its own figures, failed conditions included
  public record Calls(long count, double readUnits, double writeUnits) {

    private Calls plus(Calls more) {
      return new Calls(
          count + more.count, readUnits + more.readUnits, writeUnits + more.writeUnits);
    }
  }

  /// One function's work.
  ///
  /// @param invocations each try of an event
  /// @param busyMillis from an event's being handed over to its answer, all together
  /// @param busyMillisEach the same for each, in ascending order
  public record Work(long invocations, double busyMillis, List<Double> busyMillisEach) {

    public Work {
      busyMillisEach = List.copyOf(busyMillisEach);
    }

    /// What Lambda bills: each try by itself, rounded up to a whole millisecond.
    public double billedMillis() {
      return busyMillisEach.stream().mapToDouble(Math::ceil).sum();
    }

    /// How long a share of the tries took at most.
    ///
    /// @param share 0.5 for the median
    public double busyMillis(double share) {
      return busyMillisEach.isEmpty()
          ? 0
          : busyMillisEach.get((int) (share * (busyMillisEach.size() - 1)));
    }
  }

  private record Operation(String role, String name) {}

  private final Map<Operation, Calls> calls = new HashMap<>();
  private final Map<String, List<Double>> busyMillis = new HashMap<>();

  /// Counts a call that was answered, or refused by the service itself.
  ///
  /// @param name service and operation, as in a policy
  void called(Caller caller, String name) {
    add(caller, name, new Calls(1, 0, 0));
  }

  /// Adds what a call has taken of a table.
  void took(Caller caller, String name, double readUnits, double writeUnits) {
    add(caller, name, new Calls(0, readUnits, writeUnits));
  }

  private synchronized void add(Caller caller, String name, Calls more) {
    if (!caller.administrator()) {
      calls.merge(new Operation(caller.role(), name), more, Calls::plus);
    }
  }

  /// Counts a try of an event.
  synchronized void worked(String function, long busyNanos) {
    busyMillis.computeIfAbsent(function, _ -> new ArrayList<>()).add(busyNanos / NANOS_PER_MILLI);
  }

  /// The write units that a role's calls have used.
  ///
  /// @param role the beginning of its logical id
  public synchronized double writeUnits(String role) {
    return calls.entrySet().stream()
        .filter(call -> call.getKey().role.startsWith(role))
        .mapToDouble(call -> call.getValue().writeUnits)
        .sum();
  }

  /// The read units that a role's calls have used.
  ///
  /// @param role the beginning of its logical id
  public synchronized double readUnits(String role) {
    return calls.entrySet().stream()
        .filter(call -> call.getKey().role.startsWith(role))
        .mapToDouble(call -> call.getValue().readUnits)
        .sum();
  }

  /// All calls so far.
  ///
  /// @return by the role's logical id, then by service and operation, as `dynamodb:UpdateItem`
  public synchronized Map<String, Map<String, Calls>> calls() {
    var all = new TreeMap<String, Map<String, Calls>>();
    calls.forEach((operation, count) ->
        all.computeIfAbsent(operation.role, _ -> new TreeMap<>()).put(operation.name, count));
    return all;
  }

  /// All work so far, by the function's logical id.
  public synchronized Map<String, Work> work() {
    var all = new TreeMap<String, Work>();
    busyMillis.forEach((function, each) -> {
      List<Double> sorted = each.stream().sorted().toList();
      all.put(
          function,
          new Work(sorted.size(), sorted.stream().mapToDouble(Double::doubleValue).sum(), sorted));
    });
    return all;
  }
}

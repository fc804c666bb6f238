package meterveil.benchmarks;

import java.util.List;
import java.util.Map;

/// What one kind of benchmark came to.
///
/// @param name such as `speed`
/// @param tables for a person to read
/// @param figures for a program to read, as JSON has them
/// @param charts by the name of their file, without its ending
/// @param goals in the order they are listed in
public record Outcome(
    String name,
    List<Table> tables,
    Map<String, Object> figures,
    Map<String, String> charts,
    List<Goal> goals) {

  public Outcome {
    tables = List.copyOf(tables);
    goals = List.copyOf(goals);
  }
}

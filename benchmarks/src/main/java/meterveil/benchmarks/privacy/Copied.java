package meterveil.benchmarks.privacy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;

/// What somebody who copied a run's tables of consumption has of a meter to link: a record of few
/// meters, or a token that returns.
///
/// @param metersMin the fewest meters of an item that is left when all days are closed and that
///   holds energy or tokens: by its tokens, or by what a cell tells, which is rounded down
/// @param itemsLeft how many such items are left
/// @param tokensTwice how many tokens are there more than once, in items of any cohort and day
/// @param tokens how many there are, in the items of the days that are open
record Copied(int metersMin, int itemsLeft, int tokensTwice, int tokens) {

  /// Looks at the copies.
  ///
  /// @param file `copies.jsonl` of a run
  /// @throws IllegalStateException if there was nothing to look at
  static Copied read(Path file) throws IOException {
    var tokens = new ArrayList<String>();
    var meters = new ArrayList<Integer>();
    for (String line : Files.readAllLines(file)) {
      JsonNode copy = new JsonMapper().readTree(line);
      JsonNode item = copy.required("item");
      var own = new ArrayList<String>();
      for (String set : List.of("t", "u")) {
        item.path(set).forEach(token -> own.add(token.asText()));
      }
      if (copy.required("when").asText().equals("open")) {
        tokens.addAll(own);
      } else if (!own.isEmpty() || item.has("d") || item.hasNonNull("energyKWh")) {
        meters.add(own.size() + item.path("count").asInt());
      }
    }
    if (tokens.isEmpty() || meters.isEmpty()) {
      throw new IllegalStateException("copies without anything in them: " + file);
    }
    return new Copied(
        meters.stream().mapToInt(Integer::intValue).min().orElseThrow(),
        meters.size(),
        tokens.size() - new HashSet<>(tokens).size(),
        tokens.size());
  }
}

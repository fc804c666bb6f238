package meterveil.embedded.run;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Many texts to be found in others, in one pass over each: a rolling hash of as many characters as
/// the shortest has (Karp and Rabin 1987) says where to look closer.
final class Needles {

  private static final int FILTER_BITS = 1 << 20;
  private static final int BASE = 0x01000193;

  private final Map<String, List<Needle>> byBeginning = new HashMap<>();
  private final BitSet filter = new BitSet(FILTER_BITS);
  private final int length;
  private final int leavingFactor;

  /// @param text what is searched for, not empty
  /// @param what what it is
  record Needle(String text, String what) {}

  /// @param needles at least one
  Needles(List<Needle> needles) {
    this.length = needles.stream().mapToInt(needle -> needle.text().length()).min().orElseThrow();
    int factor = 1;
    for (int i = 1; i < length; i++) {
      factor *= BASE;
    }
    this.leavingFactor = factor;
    for (Needle needle : needles) {
      String beginning = needle.text().substring(0, length);
      byBeginning.computeIfAbsent(beginning, _ -> new ArrayList<>()).add(needle);
      int hash = 0;
      for (int i = 0; i < length; i++) {
        hash = hash * BASE + beginning.charAt(i);
      }
      filter.set(bit(hash));
    }
  }

  /// What is found in a text, each kind once.
  Set<String> in(String text) {
    var found = new LinkedHashSet<String>();
    int hash = 0;
    for (int i = 0; i < text.length(); i++) {
      if (i >= length) {
        hash -= text.charAt(i - length) * leavingFactor;
      }
      hash = hash * BASE + text.charAt(i);
      int start = i - length + 1;
      if (start >= 0 && filter.get(bit(hash))) {
        for (Needle needle :
            byBeginning.getOrDefault(text.substring(start, start + length), List.of())) {
          if (text.startsWith(needle.text(), start)) {
            found.add(needle.what());
          }
        }
      }
    }
    return found;
  }

  private static int bit(int hash) {
    return (hash ^ hash >>> 15) & (FILTER_BITS - 1);
  }
}

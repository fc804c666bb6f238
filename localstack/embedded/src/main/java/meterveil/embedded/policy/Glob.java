package meterveil.embedded.policy;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A text of a policy with policy variables `${key}` and, where they are meant, the wildcards `*`
/// (any characters) and `?` (one character).
///
/// Wildcards are kept as two characters that no policy may hold, so that a `*` or `?` in a
/// variable's value, or written `${*}`, is only itself. That is what lets a value be put into the
/// text before it is compared.
final class Glob {

  private static final char ANY = '\uE000';
  private static final char ONE = '\uE001';

  /// `partition:service:region:account:resource` and the leading `arn`.
  private static final int ARN_PARTS = 6;

  private sealed interface Part {}

  private record Text(String text) implements Part {}

  private record Variable(String key) implements Part {}

  private final List<Part> parts;
  private final @Nullable String fixed;
  private final boolean byArnParts;

  private Glob(List<Part> parts, boolean byArnParts) {
    this.parts = List.copyOf(parts);
    this.fixed =
        parts.isEmpty()
            ? ""
            : parts.size() == 1 && parts.getFirst() instanceof Text(String text) ? text : null;
    this.byArnParts = byArnParts;
  }

  /// A text in which `*` and `?` stand for themselves.
  static Glob literal(String text) {
    return new Glob(parts(text, false), false);
  }

  /// A text with wildcards.
  static Glob wild(String text) {
    return new Glob(parts(text, true), false);
  }

  /// An ARN whose wildcards do not reach across its first five colons, or `*`.
  static Glob arn(String text) {
    if (text.equals("*")) {
      return wild(text);
    }
    String[] arn = text.split(":", ARN_PARTS);
    if (arn.length < ARN_PARTS || !arn[0].equals("arn")) {
      throw new IllegalArgumentException("is not a whole ARN: " + text);
    }
    boolean wildHead = false;
    for (int i = 1; i < ARN_PARTS - 1; i++) {
      if (arn[i].contains("${")) {
        throw new IllegalArgumentException("has a variable before an ARN's resource: " + text);
      }
      wildHead |= arn[i].contains("*") || arn[i].contains("?");
    }
    return new Glob(parts(text, true), wildHead);
  }

  private static List<Part> parts(String text, boolean wildcards) {
    var parts = new ArrayList<Part>();
    var run = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == ANY || c == ONE) {
        throw new IllegalArgumentException("has a character of the private use area: " + text);
      } else if (wildcards && c == '*') {
        run.append(ANY);
      } else if (wildcards && c == '?') {
        run.append(ONE);
      } else if (text.startsWith("${", i)) {
        int end = text.indexOf('}', i);
        if (end < 0) {
          throw new IllegalArgumentException("has a variable without an end: " + text);
        }
        String key = text.substring(i + 2, end);
        switch (key) {
          case "*", "?", "$" -> run.append(key);
          default -> {
            if (key.isBlank() || key.contains(",") || key.contains("$")) {
              throw new IllegalArgumentException(
                  "has a variable of a form not implemented: " + key);
            }
            if (!run.isEmpty()) {
              parts.add(new Text(run.toString()));
              run.setLength(0);
            }
            parts.add(new Variable(key));
          }
        }
        i = end;
      } else {
        run.append(c);
      }
    }
    if (!run.isEmpty()) {
      parts.add(new Text(run.toString()));
    }
    return parts;
  }

  /// The keys of its variables.
  Set<String> variables() {
    var keys = new LinkedHashSet<String>();
    for (Part part : parts) {
      if (part instanceof Variable(String key)) {
        keys.add(key);
      }
    }
    return keys;
  }

  /// Whether each variable has exactly one value in this request.
  boolean resolves(Request request) {
    return parts.stream()
        .noneMatch(part -> part instanceof Variable(String key) && request.values(key).size() != 1);
  }

  /// Whether the text, with the request's values for its variables, covers another. Asked only of a
  /// glob that resolves.
  boolean covers(String other, Request request) {
    String pattern = resolved(request);
    if (!byArnParts) {
      return covers(pattern, other, false);
    }
    String[] patterns = pattern.split(":", ARN_PARTS);
    String[] others = other.split(":", ARN_PARTS);
    if (others.length < ARN_PARTS) {
      return false;
    }
    for (int i = 0; i < ARN_PARTS; i++) {
      if (!covers(patterns[i], others[i], false)) {
        return false;
      }
    }
    return true;
  }

  /// As `covers`, for a glob without variables, whatever the case.
  boolean coversIgnoringCase(String other, Request request) {
    return covers(resolved(request), other, true);
  }

  private String resolved(Request request) {
    if (fixed != null) {
      return fixed;
    }
    var text = new StringBuilder();
    for (Part part : parts) {
      switch (part) {
        case Text(String run) -> text.append(run);
        case Variable(String key) -> text.append(request.values(key).getFirst());
      }
    }
    return text.toString();
  }

  /// Goes on past the last `*` whenever what follows it does not fit where it was tried.
  private static boolean covers(String pattern, String text, boolean ignoreCase) {
    int p = 0;
    int t = 0;
    int afterStar = -1;
    int starAt = 0;
    while (t < text.length()) {
      char c = p < pattern.length() ? pattern.charAt(p) : '\0';
      if (p < pattern.length() && c == ANY) {
        p++;
        afterStar = p;
        starAt = t;
      } else if (p < pattern.length() && (c == ONE || same(c, text.charAt(t), ignoreCase))) {
        p++;
        t++;
      } else if (afterStar >= 0) {
        p = afterStar;
        starAt++;
        t = starAt;
      } else {
        return false;
      }
    }
    while (p < pattern.length() && pattern.charAt(p) == ANY) {
      p++;
    }
    return p == pattern.length();
  }

  private static boolean same(char a, char b, boolean ignoreCase) {
    return a == b || (ignoreCase && Character.toLowerCase(a) == Character.toLowerCase(b));
  }
}

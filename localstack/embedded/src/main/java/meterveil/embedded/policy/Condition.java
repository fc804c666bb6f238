package meterveil.embedded.policy;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Predicate;

/// One line of a statement's `Condition`: an operator, a key, and the values it is compared with.
///
/// @param over how the values of a key that has several are taken together
/// @param comparison how one value is compared
/// @param ifExists whether a key the request does not have fulfils it
/// @param key the condition key
/// @param values what it is compared with; one that fits suffices
record Condition(
    Over over, Comparison comparison, boolean ifExists, String key, List<Glob> values) {

  enum Over {
    ONE_VALUE,
    FOR_ALL_VALUES,
    FOR_ANY_VALUE
  }

  enum Comparison {
    EQUALS(false, false),
    NOT_EQUALS(true, false),
    EQUALS_IGNORE_CASE(false, true),
    NOT_EQUALS_IGNORE_CASE(true, true),
    /// `Null`: whether the key is absent.
    ABSENT(false, false);

    private final boolean negated;
    private final boolean ignoreCase;

    Comparison(boolean negated, boolean ignoreCase) {
      this.negated = negated;
      this.ignoreCase = ignoreCase;
    }
  }

  Condition {
    values = List.copyOf(values);
  }

  /// @param name the operator as written, for instance `ForAllValues:StringLikeIfExists`
  /// @throws IllegalArgumentException if it is not implemented
  static Condition parse(String name, String key, List<String> values) {
    String operator = name;
    Over over = Over.ONE_VALUE;
    if (operator.startsWith("ForAllValues:")) {
      over = Over.FOR_ALL_VALUES;
      operator = operator.substring("ForAllValues:".length());
    } else if (operator.startsWith("ForAnyValue:")) {
      over = Over.FOR_ANY_VALUE;
      operator = operator.substring("ForAnyValue:".length());
    }
    boolean ifExists = operator.endsWith("IfExists");
    if (ifExists) {
      operator = operator.substring(0, operator.length() - "IfExists".length());
    }
    if (values.isEmpty()) {
      throw new IllegalArgumentException("has a condition without values: " + key);
    }
    return switch (operator) {
      case "StringEquals" -> of(over, Comparison.EQUALS, ifExists, key, literals(values));
      case "StringNotEquals" -> of(over, Comparison.NOT_EQUALS, ifExists, key, literals(values));
      case "StringEqualsIgnoreCase" ->
          of(over, Comparison.EQUALS_IGNORE_CASE, ifExists, key, literals(values));
      case "StringNotEqualsIgnoreCase" ->
          of(over, Comparison.NOT_EQUALS_IGNORE_CASE, ifExists, key, literals(values));
      case "StringLike" -> of(over, Comparison.EQUALS, ifExists, key, globs(values));
      case "StringNotLike" -> of(over, Comparison.NOT_EQUALS, ifExists, key, globs(values));
      case "ArnEquals", "ArnLike" -> of(over, Comparison.EQUALS, ifExists, key, arns(values));
      case "ArnNotEquals", "ArnNotLike" ->
          of(over, Comparison.NOT_EQUALS, ifExists, key, arns(values));
      case "Bool" -> {
        refuseUnlessBoolean(name, values);
        yield of(over, Comparison.EQUALS_IGNORE_CASE, ifExists, key, literals(values));
      }
      case "Null" -> {
        if (over != Over.ONE_VALUE || ifExists) {
          throw new IllegalArgumentException("has an operator not implemented: " + name);
        }
        refuseUnlessBoolean(name, values);
        yield of(over, Comparison.ABSENT, false, key, literals(values));
      }
      default -> throw new IllegalArgumentException("has an operator not implemented: " + name);
    };
  }

  private static Condition of(
      Over over, Comparison comparison, boolean ifExists, String key, List<Glob> values) {
    return new Condition(over, comparison, ifExists, key, values);
  }

  private static List<Glob> literals(List<String> values) {
    return values.stream().map(Glob::literal).toList();
  }

  private static List<Glob> globs(List<String> values) {
    return values.stream().map(Glob::wild).toList();
  }

  private static List<Glob> arns(List<String> values) {
    return values.stream().map(Glob::arn).toList();
  }

  private static void refuseUnlessBoolean(String name, List<String> values) {
    for (String value : values) {
      if (!Set.of("true", "false").contains(value.toLowerCase(Locale.ROOT))) {
        throw new IllegalArgumentException("has " + name + " with a value that is not a boolean");
      }
    }
  }

  Set<String> keys() {
    var keys = new LinkedHashSet<String>();
    keys.add(key);
    values.forEach(value -> keys.addAll(value.variables()));
    return keys;
  }

  boolean resolves(Request request) {
    return values.stream().allMatch(value -> value.resolves(request));
  }

  boolean holds(Request request) {
    List<String> asked = request.values(key);
    if (comparison == Comparison.ABSENT) {
      return fits(Boolean.toString(asked.isEmpty()), request);
    }
    if (asked.isEmpty()) {
      return switch (over) {
        case ONE_VALUE -> ifExists || comparison.negated;
        case FOR_ALL_VALUES -> true;
        case FOR_ANY_VALUE -> ifExists;
      };
    }
    Predicate<String> fits = value -> fits(value, request);
    return switch (over) {
      case ONE_VALUE ->
          comparison.negated ? asked.stream().noneMatch(fits) : asked.stream().anyMatch(fits);
      case FOR_ALL_VALUES -> asked.stream().allMatch(comparison.negated ? fits.negate() : fits);
      case FOR_ANY_VALUE -> asked.stream().anyMatch(comparison.negated ? fits.negate() : fits);
    };
  }

  private boolean fits(String asked, Request request) {
    return values.stream()
        .anyMatch(value ->
            comparison.ignoreCase
                ? value.coversIgnoringCase(asked, request)
                : value.covers(asked, request));
  }
}

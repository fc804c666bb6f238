package meterveil.benchmarks.privacy;

import java.math.BigInteger;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// Binary sets of a copied item.
final class Bytes {

  private Bytes() {}

  /// Their elements, as numbers.
  static List<BigInteger> of(@Nullable AttributeValue set) {
    return set == null
        ? List.of()
        : set.bs().stream().map(bytes -> new BigInteger(1, bytes.asByteArray())).toList();
  }

  /// Elements of a byte each.
  static Set<Integer> names(@Nullable AttributeValue set) {
    var names = new HashSet<Integer>();
    of(set).forEach(name -> names.add(name.intValueExact()));
    return names;
  }
}

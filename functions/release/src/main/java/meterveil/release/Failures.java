package meterveil.release;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What went wrong in one tenant's hour. Each step is made whatever became of those before; the
/// first failure is thrown when all is done, with the others suppressed in it.
final class Failures {

  private @Nullable RuntimeException first;

  /// Makes a step.
  ///
  /// @return whether it succeeded
  boolean attempt(Runnable step) {
    try {
      step.run();
      return true;
    } catch (RuntimeException why) { // any, as it is thrown when the rest is done
      if (first == null) {
        first = why;
      } else if (first != why) {
        first.addSuppressed(why);
      }
      return false;
    }
  }

  /// The first failure, if there was any.
  Optional<RuntimeException> first() {
    return Optional.ofNullable(first);
  }
}

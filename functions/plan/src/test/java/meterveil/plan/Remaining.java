package meterveil.plan;

import java.util.function.IntSupplier;
import meterveil.emulator.NoContext;

/// The context of an invocation that says how much time is left, and nothing else.
final class Remaining extends NoContext {

  private final IntSupplier millis;

  Remaining(IntSupplier millis) {
    this.millis = millis;
  }

  @Override
  public int getRemainingTimeInMillis() {
    return millis.getAsInt();
  }
}

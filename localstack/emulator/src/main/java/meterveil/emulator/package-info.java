/// Where tests find DynamoDB, and more of AWS if they need it: on this machine, in LocalStack or in
/// an account. Tests do not know which; Maven's profile `emulator` says. And the context of
/// invocations that ask for nothing of it.
@NullMarked
package meterveil.emulator;

import org.jspecify.annotations.NullMarked;

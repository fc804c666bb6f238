/// Where tests find DynamoDB, and more of AWS if they need it: on this machine, in LocalStack or in
/// an account. Tests do not know which; Maven's profile `emulator` says.
@NullMarked
package meterveil.emulator;

import org.jspecify.annotations.NullMarked;

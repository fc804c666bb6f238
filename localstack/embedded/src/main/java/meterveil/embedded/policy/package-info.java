/// AWS policy documents, evaluated: for IoT policies, roles and key policies alike.
///
/// What is implemented is judged as AWS judges it; anything else in a document is refused when it
/// is parsed, naming the resource, so that a policy never means less here than it does after
/// deployment.
@NullMarked
package meterveil.embedded.policy;

import org.jspecify.annotations.NullMarked;

/// What stands in for AWS's services, wired by the synthesised template.
///
/// The way of an event: a topic rule or a schedule hands it to [meterveil.embedded.aws.Functions],
/// which queues it as Lambda's asynchronous invocation does and gives it to a process of the
/// function through a Runtime API of its own. What the function asks of DynamoDB, KMS and IoT goes
/// through one [meterveil.embedded.aws.Door] each, which finds out the role by the request's
/// signature, asks the template's policies, and lets tests make the call fail.
///
/// Everything in the template is either implemented here, known to need nothing on one machine, or
/// stops the platform at start with the resource's name ([meterveil.embedded.aws.CloudAssembly]).
@NullMarked
package meterveil.embedded.aws;

import org.jspecify.annotations.NullMarked;

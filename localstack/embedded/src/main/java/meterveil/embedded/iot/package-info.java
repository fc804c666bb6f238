/// AWS IoT Core on one machine: from a meter's certificate to the action of a topic rule.
///
/// A meter connects to the [Broker] by mutual TLS with a certificate of the run's own
/// [CertificateAuthority]. Which thing it is and which policies it has stands in the
/// [ThingRegistry]; each connect, publish, subscription and delivery is judged by those policies,
/// with the thing's attributes as they are at that moment. What it publishes under Basic Ingest
/// goes to the [RuleEngine] and to nobody else: it evaluates the rule's SQL ([TopicRule]) and hands
/// the event to a [LambdaAction]. Who comes and goes is told to the rules as well ([Lifecycle]). A
/// device without a certificate of its own asks [FleetProvisioning] for one. What is refused is
/// counted, and written to a log of the broker's own ([Refusals]), which does name things, as the
/// logs of IoT Core do.
@NullMarked
package meterveil.embedded.iot;

import org.jspecify.annotations.NullMarked;

/// What is deployed, and nothing about what it computes.
///
/// [App] reads `cdk.json` and writes the templates of one stage. A stage has three stacks: [Data]
/// keeps (keys, tables, who may use the keys that name their users), [Ingest] moves, [Ops] looks
/// after it. Read [Ingest] from the top and you walk the way of a reading: [MeterIdentity] lets a
/// meter in, [Resend] asks it again for what got lost, [Collection] takes its readings in,
/// [Release] gives usage out; beside that line stands [Status]. Then come the meters themselves:
/// [Admit] and [Register] let them in, [Presence] keeps who is connected, [Survey] counts who is
/// not heard of, and [EpochPlan] deals them out anew for each epoch. [Registrar] is the role that
/// an operator's tools take on. How much of everything a stage needs follows from its number of
/// meters, in [Load]. [Promises] reads the finished templates and fails the synthesis when one of
/// them breaks what the platform promises.
@NullMarked
package meterveil.infrastructure;

import org.jspecify.annotations.NullMarked;

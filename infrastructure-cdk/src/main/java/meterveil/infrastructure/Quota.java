package meterveil.infrastructure;

import java.util.List;

/// How much a stage needs of something that AWS limits.
///
/// @param service as Service Quotas knows it
/// @param name as Service Quotas shows it
/// @param needed at least so much
record Quota(String service, String name, long needed) {

  static final String IOT_CORE = "iotcore";
  static final String LAMBDA = "lambda";
  static final String DYNAMODB = "dynamodb";

  /// What a number of meters needs, in the order of a reading's way.
  static List<Quota> neededBy(Load load) {
    return List.of(
        new Quota(IOT_CORE, "Maximum concurrent client connections per account", load.meters()),
        new Quota(IOT_CORE, "Connect requests per second per account", load.connectsPerSecond()),
        new Quota(IOT_CORE, "Subscriptions per account", load.subscriptions()),
        new Quota(IOT_CORE, "Subscriptions per second per account", load.subscriptionsPerSecond()),
        new Quota(IOT_CORE, "Subscriptions per connection", load.subscriptionsOfOne()),
        new Quota(
            IOT_CORE, "Inbound publish requests per second per account", load.publishesPerSecond()),
        new Quota(
            IOT_CORE,
            "Rule evaluations per second per AWS account",
            load.ruleEvaluationsPerSecond()),
        new Quota(LAMBDA, "Concurrent executions", load.instances()),
        new Quota(DYNAMODB, "Table-level write throughput limit", load.deliveriesPerSecond()),
        new Quota(
            IOT_CORE,
            "Outbound publish requests per second per account",
            load.messagesToMetersPerSecond()),
        new Quota(IOT_CORE, "Queued messages per second per account", load.asksPerSecond()),
        new Quota(IOT_CORE, "Maximum number of retained messages per account", load.meters()),
        new Quota(
            IOT_CORE,
            "Retained message inbound publish requests per second per account",
            load.plannedPerSecond()),
        new Quota(IOT_CORE, "UpdateThing API TPS", load.plannedPerSecond()),
        new Quota(
            IOT_CORE,
            "Fleet Provisioning CreateCertificateFromCsr MQTT API TPS",
            load.provisionedPerSecond()),
        new Quota(
            IOT_CORE,
            "Fleet Provisioning RegisterThing MQTT API TPS",
            load.provisionedPerSecond()));
  }
}

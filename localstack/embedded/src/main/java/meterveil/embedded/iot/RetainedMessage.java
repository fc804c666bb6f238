package meterveil.embedded.iot;

/// A message that the broker keeps for whoever subscribes later.
///
/// @param topic where it was published
/// @param payload its bytes, read as UTF-8
public record RetainedMessage(String topic, String payload) {}

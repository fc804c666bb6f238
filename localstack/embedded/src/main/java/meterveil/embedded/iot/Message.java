package meterveil.embedded.iot;

/// A published message, as the rules see it.
final class Message {

  /// What stands for the client's id and address when a message came by HTTP.
  static final String NOT_MQTT = "n/a";

  private final String topic;
  private final byte[] payload;
  private final String clientId;
  private final String sourceIp;

  /// Keeps the given bytes, which nobody changes any more.
  Message(String topic, byte[] payload, String clientId, String sourceIp) {
    this.topic = topic;
    this.payload = payload;
    this.clientId = clientId;
    this.sourceIp = sourceIp;
  }

  /// As it was published, with the prefix of Basic Ingest if it had one.
  String topic() {
    return topic;
  }

  byte[] payload() {
    return payload;
  }

  String clientId() {
    return clientId;
  }

  String sourceIp() {
    return sourceIp;
  }
}

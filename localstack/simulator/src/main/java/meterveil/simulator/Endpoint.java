package meterveil.simulator;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.iot.AwsIotMqtt5ClientBuilder;

/// Where meters connect to.
///
/// @param host a name or address that stands in the broker's certificate
/// @param port of MQTT over TLS
/// @param certificateAuthority file with the certificate (PEM) that the broker's is signed with;
///   none: one of those that this machine trusts
public record Endpoint(String host, int port, @Nullable Path certificateAuthority) {

  /// @throws IllegalArgumentException if `port` is not one
  public Endpoint {
    if (port < 1 || port > 65_535) {
      throw new IllegalArgumentException("not a port: " + port);
    }
  }

  /// A connection to here with a certificate. Who connects and how is still to be said.
  ///
  /// @throws software.amazon.awssdk.crt.CrtRuntimeException if certificate or key cannot be read
  AwsIotMqtt5ClientBuilder client(MeterCertificate certificate) {
    var client =
        AwsIotMqtt5ClientBuilder.newDirectMqttBuilderWithMtlsFromPath(
            host, certificate.certificate().toString(), certificate.privateKey().toString());
    if (certificateAuthority != null) {
      client.withCertificateAuthorityFromPath(null, certificateAuthority.toString());
    }
    return client.withPort((long) port);
  }

  @Override
  public String toString() {
    return host + ":" + port;
  }
}

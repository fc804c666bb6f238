package meterveil.embedded.iot;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.util.Base64;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;

/// The device's side of AWS's provisioning API over MQTT.
public final class ProvisioningClient implements AutoCloseable {

  private static final JsonMapper JSON = new JsonMapper();

  private final TestMeter meter;

  /// @param meter connected; closed with this
  public ProvisioningClient(TestMeter meter) {
    this.meter = meter;
  }

  public static KeyPair newKeys() throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(new ECGenParameterSpec("secp256r1"));
    return generator.generateKeyPair();
  }

  /// What a device keeps.
  public static DeviceCertificate certificate(Path folder, String name, String pem, KeyPair keys)
      throws IOException, GeneralSecurityException {
    Path certificate = Files.writeString(folder.resolve(name + "-own.pem"), pem);
    Path key =
        Files.writeString(
            folder.resolve(name + "-own.key"), pem("PRIVATE KEY", keys.getPrivate().getEncoded()));
    return new DeviceCertificate(
        (X509Certificate)
            CertificateFactory.getInstance("X.509")
                .generateCertificate(
                    new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII))),
        certificate,
        key);
  }

  private static String pem(String kind, byte[] content) {
    return "-----BEGIN %1$s-----\n%2$s\n-----END %1$s-----\n"
        .formatted(kind, Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content));
  }

  /// Asks for a certificate for a key; the answer, accepted or rejected.
  public JsonNode certificateFor(KeyPair keys) throws Exception {
    return certificateFor(pem("CERTIFICATE REQUEST", request(keys)));
  }

  private static byte[] request(KeyPair keys) throws IOException, OperatorCreationException {
    return new JcaPKCS10CertificationRequestBuilder(new X500Name("CN=any"), keys.getPublic())
        .build(new JcaContentSignerBuilder("SHA256withECDSA").build(keys.getPrivate()))
        .getEncoded();
  }

  JsonNode certificateFor(String requestPem) throws Exception {
    return ask(
        "$aws/certificates/create-from-csr/json",
        JSON.createObjectNode().put("certificateSigningRequest", requestPem));
  }

  /// Asks what a template makes of a certificate; the answer, accepted or rejected.
  public JsonNode provision(String template, String token, String serialNumber) throws Exception {
    ObjectNode request = JSON.createObjectNode().put("certificateOwnershipToken", token);
    request.putObject("parameters").put("SerialNumber", serialNumber);
    return ask("$aws/provisioning-templates/" + template + "/provision/json", request);
  }

  private JsonNode ask(String topic, ObjectNode request) throws Exception {
    meter.subscribe(topic + "/accepted");
    meter.subscribe(topic + "/rejected");
    meter.publish(topic, request.toString());
    String answer = meter.next();
    return JSON.readTree(answer.substring(answer.indexOf(' ') + 1));
  }

  @Override
  public void close() {
    meter.close();
  }
}

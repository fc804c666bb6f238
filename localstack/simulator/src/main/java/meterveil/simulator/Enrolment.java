package meterveil.simulator;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.spec.ECGenParameterSpec;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import meterveil.meter.ThingName;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;

/// How a device gets a certificate from IoT Core, by its provisioning API over MQTT: it makes a
/// key, has a request for it signed, keeps both, and then asks a template to make the certificate
/// its own. The key never leaves the device.
///
/// The certificate is kept before it counts for anything, so that whoever is cut off from the last
/// answer can try whether it was let in.
///
/// @param pauses before each new attempt at what may pass; as many attempts, and one more
/// @param thread on which it goes on
record Enrolment(
    Conversation conversation,
    CertificateFolder folder,
    ThingName thing,
    Pauses pauses,
    RandomGenerator random,
    Executor thread) {

  private static final String CREATE = "$aws/certificates/create-from-csr/json";
  private static final JsonMapper JSON = new JsonMapper();

  /// Gets one by a template.
  ///
  /// @return the new pair of the folder; fails with a [ProvisioningException] or
  ///   [ConnectionException], or an [IOException] of the folder's. Only if it was refused for good,
  ///   the pair that was made is not left there
  CompletableFuture<MeterCertificate> by(String template) {
    KeyPair keys = newKeys();
    ObjectNode request =
        JSON.createObjectNode().put("certificateSigningRequest", signingRequest(keys));
    return patiently(0, () -> conversation.ask(CREATE, request))
        .thenComposeAsync(issued -> provision(template, keys, issued), thread);
  }

  private CompletableFuture<MeterCertificate> provision(
      String template, KeyPair keys, JsonNode issued) {
    MeterCertificate certificate;
    try {
      certificate = folder.store(thing, keys, issued.path("certificatePem").asText());
    } catch (IOException e) {
      return CompletableFuture.failedFuture(e);
    }
    String token = issued.path("certificateOwnershipToken").asText();
    ObjectNode request = JSON.createObjectNode().put("certificateOwnershipToken", token);
    request.putObject("parameters").put("SerialNumber", thing.value());
    String topic = "$aws/provisioning-templates/" + template + "/provision/json";
    return patiently(0, () -> conversation.ask(topic, request))
        .whenComplete((_, e) -> {
          if (e != null && cause(e) instanceof ProvisioningException no && !no.isPassing()) {
            discard();
          }
        })
        .thenApply(_ -> certificate);
  }

  private void discard() {
    try {
      folder.discard(thing);
    } catch (IOException _) {
      // It lies there for nothing: nobody lets it in.
    }
  }

  private static Throwable cause(Throwable e) {
    return e instanceof CompletionException wrapped && wrapped.getCause() != null
        ? wrapped.getCause()
        : e;
  }

  /// Tries, and tries again after a pause for as long as it may pass.
  private CompletableFuture<JsonNode> patiently(
      int failures, Supplier<CompletableFuture<JsonNode>> attempt) {
    return attempt
        .get()
        .exceptionallyComposeAsync(
            e -> {
              Throwable cause = cause(e);
              if (!(cause instanceof ProvisioningException refused)
                  || !refused.isPassing()
                  || failures >= pauses.answersMax()) {
                return CompletableFuture.failedFuture(cause);
              }
              Executor later =
                  CompletableFuture.delayedExecutor(
                      pauses.before(failures, random).toMillis(), MILLISECONDS, thread);
              return CompletableFuture.completedFuture(attempt)
                  .thenComposeAsync(again -> patiently(failures + 1, again), later);
            },
            thread);
  }

  private static KeyPair newKeys() {
    try {
      var generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK knows this curve", e);
    }
  }

  private String signingRequest(KeyPair keys) {
    try {
      return CertificateFolder.pem(
          "CERTIFICATE REQUEST",
          new JcaPKCS10CertificationRequestBuilder(new X500Name("CN=" + thing), keys.getPublic())
              .build(new JcaContentSignerBuilder("SHA256withECDSA").build(keys.getPrivate()))
              .getEncoded());
    } catch (IOException | OperatorCreationException e) {
      throw new IllegalStateException("a key of this curve signs", e);
    }
  }
}

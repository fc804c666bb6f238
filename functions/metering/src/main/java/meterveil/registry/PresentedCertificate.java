package meterveil.registry;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Optional;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;

/// What a certificate says of its owner.
///
/// @param name the subject's common name; nothing unless it has exactly one
/// @param organization the subject's organization; nothing unless it has exactly one
/// @param expiresAt after which it opens no connection
public record PresentedCertificate(
    Optional<String> name, Optional<String> organization, Instant expiresAt) {

  /// Reads one. What is not a certificate is nothing.
  ///
  /// @param pem as IoT Core hands it over
  public static Optional<PresentedCertificate> read(String pem) {
    try {
      var certificate =
          (X509Certificate)
              CertificateFactory.getInstance("X.509")
                  .generateCertificate(
                      new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII)));
      var subject = new LdapName(certificate.getSubjectX500Principal().getName());
      return Optional.of(
          new PresentedCertificate(
              only(subject, "CN"), only(subject, "O"), certificate.getNotAfter().toInstant()));
    } catch (CertificateException | InvalidNameException _) { // either quotes the certificate
      return Optional.empty();
    }
  }

  private static Optional<String> only(LdapName subject, String type) {
    var values =
        subject.getRdns().stream()
            .filter(rdn -> rdn.getType().equalsIgnoreCase(type))
            .map(Rdn::getValue)
            .toList();
    return values.size() == 1 && values.getFirst() instanceof String text
        ? Optional.of(text)
        : Optional.empty();
  }
}

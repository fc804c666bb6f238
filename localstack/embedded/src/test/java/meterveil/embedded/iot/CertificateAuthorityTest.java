package meterveil.embedded.iot;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CertificateAuthorityTest {

  @TempDir Path folder;

  @Test
  void issuesCertificatesThatSayWhatTheyAreForAndNotForWhom() throws Exception {
    var authority = new CertificateAuthority(folder, "Test authority");
    Instant from = Instant.parse("2026-01-01T00:00:00Z");
    Instant until = Instant.parse("2026-02-01T00:00:00Z");
    DeviceCertificate issued = authority.issue("m1", from, until);
    X509Certificate certificate = issued.certificate();
    certificate.verify(read(authority.certificatePem()).getPublicKey());
    assertThat(certificate.getNotBefore().toInstant()).isEqualTo(from);
    assertThat(certificate.getNotAfter().toInstant()).isEqualTo(until);
    assertThat(certificate.getExtendedKeyUsage()).containsExactly("1.3.6.1.5.5.7.3.2");
    assertThat(certificate.getBasicConstraints()).isEqualTo(-1);
    assertThat(certificate.toString()).doesNotContain("m1");
    assertThat(read(issued.certificatePem())).isEqualTo(certificate);
    assertThat(authority.issue("m2").certificate().getNotAfter().toInstant())
        .isEqualTo(CertificateAuthority.VALID_UNTIL);
  }

  @Test
  void writesKeysForTheirOwnerAloneAndItsOwnNever() throws Exception {
    var authority = new CertificateAuthority(folder, "Test authority");
    DeviceCertificate issued = authority.issue("m1");
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files)
          .containsExactlyInAnyOrder(
              authority.certificatePem(), issued.certificatePem(), issued.privateKeyPem());
    }
    assertThat(Files.getPosixFilePermissions(issued.privateKeyPem()))
        .isEqualTo(PosixFilePermissions.fromString("rw-------"));
    assertThat(Files.readString(authority.certificatePem())).doesNotContain("PRIVATE KEY");
  }

  private static X509Certificate read(Path pem) throws Exception {
    try (var in = Files.newInputStream(pem)) {
      return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
    }
  }
}

package meterveil.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import meterveil.meter.ThingName;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CertificateFolderTest {

  private static final ThingName THING = new ThingName("meter-1");

  @TempDir private Path files;
  private CertificateFolder folder;
  private KeyPair keys;

  @BeforeEach
  void open() throws IOException, NoSuchAlgorithmException {
    folder = new CertificateFolder(files);
    keys = KeyPairGenerator.getInstance("EC").generateKeyPair();
  }

  private void assertCurrent(String certificate) throws IOException {
    assertThat(folder.current(THING))
        .hasValueSatisfying(pair -> assertThat(pair.certificate()).hasContent(certificate));
  }

  @Test
  void holdsANewPairApartUntilItIsKept() throws IOException {
    folder.store(THING, keys, "first");
    assertThat(folder.current(THING)).isEmpty();
    assertThat(folder.things()).containsExactly(THING);
    folder.keep(THING);
    assertCurrent("first");
    assertThat(folder.renewed(THING)).isEmpty();

    folder.store(THING, keys, "second");
    assertCurrent("first");
    folder.discard(THING);
    assertThat(folder.renewed(THING)).isEmpty();
    assertCurrent("first");

    folder.store(THING, keys, "third");
    folder.keep(THING);
    folder.keep(THING);
    assertCurrent("third");
    assertThat(folder.things()).containsExactly(THING);
  }

  @Test
  void letsNobodyElseReadKeys() throws IOException {
    Path key = folder.store(THING, keys, "certificate").privateKey();
    assertThat(Files.getPosixFilePermissions(key))
        .containsExactlyInAnyOrder(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);
    assertThat(key).content().startsWith("-----BEGIN PRIVATE KEY-----\n");
  }

  @Test
  void survivesAPowerCutAtEachStep() throws IOException {
    MeterCertificate onlyKeyWritten = folder.store(THING, keys, "lost");
    Files.delete(onlyKeyWritten.certificate());
    assertThat(folder.renewed(THING)).isEmpty();
    assertThat(folder.things()).isEmpty();

    MeterCertificate onlyKeyInPlace = folder.store(THING, keys, "new");
    Files.move(onlyKeyInPlace.privateKey(), files.resolve("meter-1.key.pem"));
    folder = new CertificateFolder(files);
    assertCurrent("new");
    assertThat(folder.renewed(THING)).isEmpty();
  }

  @Test
  void saysWhatIsWrong() throws IOException {
    Path certificate = Files.writeString(files.resolve("meter-1.cert.pem"), "certificate");
    assertThatThrownBy(() -> folder.current(THING))
        .isInstanceOf(BadFileException.class)
        .hasMessageContaining("meter-1.key.pem");
    assertThatThrownBy(
            () -> CertificateFolder.expiry(new MeterCertificate(certificate, certificate)))
        .isInstanceOf(BadFileException.class)
        .hasMessageContaining("not a certificate");
    Files.writeString(files.resolve("meter 2.cert.pem"), "certificate");
    assertThatThrownBy(() -> folder.things())
        .isInstanceOf(BadFileException.class)
        .hasMessageContaining("meter 2.cert.pem");
  }
}
